"""Emergencies: declaring, ending and cancelling them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

from mobilize.domain.area import parse_area
from mobilize.domain.errors import Conflict, InvalidInput, NotAllowed
from mobilize.domain.vocabulary import (
    AccountRole,
    Certainty,
    EmergencyStatus,
    Hazard,
    Severity,
    Urgency,
)
from mobilize.extensions import db
from mobilize.models import Authority, Emergency, Section

from . import access, audit, authorities, callouts
from .access import Viewer
from .runtime import now

MAX_TITLE = 120
MAX_DESCRIPTION = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyDraft:
    """What is declared. ``area`` is a circle or a GeoJSON geometry, as `domain.area.parse_area` reads it."""

    section_id: int
    country: str
    title: str
    hazard: Hazard
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    area: Mapping[str, Any]
    description: str | None = None
    authority_id: int | None = None
    drill: bool = False


def declare(viewer: Viewer, draft: EmergencyDraft) -> Emergency:
    """Open an emergency over an area.

    Raises `InvalidInput` for a field that cannot be, `NotFound` for a section or authority outside
    the viewer's scope, `NotAllowed` when the viewer's sections do not cover the country, and
    `Conflict` when the named authority has no agreement in force.
    """
    access.require(viewer, AccountRole.COORDINATOR)
    _check_words(draft)
    area = parse_area(draft.area)
    section = access.find(viewer, Section, draft.section_id)
    _check_country(viewer, draft.country)
    if draft.authority_id is not None:
        _check_authority(access.find(viewer, Authority, draft.authority_id), draft.country, section)
    emergency = Emergency(
        section_id=section.id,
        authority_id=draft.authority_id,
        title=draft.title.strip(),
        description=draft.description,
        hazard=draft.hazard,
        severity=draft.severity,
        urgency=draft.urgency,
        certainty=draft.certainty,
        country=draft.country,
        area=area.as_json(),
        drill=draft.drill,
        status=EmergencyStatus.OPEN,
        declared_at=now(),
        declared_by_id=viewer.account_id,
    )
    db.session.add(emergency)
    db.session.flush()
    audit.record(viewer, "emergency.declare", "emergency", emergency.id, after=_snapshot(emergency))
    db.session.commit()
    return emergency


def end(viewer: Viewer, emergency_id: int) -> Emergency:
    """The danger is over: close it and stand down whoever is still asked or coming."""
    return _close(viewer, emergency_id, EmergencyStatus.ENDED, "emergency.end")


def cancel(viewer: Viewer, emergency_id: int) -> Emergency:
    """It was declared in error: close it and stand down whoever is still asked or coming."""
    return _close(viewer, emergency_id, EmergencyStatus.CANCELLED, "emergency.cancel")


def find(viewer: Viewer, emergency_id: int) -> Emergency:
    """One emergency within the viewer's scope, or `NotFound`."""
    return access.find(viewer, Emergency, emergency_id)


def listed(
    viewer: Viewer,
    *,
    status: EmergencyStatus | None = None,
    hazard: Hazard | None = None,
    country: str | None = None,
    drill: bool | None = None,
) -> Select[Emergency]:
    """The viewer's emergencies, newest first, as a query to page through."""
    query = access.visible(viewer, Emergency).order_by(Emergency.declared_at.desc(), Emergency.id.desc())
    wanted = {
        Emergency.status: status,
        Emergency.hazard: hazard,
        Emergency.country: country,
        Emergency.drill: drill,
    }
    return query.where(*(column == value for column, value in wanted.items() if value is not None))


def _close(viewer: Viewer, emergency_id: int, status: EmergencyStatus, action: str) -> Emergency:
    """Close it and its callouts in one transaction: nobody is left coming to an emergency that is over."""
    access.require(viewer, AccountRole.COORDINATOR)
    emergency = access.find(viewer, Emergency, emergency_id)
    db.session.refresh(emergency, with_for_update=True)  # one of two who close it at once
    if emergency.status is not EmergencyStatus.OPEN:
        raise Conflict(f"This emergency is {emergency.status.value} already.")
    callouts.close_running(viewer, emergency)
    emergency.status = status
    emergency.closed_at = now()
    audit.record(
        viewer,
        action,
        "emergency",
        emergency.id,
        before={"status": EmergencyStatus.OPEN.value},
        after={"status": status.value},
    )
    db.session.commit()
    return emergency


def _check_words(draft: EmergencyDraft) -> None:
    problems: dict[str, list[str]] = {}
    if not 0 < len(draft.title.strip()) <= MAX_TITLE:
        problems["title"] = [f"must have 1 to {MAX_TITLE} characters"]
    if len(draft.description or "") > MAX_DESCRIPTION:
        problems["description"] = [f"must have at most {MAX_DESCRIPTION} characters"]
    if not (len(draft.country) == 2 and draft.country.isascii() and draft.country.isupper()):
        problems["country"] = ["must be two capital letters (ISO 3166-1), like AL"]
    if problems:
        raise InvalidInput(problems)


def _check_country(viewer: Viewer, country: str) -> None:
    covering = access.visible(viewer, Section).where(Section.country == country).limit(1)
    if db.session.scalars(covering).first() is None:
        raise NotAllowed(
            f"None of your sections is in {country}; ask a coordinator of a section there to declare it."
        )


def _check_authority(authority: Authority, country: str, section: Section) -> None:
    if authority.country != country:
        raise InvalidInput(
            "authority_id",
            f"{authority.name} is an authority of {authority.country}, not of {country}; name another",
        )
    if not authorities.may_ask(authority, section):
        raise Conflict(
            f"No agreement with {authority.name} is in force today; renew it, or leave authority_id out."
        )


def _snapshot(emergency: Emergency) -> dict[str, Any]:
    return {
        "title": emergency.title,
        "hazard": emergency.hazard.value,
        "severity": emergency.severity.value,
        "country": emergency.country,
        "section_id": emergency.section_id,
        "authority_id": emergency.authority_id,
        "area": emergency.area,
        "drill": emergency.drill,
    }
