"""The job that demonstration and drill run: declare the earthquake, call for help, watch it come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, func, select

from mobilize.domain.delivery import MessageState
from mobilize.domain.vocabulary import (
    CalloutStatus,
    Certainty,
    EmergencyStatus,
    Hazard,
    MessageKind,
    RecipientState,
    Severity,
    Urgency,
)
from mobilize.extensions import db
from mobilize.models import Authority, Callout, Emergency, Message, Need, Recipient, Section, Skill
from mobilize.services import callouts, emergencies
from mobilize.services.access import Viewer
from mobilize.services.callouts import CalloutDraft, NeedDraft
from mobilize.services.emergencies import EmergencyDraft
from mobilize.services.runtime import now

from . import ground
from .seeding import AUTHORITY_CODE

#: How long people have to reach the stadium.
TIME_TO_ARRIVE = timedelta(hours=6)
#: A demonstration calls the silent after this long on the wall clock, which nothing speeds up.
SILENT_MINUTES = 1
_BRING = "Helmet, boots, gloves, a lamp"
_TITLE = "Earthquake near Durrës"


def declare_and_launch(viewer: Viewer, *, drill: bool) -> Callout:
    """Declare the emergency and launch its callout. A drill measures texts, so it has no links and no calls."""
    emergency = emergencies.declare(
        viewer,
        EmergencyDraft(
            section_id=db.session.scalars(select(Section.id).where(Section.code == "al")).one(),
            country="AL",
            title=_TITLE,
            description="M 6.4, 22 km deep. Buildings have collapsed in Durrës and Thumanë.",
            hazard=Hazard.EARTHQUAKE,
            severity=Severity.EXTREME,
            urgency=Urgency.IMMEDIATE,
            certainty=Certainty.OBSERVED,
            area=dict(ground.AREA),
            authority_id=db.session.scalars(select(Authority.id).where(Authority.code == AUTHORITY_CODE)).one(),
            drill=drill,
        ),
    )
    lat, lon = ground.RENDEZVOUS_POINT
    callout = callouts.draft(
        viewer,
        CalloutDraft(
            emergency_id=emergency.id,
            needs=tuple(NeedDraft(code, headcount) for code, headcount in ground.NEEDS),
            rendezvous=ground.RENDEZVOUS,
            rendezvous_lat=lat,
            rendezvous_lon=lon,
            arrive_by=now() + TIME_TO_ARRIVE,
            bring=_BRING,
            with_link=not drill,
            voice_after_minutes=None if drill else SILENT_MINUTES,
        ),
    )
    return callouts.launch(viewer, callout.id)


def latest_callout() -> Callout | None:
    """The callout to show: the one of the newest emergency that has one, open ones first."""
    return db.session.scalars(
        select(Callout)
        .join(Emergency)
        .where(Callout.launched_at.is_not(None))
        .order_by((Emergency.status == EmergencyStatus.OPEN).desc(), Callout.id.desc())
        .limit(1)
    ).first()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a callout is: people asked, call-outs delivered, answers, and places filled by skill."""

    status: CalloutStatus
    asked: int
    delivered: int
    answered: int
    reserve: int
    headcount: Mapping[str, int]
    coming: Mapping[str, int]

    @property
    def filled(self) -> bool:
        return all(self.coming[skill] >= wanted for skill, wanted in self.headcount.items())


_COMING = (RecipientState.ACCEPTED, RecipientState.ARRIVED)


def progress(callout_id: int) -> Progress:
    """Read from the tables, in a transaction of its own."""
    asked = _count(select(Recipient.id).where(Recipient.callout_id == callout_id))
    answered = _count(
        select(Recipient.id).where(Recipient.callout_id == callout_id, Recipient.answered_at.is_not(None))
    )
    reserve = _count(
        select(Recipient.id).where(
            Recipient.callout_id == callout_id, Recipient.state.in_(_COMING), Recipient.need_id.is_(None)
        )
    )
    delivered = _count(
        select(Message.id).where(
            Message.callout_id == callout_id,
            Message.kind == MessageKind.CALLOUT,
            Message.state == MessageState.DELIVERED,
        )
    )
    places = db.session.execute(
        select(Skill.code, Need.headcount, func.count(Recipient.id))
        .join(Skill, Skill.id == Need.skill_id)
        .outerjoin(Recipient, (Recipient.need_id == Need.id) & Recipient.state.in_(_COMING))
        .where(Need.callout_id == callout_id)
        .group_by(Need.id, Skill.code, Need.headcount)
        .order_by(Need.id)
    ).all()
    status = db.session.scalars(select(Callout.status).where(Callout.id == callout_id)).one()
    db.session.rollback()
    return Progress(
        status=status,
        asked=asked,
        delivered=delivered,
        answered=answered,
        reserve=reserve,
        headcount={code: headcount for code, headcount, _ in places},
        coming={code: coming for code, _, coming in places},
    )


def _count(query: Select[int]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
