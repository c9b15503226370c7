"""Who sees what: the one place where queries are narrowed to an account's scope.

Doors turn the signed-in account into a `Viewer` and hand it to services; services read through
`visible` and `find`. What lies outside a viewer's scope does not exist for that viewer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import phonenumbers
from sqlalchemy import BigInteger, ColumnElement, Select, false, or_, select, true

from mobilize.domain.errors import NotAllowed, NotFound
from mobilize.domain.vocabulary import AccountRole, RecipientState
from mobilize.extensions import db
from mobilize.models import (
    Account,
    Authority,
    Base,
    Callout,
    Emergency,
    InboundMessage,
    Message,
    Recipient,
    Section,
    Skill,
    VoiceCall,
    Volunteer,
)

M = TypeVar("M", bound=Base)


@dataclass(frozen=True, slots=True)
class Viewer:
    """An account as far as permissions are concerned. ``section_path`` is the subtree a coordinator leads."""

    role: AccountRole
    account_id: int | None = None
    section_path: str | None = None
    authority_id: int | None = None
    volunteer_id: int | None = None

    @property
    def leads_the_top(self) -> bool:
        """Whether this is a coordinator of a section that is under no other."""
        return self.section_path is not None and len(self.section_path.strip("/").split("/")) == 1


#: The engine, webhooks and commands: no account, every right.
SYSTEM = Viewer(AccountRole.ADMIN)


def viewer_of(account: Account) -> Viewer:
    return Viewer(
        role=account.role,
        account_id=account.id,
        section_path=account.section.path if account.section else None,
        authority_id=account.authority_id,
        volunteer_id=account.volunteer_id,
    )


def require(viewer: Viewer, *roles: AccountRole) -> None:
    """Refuse a viewer with another role. Admin may do what any role may."""
    if viewer.role is not AccountRole.ADMIN and viewer.role not in roles:
        needed = " or ".join(role.value for role in roles) or "admin"
        raise NotAllowed(f"This needs the role {needed}; your account has the role {viewer.role.value}.")


#: No column holds a larger number.
LARGEST_KEY = 2**63 - 1

_Condition = Callable[[Viewer], ColumnElement[bool]]


def _sections(viewer: Viewer) -> Select[int]:
    return select(Section.id).where(Section.path.startswith(viewer.section_path or "\0", autoescape=True))


def _emergencies(viewer: Viewer) -> Select[int]:
    return select(Emergency.id).where(_condition(viewer, Emergency))


def _callouts(viewer: Viewer) -> Select[int]:
    return select(Callout.id).where(_condition(viewer, Callout))


def _recipients(viewer: Viewer) -> Select[int]:
    return select(Recipient.id).where(_condition(viewer, Recipient))


def _volunteers(viewer: Viewer) -> Select[int]:
    return select(Volunteer.id).where(_condition(viewer, Volunteer))


def _texts(viewer: Viewer) -> ColumnElement[bool]:
    """Texts of the section's people and to its callouts.

    Nothing tells for which section a text from an unknown number is, and somebody must read it: that falls to
    those who lead a section that is under no other, if the number is of a country where it has sections.
    """
    theirs = InboundMessage.volunteer_id.in_(_volunteers(viewer)) | InboundMessage.recipient_id.in_(
        _recipients(viewer)
    )
    if not viewer.leads_the_top:
        return theirs
    return theirs | (InboundMessage.volunteer_id.is_(None) & _of_their_countries(viewer))


def _of_their_countries(viewer: Viewer) -> ColumnElement[bool]:
    countries = db.session.scalars(select(Section.country).where(Section.id.in_(_sections(viewer))).distinct())
    codes = {phonenumbers.country_code_for_region(country) for country in countries}
    return or_(false(), *(InboundMessage.from_phone.startswith(f"+{code}") for code in sorted(codes) if code))


#: People whom an authority may know by name: they said yes to its own request.
COMMITTED = (RecipientState.ACCEPTED, RecipientState.ARRIVED)

_C, _A, _V = AccountRole.COORDINATOR, AccountRole.AUTHORITY, AccountRole.VOLUNTEER
_SCOPES: Mapping[type[Base], Mapping[AccountRole, _Condition]] = {
    Skill: {_C: lambda v: true(), _A: lambda v: true(), _V: lambda v: true()},
    Section: {_C: lambda v: Section.id.in_(_sections(v))},
    Authority: {_C: lambda v: true(), _A: lambda v: Authority.id == v.authority_id},
    Volunteer: {
        _C: lambda v: Volunteer.section_id.in_(_sections(v)),
        _V: lambda v: Volunteer.id == v.volunteer_id,
    },
    Emergency: {
        _C: lambda v: Emergency.section_id.in_(_sections(v)),
        _A: lambda v: Emergency.authority_id == v.authority_id,
    },
    Callout: {
        _C: lambda v: Callout.emergency_id.in_(_emergencies(v)),
        _A: lambda v: Callout.emergency_id.in_(_emergencies(v)),
    },
    Recipient: {
        _C: lambda v: Recipient.callout_id.in_(_callouts(v)),
        _A: lambda v: Recipient.callout_id.in_(_callouts(v)) & Recipient.state.in_(COMMITTED),
        _V: lambda v: Recipient.volunteer_id == v.volunteer_id,
    },
    Message: {
        _C: lambda v: Message.callout_id.in_(_callouts(v)) | Message.volunteer_id.in_(_volunteers(v)),
        _V: lambda v: Message.volunteer_id == v.volunteer_id,
    },
    VoiceCall: {_C: lambda v: VoiceCall.callout_id.in_(_callouts(v))},
    InboundMessage: {
        _C: _texts,
        _V: lambda v: InboundMessage.volunteer_id == v.volunteer_id,
    },
}


def _condition(viewer: Viewer, model: type[Base]) -> ColumnElement[bool]:
    if viewer.role is AccountRole.ADMIN:
        return true()
    condition = _SCOPES.get(model, {}).get(viewer.role)
    return condition(viewer) if condition else false()


def visible(viewer: Viewer, model: type[M]) -> Select[M]:
    """The rows of a table that this viewer may see, as a query to refine."""
    return select(model).where(_condition(viewer, model))


def find(viewer: Viewer, model: type[M], key: int) -> M:
    """One row by id, or `NotFound` if there is none within the viewer's scope."""
    identity: Any = model.__table__.c.id
    if not 0 < key <= (LARGEST_KEY if isinstance(identity.type, BigInteger) else 2**31 - 1):
        raise NotFound(model.__tablename__, key)
    row = db.session.scalars(visible(viewer, model).where(identity == key)).one_or_none()
    if row is None:
        raise NotFound(model.__tablename__, key)
    return row
