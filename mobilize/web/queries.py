"""What the pages list, read within the viewer's scope. Nothing here changes anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from mobilize.domain.vocabulary import CalloutStatus, EmergencyStatus, RecipientState
from mobilize.extensions import db
from mobilize.models import (
    Authority,
    Callout,
    Emergency,
    Need,
    Recipient,
    Section,
    SimulatedCall,
    SimulatedText,
    Skill,
    Volunteer,
)
from mobilize.services.access import Viewer, find, visible

PAGE = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """People who come and people who are needed, over the running callouts of an emergency."""

    coming: int = 0
    needed: int = 0


def emergencies(viewer: Viewer) -> Sequence[Emergency]:
    """Open ones first, then the latest."""
    is_open = Emergency.status == EmergencyStatus.OPEN
    query = visible(viewer, Emergency).order_by(
        is_open.desc(), Emergency.declared_at.desc(), Emergency.id.desc()
    )
    return db.session.scalars(query.limit(200)).all()


def progress(shown: Sequence[Emergency]) -> dict[int, Progress]:
    """By emergency, for those that have a running callout."""
    running = (
        select(Callout.id, Callout.emergency_id)
        .where(
            Callout.emergency_id.in_([emergency.id for emergency in shown]),
            Callout.status.in_([CalloutStatus.ASKING, CalloutStatus.FILLED]),
        )
        .subquery()
    )
    needed = db.session.execute(
        select(running.c.emergency_id, func.sum(Need.headcount))
        .join(Need, Need.callout_id == running.c.id)
        .group_by(running.c.emergency_id)
    )
    coming = db.session.execute(
        select(running.c.emergency_id, func.count())
        .join(Recipient, Recipient.callout_id == running.c.id)
        .where(Recipient.need_id.is_not(None))
        .group_by(running.c.emergency_id)
    )
    placed = {row[0]: int(row[1]) for row in coming}
    return {row[0]: Progress(placed.get(row[0], 0), int(row[1])) for row in needed}


def callouts(viewer: Viewer, emergency: Emergency) -> Sequence[Callout]:
    query = visible(viewer, Callout).where(Callout.emergency_id == emergency.id)
    return db.session.scalars(query.order_by(Callout.created_at.desc(), Callout.id.desc())).all()


def sections(viewer: Viewer) -> Sequence[Section]:
    return db.session.scalars(visible(viewer, Section).order_by(Section.name)).all()


def authorities(viewer: Viewer) -> Sequence[Authority]:
    return db.session.scalars(visible(viewer, Authority).order_by(Authority.name)).all()


def skills(viewer: Viewer) -> Sequence[Skill]:
    return db.session.scalars(visible(viewer, Skill).order_by(Skill.name)).all()


def zone_of(viewer: Viewer) -> str:
    """The time zone in which a viewer's pages that belong to no emergency show instants."""
    if viewer.section_path:
        section = db.session.get(Section, int(viewer.section_path.strip("/").rsplit("/", maxsplit=1)[-1]))
        return section.time_zone if section else "UTC"
    if viewer.volunteer_id:
        return find(viewer, Volunteer, viewer.volunteer_id).time_zone
    return "UTC"


@dataclass(frozen=True, slots=True)
class Ask:
    """One callout as the volunteer who was asked sees it; the rendezvous only once they said yes."""

    callout: Callout
    recipient: Recipient
    rendezvous: str | None


def asks(viewer: Viewer, volunteer: Volunteer) -> list[Ask]:
    """The callouts a volunteer was asked in, latest first."""
    query = visible(viewer, Recipient).where(Recipient.volunteer_id == volunteer.id)
    rows = db.session.scalars(query.order_by(Recipient.asked_at.desc()).limit(PAGE)).all()
    told = (RecipientState.ACCEPTED, RecipientState.ARRIVED)
    return [Ask(row.callout, row, row.callout.rendezvous if row.state in told else None) for row in rows]


@dataclass(frozen=True, slots=True)
class Phone:
    """A simulated phone, its owner and its latest text."""

    owner: Volunteer
    latest: SimulatedText


def phones(viewer: Viewer) -> list[Phone]:
    """Simulated phones that have texts, the most recently used first."""
    newest = select(func.max(SimulatedText.id)).group_by(SimulatedText.phone)
    rows = db.session.execute(
        visible(viewer, Volunteer)
        .add_columns(SimulatedText)
        .join(SimulatedText, SimulatedText.phone == Volunteer.phone)
        .where(SimulatedText.id.in_(newest))
        .order_by(SimulatedText.id.desc())
        .limit(PAGE)
    )
    return [Phone(owner, latest) for owner, latest in rows]


def owner_of(viewer: Viewer, phone: str) -> Volunteer | None:
    return db.session.scalars(visible(viewer, Volunteer).where(Volunteer.phone == phone)).one_or_none()


def texts(phone: str) -> Sequence[SimulatedText]:
    """The last texts of a simulated phone, oldest first."""
    query = select(SimulatedText).where(SimulatedText.phone == phone)
    return db.session.scalars(query.order_by(SimulatedText.id.desc()).limit(PAGE)).all()[::-1]


def calls(phone: str) -> Sequence[SimulatedCall]:
    """The last calls to a simulated phone, oldest first."""
    query = select(SimulatedCall).where(SimulatedCall.phone == phone)
    return db.session.scalars(query.order_by(SimulatedCall.id.desc()).limit(PAGE)).all()[::-1]
