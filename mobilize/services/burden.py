"""The report of who carries the load: asks, answers and deployments by section and by person."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, func

from mobilize.domain.burden import Load, load
from mobilize.domain.errors import InvalidInput
from mobilize.domain.vocabulary import AccountRole, MembershipStatus, RecipientState
from mobilize.models import Recipient, Section, Volunteer

from . import access
from .acceptance import SAID_YES
from .access import Viewer
from .number_lists import read
from .runtime import now

LONGEST_DAYS = 3660
#: People listed by name, the most asked first.
LISTED = 20


@dataclass(frozen=True, slots=True)
class SectionBurden:
    """How the asks of a period fell on the active members of one section."""

    section: str
    name: str
    load: Load


@dataclass(frozen=True, slots=True)
class PersonBurden:
    """One person's part: call-outs in which they were asked, said yes, and arrived."""

    volunteer_id: int
    name: str
    section: str
    asked: int
    accepted: int
    arrived: int


@dataclass(frozen=True, slots=True)
class Burden:
    """The whole report. ``overall`` is over everyone in the viewer's scope."""

    days: int
    overall: Load
    sections: Sequence[SectionBurden]
    busiest: Sequence[PersonBurden]


def burden(viewer: Viewer, days: int = 90) -> Burden:
    """Who was asked how often in the last days, in the viewer's scope. Raises `InvalidInput` on ``days``."""
    access.require(viewer, AccountRole.COORDINATOR)
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput("days", f"must be between 1 and {LONGEST_DAYS}")
    since = now() - timedelta(days=days)
    rows = read(
        access.visible(viewer, Volunteer)
        .where(Volunteer.status == MembershipStatus.ACTIVE)
        .join(Section, Section.id == Volunteer.section_id)
        .outerjoin(Recipient, (Recipient.volunteer_id == Volunteer.id) & (Recipient.asked_at > since))
        .group_by(Volunteer.id, Volunteer.given_name, Volunteer.family_name, Section.code, Section.name)
        .with_only_columns(
            Volunteer.id,
            Volunteer.given_name,
            Volunteer.family_name,
            Section.code,
            Section.name,
            func.count(Recipient.id),
            func.sum(case((Recipient.state.in_(SAID_YES), 1), else_=0)),
            func.sum(case((Recipient.state == RecipientState.ARRIVED, 1), else_=0)),
        )
    )
    by_section: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        by_section[row[3], row[4]].append(row[5])
    busiest = sorted((row for row in rows if row[5]), key=lambda row: (-row[5], row[0]))[:LISTED]
    return Burden(
        days,
        load([row[5] for row in rows]),
        [SectionBurden(code, name, load(asks)) for (code, name), asks in sorted(by_section.items())],
        [PersonBurden(r[0], f"{r[1]} {r[2]}", r[3], r[5], int(r[6] or 0), int(r[7] or 0)) for r in busiest],
    )
