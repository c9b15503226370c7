"""The demonstration's accounts: one of each role that watches a call-out.

Passwords are made once per installation. The database keeps hashes; a file that only its owner can
read keeps the words, so that the next start can print them again.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from flask_security.utils import verify_password
from sqlalchemy import Select, select

from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Account, Authority, Section
from mobilize.services import accounts
from mobilize.services.access import SYSTEM, Viewer, viewer_of

from .seeding import AUTHORITY_CODE

COORDINATOR = "coordinator@demo.example"
_ACCOUNTS = (
    ("admin@demo.example", "Demo admin", AccountRole.ADMIN),
    (COORDINATOR, "Demo coordinator", AccountRole.COORDINATOR),
    ("authority@demo.example", "Demo authority", AccountRole.AUTHORITY),
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """What to type on the sign-in page."""

    role: str
    email: str
    password: str


def ensure(file: Path) -> list[SignIn]:
    """The sign-ins of this installation; accounts that are missing are made."""
    made = _read(file)
    if not made:
        made = [SignIn(role.value, email, secrets.token_urlsafe(12)) for email, _, role in _ACCOUNTS]
        _write(file, made)
    section_id = db.session.scalars(select(Section.id).where(Section.code == "al")).one()
    authority_id = db.session.scalars(select(Authority.id).where(Authority.code == AUTHORITY_CODE)).one()
    known = {account.email: account for account in db.session.scalars(_demo_accounts())}
    for (email, name, role), sign_in in zip(_ACCOUNTS, made, strict=True):
        if email in known:
            _match(known[email], sign_in)
            continue
        accounts.create(
            SYSTEM,
            email=email,
            name=name,
            password=sign_in.password,
            role=role,
            section_id=section_id if role is AccountRole.COORDINATOR else None,
            authority_id=authority_id if role is AccountRole.AUTHORITY else None,
        )
    db.session.commit()
    return made


def _demo_accounts() -> Select[Account]:
    return select(Account).where(Account.email.in_([email for email, _, _ in _ACCOUNTS]))


def _match(account: Account, sign_in: SignIn) -> None:
    """Give the account the password of the file, should the file have been lost and made again."""
    if not verify_password(sign_in.password, account.password):
        accounts.change_password(SYSTEM, account.id, sign_in.password)


def _read(file: Path) -> list[SignIn]:
    """The sign-ins written earlier; none if the file is gone."""
    if not file.exists():
        return []
    return [SignIn(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]


def _write(file: Path, sign_ins: list[SignIn]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump([asdict(sign_in) for sign_in in sign_ins], out, indent=2)


def coordinator() -> Viewer:
    """The coordinator's viewer, for declaring the emergency in that name."""
    account = db.session.scalars(select(Account).where(Account.email == COORDINATOR)).one()
    viewer = viewer_of(account)
    db.session.rollback()
    return viewer
