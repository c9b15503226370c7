"""Accounts: creating them, changing passwords, closing them, and tokens for programs."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr

import structlog
from flask_security.utils import hash_password, verify_password
from sqlalchemy import func, select

from mobilize.domain.errors import InvalidInput, NotAllowed, SignInRequired
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Account, Authority, Base, Section, Volunteer

from . import access, audit
from .access import Viewer
from .runtime import now, settings

log = structlog.get_logger(__name__)

MIN_PASSWORD = 12
MAX_PASSWORD = 128

#: Which of an account's three owners each role needs; admin needs none.
_OWNERS: dict[AccountRole, tuple[str, type[Base]]] = {
    AccountRole.COORDINATOR: ("section_id", Section),
    AccountRole.AUTHORITY: ("authority_id", Authority),
    AccountRole.VOLUNTEER: ("volunteer_id", Volunteer),
}


def create(
    viewer: Viewer,
    *,
    email: str,
    name: str,
    password: str,
    role: AccountRole,
    section_id: int | None = None,
    authority_id: int | None = None,
    volunteer_id: int | None = None,
) -> Account:
    """Make an account. The role needs its owner: a coordinator a section, an authority its
    authority, a volunteer the volunteer; no other owner may be given. Admins alone create accounts.

    Raises `InvalidInput` naming each field that is wrong.
    """
    access.require(viewer)
    hashed = hash_password(password[:MAX_PASSWORD])  # slow on purpose: before the transaction begins
    owners = {"section_id": section_id, "authority_id": authority_id, "volunteer_id": volunteer_id}
    address = email.strip().lower()
    problems = {
        "email": _email_problem(address),
        "name": None if 0 < len(name.strip()) <= 120 else "must have 1 to 120 characters",
        "password": _password_problem(password),
        **_owner_problems(role, owners),
    }
    if found := {field: [problem] for field, problem in problems.items() if problem}:
        raise InvalidInput(found)
    account = Account(
        email=address,
        name=name.strip(),
        password=hashed,
        active=True,
        fs_uniquifier=uuid.uuid4().hex,
        role=role,
        created_at=now(),
        **owners,
    )
    db.session.add(account)
    db.session.flush()
    audit.record(
        viewer, "account.create", "account", account.id, after={"email": address, "role": role.value, **owners}
    )
    db.session.commit()
    return account


def change_password(viewer: Viewer, account_id: int, password: str) -> None:
    """Set a new password, one's own or (admin) anybody's. Sessions and tokens made before it end."""
    account = _own_or_any(viewer, account_id)
    if problem := _password_problem(password):
        raise InvalidInput("password", problem)
    account.password = hash_password(password)
    account.fs_uniquifier = uuid.uuid4().hex
    audit.record(viewer, "account.password", "account", account.id)
    db.session.commit()


def deactivate(viewer: Viewer, account_id: int) -> Account:
    """Close an account: it can no longer sign in, and its tokens and sessions end. Admins alone do this."""
    access.require(viewer)
    account = access.find(viewer, Account, account_id)
    if account.active:
        account.active = False
        account.fs_uniquifier = uuid.uuid4().hex
        audit.record(
            viewer,
            "account.deactivate",
            "account",
            account.id,
            before={"active": True},
            after={"active": False},
        )
    db.session.commit()
    return account


@dataclass(frozen=True, slots=True)
class Token:
    """What a program signs in with."""

    token: str
    expires_at: datetime
    account: Account


class WrongCredentials(SignInRequired):
    """The email or the password is wrong; which of them is not told."""

    def __str__(self) -> str:
        return "The email or the password is wrong, or the account is closed."


def make_token(email: str, password: str) -> Token:
    """A token for a program, valid for `TOKEN_MAX_AGE_SECONDS`.

    Raises `WrongCredentials`; an unknown address takes as long as a wrong password.
    """
    found = db.session.execute(
        select(Account.id, Account.password).where(Account.email == email.strip().lower())
    ).one_or_none()
    # Checking a password is slow on purpose; no transaction waits for it.
    db.session.rollback()
    if not _right_password(password, found.password if found else None):
        _record_refusal(found.id if found else None)
        raise WrongCredentials
    account = db.session.get(Account, found.id) if found else None
    if account is None or not account.active:
        _record_refusal(account.id if account else None)
        raise WrongCredentials
    expires_at = now() + timedelta(seconds=settings().token_max_age_seconds)
    token = Token(str(account.get_auth_token()), expires_at, account)
    audit.record(access.viewer_of(account), "account.token", "account", account.id)
    db.session.commit()
    return token


def _right_password(password: str, hashed: str | None) -> bool:
    """Takes the same time whether or not there is an account to compare with."""
    if hashed is None:
        hash_password(password[:MAX_PASSWORD])
        return False
    return len(password) <= MAX_PASSWORD and bool(verify_password(password, hashed))


def _record_refusal(account_id: int | None) -> None:
    """Attempts on an account are part of its trail; attempts on no account are only logged."""
    if account_id is None:
        log.info("token refused", reason="no such account")
        return
    audit.record(access.SYSTEM, "account.token_refused", "account", account_id)
    db.session.commit()


def own(viewer: Viewer) -> Account:
    """The viewer's own account."""
    account = db.session.get(Account, viewer.account_id) if viewer.account_id else None
    if account is None:
        raise SignInRequired
    return account


def _own_or_any(viewer: Viewer, account_id: int) -> Account:
    if viewer.role is AccountRole.ADMIN:
        return access.find(viewer, Account, account_id)
    if viewer.account_id != account_id:
        raise NotAllowed("You can change the password of your own account; an admin can change others'.")
    return own(viewer)


def _email_problem(address: str) -> str | None:
    local, _, domain = parseaddr(address)[1].partition("@")
    if not local or "." not in domain or len(address) > 255 or parseaddr(address)[1] != address:
        return "must be an email address, like ana@example.org"
    if db.session.scalar(select(func.count()).where(Account.email == address)):
        return "has an account already; deactivate it or use another address"
    return None


def _password_problem(password: str) -> str | None:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"
    if len(set(password)) < 4:
        return "repeats the same few characters; use a longer phrase"
    return None


def _owner_problems(role: AccountRole, owners: dict[str, int | None]) -> dict[str, str | None]:
    needed, model = _OWNERS.get(role, (None, None))
    problems: dict[str, str | None] = {
        field: f"must be left out for the role {role.value}"
        for field, value in owners.items()
        if value is not None and field != needed
    }
    if needed and model:
        key = owners[needed]
        if key is None:
            problems[needed] = f"must be given for the role {role.value}"
        elif db.session.get(model, key) is None:
            problems[needed] = f"names no {model.__tablename__} that exists"
        elif role is AccountRole.VOLUNTEER and _has_account(key):
            problems[needed] = "has an account already"
    return problems


def _has_account(volunteer_id: int) -> bool:
    return db.session.scalar(select(Account.id).where(Account.volunteer_id == volunteer_id)) is not None
