"""Authorities, and the dated agreements under which they may ask for help."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from mobilize.domain.errors import Conflict, InvalidInput
from mobilize.domain.person import check_text
from mobilize.extensions import db
from mobilize.models import Agreement, Authority, Section

from . import access, audit
from .access import Viewer
from .runtime import now
from .sections import check_country
from .skills import check_code


@dataclass(frozen=True, slots=True)
class AuthorityDraft:
    """``country`` is ISO 3166-1 alpha-2."""

    code: str
    name: str
    country: str


@dataclass(frozen=True, slots=True)
class AgreementDraft:
    """Both days are inclusive; without a last day the agreement holds until further notice."""

    reference: str
    valid_from: date
    valid_until: date | None = None


def create(viewer: Viewer, draft: AuthorityDraft) -> Authority:
    access.require(viewer)
    authority = Authority(
        code=check_code(draft.code),
        name=check_text("name", draft.name, 160),
        country=check_country(draft.country),
    )
    db.session.add(authority)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(f"There already is an authority with the code {draft.code!r}; choose another.") from None
    known = {"code": authority.code, "name": authority.name, "country": authority.country}
    audit.record(viewer, "authority.create", "authority", authority.id, after=known)
    db.session.commit()
    return authority


def agree(viewer: Viewer, authority_id: int, draft: AgreementDraft) -> Agreement:
    """Add an agreement to an authority."""
    access.require(viewer)
    authority = access.find(viewer, Authority, authority_id)
    if draft.valid_until is not None and draft.valid_until < draft.valid_from:
        raise InvalidInput("valid_until", "lies before valid_from; give the same day or a later one.")
    agreement = Agreement(
        reference=check_text("reference", draft.reference, 80),
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
    )
    authority.agreements.append(agreement)
    known = {
        "reference": agreement.reference,
        "valid_from": draft.valid_from.isoformat(),
        "valid_until": draft.valid_until.isoformat() if draft.valid_until else None,
    }
    audit.record(viewer, "authority.agree", "authority", authority.id, after=known)
    db.session.commit()
    return agreement


def every(viewer: Viewer) -> Sequence[Authority]:
    """The viewer's authorities with their agreements, by code."""
    query = access.visible(viewer, Authority).options(selectinload(Authority.agreements))
    return db.session.scalars(query.order_by(Authority.code)).all()


def may_ask(authority: Authority, section: Section) -> bool:
    """Whether the authority has an agreement today, by the calendar of the section that calls for it."""
    return agreement_in_force(authority, now().astimezone(ZoneInfo(section.time_zone)).date()) is not None


def agreement_in_force(authority: Authority, day: date) -> Agreement | None:
    """The agreement that holds on a day, the latest if several do."""
    holding = [
        agreement
        for agreement in authority.agreements
        if agreement.valid_from <= day and (agreement.valid_until is None or day <= agreement.valid_until)
    ]
    return max(holding, key=lambda agreement: agreement.valid_from, default=None)
