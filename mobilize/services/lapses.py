"""Certificates that are about to lapse: who is told, when, and the list for their section."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload

from mobilize.domain.errors import InvalidInput
from mobilize.domain.vocabulary import AccountRole, MembershipStatus, MessageKind, PhoneStatus
from mobilize.extensions import db
from mobilize.models import Certification, Skill, Volunteer

from . import access, chores, outbox, texts
from .access import Viewer
from .outbox import Priority
from .runtime import now, settings

log = structlog.get_logger(__name__)

#: How often the engines look, and how many texts one look may queue.
EVERY = timedelta(hours=1)
PORTION = 500
#: The hours of the day, on the holder's clock, in which such a text is welcome.
DAYTIME = range(9, 19)
LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Lapse:
    """One certificate that has lapsed or will; ``announced``: its holder was told of this very day."""

    volunteer_id: int
    name: str
    section: str
    skill: str
    expires_on: date
    days_left: int
    announced: bool


def lapsing(viewer: Viewer, within_days: int) -> list[Lapse]:
    """The certificates of active members that lapse within so many days or lapsed up to as long ago.

    The first to lapse comes first. Raises `InvalidInput` on ``within_days``.
    """
    access.require(viewer, AccountRole.COORDINATOR)
    if not 1 <= within_days <= LONGEST_DAYS:
        raise InvalidInput("within_days", f"must be between 1 and {LONGEST_DAYS}")
    today = now().date()
    span = timedelta(days=within_days)
    members = access.visible(viewer, Volunteer).with_only_columns(Volunteer.id)
    found = db.session.scalars(
        _counted()
        .where(Certification.volunteer_id.in_(members))
        .where(Certification.expires_on.between(today - span, today + span))
        .options(joinedload(Certification.volunteer).joinedload(Volunteer.section))
        .order_by(Certification.expires_on, Certification.id)
    )
    return [_lapse(one, today) for one in found]


def announce_when_due() -> int:
    """A chore of the engines: tell holders ahead, by day. Returns how many texts were queued."""
    if not chores.take("certificates", EVERY):
        return 0
    told = announce()
    chores.done("certificates", now())
    return told


def announce() -> int:
    """Queue a text for each certificate that lapses within ``CERTIFICATE_NOTICE_DAYS``, once for each day
    on which it lapses. Who sleeps is told later. One transaction.
    """
    ahead = timedelta(days=settings().certificate_notice_days)
    today = now().date()
    due = db.session.scalars(
        _counted()
        .where(Certification.expires_on.between(today, today + ahead), _not_announced(), *_can_be_told())
        .options(joinedload(Certification.volunteer).joinedload(Volunteer.section))
        .order_by(Certification.expires_on, Certification.id)
        .with_for_update(of=Certification, skip_locked=True)
    ).all()
    awake = [one for one in due if _local(one.volunteer).hour in DAYTIME][:PORTION]
    outbox.enqueue([_row(one) for one in awake])
    for one in awake:
        one.announced_expiry = one.expires_on
    db.session.commit()
    if awake:
        log.info("lapsing certificates announced", texts=len(awake))
    return len(awake)


def _counted() -> Select[Certification]:
    """Verified certificates of skills that need one, of active members."""
    return (
        select(Certification)
        .join(Skill, Skill.id == Certification.skill_id)
        .join(Volunteer, Volunteer.id == Certification.volunteer_id)
        .where(
            Skill.requires_certificate,
            Certification.verified_at.is_not(None),
            Volunteer.status == MembershipStatus.ACTIVE,
        )
    )


def _not_announced() -> ColumnElement[bool]:
    return Certification.announced_expiry.is_(None) | (
        Certification.announced_expiry != Certification.expires_on
    )


def _can_be_told() -> Sequence[ColumnElement[bool]]:
    return (
        Volunteer.opted_out_at.is_(None),
        Volunteer.consent_at.is_not(None),
        Volunteer.phone_status.in_((PhoneStatus.VERIFIED, PhoneStatus.UNVERIFIED)),
    )


def _local(volunteer: Volunteer) -> datetime:
    return now().astimezone(ZoneInfo(volunteer.time_zone))


def _row(one: Certification) -> dict[str, object]:
    holder, last_day = one.volunteer, one.expires_on or now().date()
    body = texts.notice(holder, "certificate", skill=one.skill.name, until=last_day)
    return outbox.row(
        holder.id,
        holder.phone,
        body,
        kind=MessageKind.NOTICE,
        # With the day of telling: a day that is changed back and forth is told of again.
        key=f"certificate:{one.id}:{last_day}:{now():%Y%m%d%H%M}",
        priority=Priority.NOTICE,
        expires_at=now() + timedelta(hours=8),
        at=now(),
    )


def _lapse(one: Certification, today: date) -> Lapse:
    last_day = one.expires_on or today
    return Lapse(
        one.volunteer_id,
        one.volunteer.name,
        one.volunteer.section.name,
        one.skill.name,
        last_day,
        (last_day - today).days,
        one.announced_expiry == last_day,
    )
