import pytest
from flask_security.utils import verify_password

from mobilize.domain.errors import InvalidInput, NotAllowed
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Account, AuditEntry
from mobilize.services import accounts
from mobilize.services.access import SYSTEM, viewer_of
from tests.world import World

PHRASE = "a long enough phrase"


def create(**changes: object) -> Account:
    values: dict[str, object] = {
        "email": "Vera@Example.org ",
        "name": "Vera",
        "password": PHRASE,
        "role": AccountRole.ADMIN,
    }
    return accounts.create(SYSTEM, **(values | changes))  # type: ignore[arg-type]


def test_an_account_is_stored_with_a_hash_and_an_audit_entry(world: World) -> None:
    account = create()
    assert account.email == "vera@example.org"
    assert account.password != PHRASE
    assert verify_password(PHRASE, account.password)
    [entry] = db.session.query(AuditEntry)
    assert entry.action == "account.create"
    assert PHRASE not in str(entry.after)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "vera"}, "email"),
        ({"email": "vera@example.org, x@example.org"}, "email"),
        ({"email": "vera@localhost"}, "email"),
        ({"name": " "}, "name"),
        ({"password": "short"}, "password"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"role": AccountRole.COORDINATOR}, "section_id"),
        ({"role": AccountRole.AUTHORITY}, "authority_id"),
        ({"role": AccountRole.VOLUNTEER}, "volunteer_id"),
        ({"role": AccountRole.COORDINATOR, "section_id": 999}, "section_id"),
        ({"volunteer_id": 1}, "volunteer_id"),
    ],
)
def test_what_is_wrong_is_named(world: World, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        create(**changes)
    assert list(refused.value.errors) == [field]


def test_an_email_has_one_account(world: World) -> None:
    create()
    with pytest.raises(InvalidInput, match="account already"):
        create(email="VERA@example.org")


def test_only_admins_create_accounts(world: World) -> None:
    lead = viewer_of(world.account(AccountRole.COORDINATOR))
    with pytest.raises(NotAllowed):
        accounts.create(lead, email="x@example.org", name="X", password=PHRASE, role=AccountRole.ADMIN)


def test_a_person_changes_only_their_own_password(world: World) -> None:
    vera, otto = world.account(), world.account()
    accounts.change_password(viewer_of(vera), vera.id, PHRASE)
    assert verify_password(PHRASE, vera.password)
    with pytest.raises(NotAllowed):
        accounts.change_password(viewer_of(vera), otto.id, PHRASE)
