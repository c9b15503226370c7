"""Calls to the silent: who is to be called, written down; and calls that nobody needs any more, taken back.

A call is a row before it is a request, as a text is. It belongs to a callout that lives depend on, asks
for people and has a patience (``voice_after_minutes``). Placing is in `call_placing`, what comes of a
call in `call_reports`, and what a key does in `call_keys`.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from mobilize.domain.calling import OPEN, CallState, Policy, Silent, is_due
from mobilize.domain.delivery import ErrorClass, MessageState
from mobilize.domain.speech import spoken_language
from mobilize.domain.vocabulary import (
    CalloutStatus,
    EmergencyStatus,
    MembershipStatus,
    MessageKind,
    PhoneStatus,
    RecipientState,
    Severity,
)
from mobilize.extensions import db
from mobilize.models import Callout, Emergency, Message, Need, Recipient, VoiceCall, Volunteer

from . import access, call_steps, call_stops, chores
from .runtime import now, runtime, settings

log = structlog.get_logger(__name__)

#: Calls of one callout that wait at a time. The others are written down when there is room, so that who has
#: answered meanwhile costs nothing.
QUEUE = 100
#: How often one engine looks who is silent: reading that costs more than a call does.
EVERY = timedelta(seconds=5)
#: Calls taken back at a time.
_SOME = 20

#: A text that has left us, or may have.
_SENT = (MessageState.UNKNOWN, MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED)
#: Refusals after which the same number is not called again.
_HOPELESS = (ErrorClass.BAD_NUMBER, ErrorClass.CONSENT)
_CAN_BE_TAKEN_BACK = (CallState.QUEUED, CallState.RINGING)
_GRAVE = [severity for severity in Severity if severity.life_threatening]


def write_due() -> int:
    """Write down a call for everybody whose time has come; returns how many.

    One engine at a time, now and then. One transaction a callout.
    """
    if runtime().voice is None or not chores.take("calls to the silent", EVERY):
        return 0
    written = 0
    for callout_id in db.session.scalars(
        select(Callout.id).join(Callout.emergency).where(*_calls_people())
    ).all():
        db.session.commit()
        callout = db.session.scalars(
            select(Callout)
            .join(Callout.emergency)
            .where(Callout.id == callout_id, *_calls_people())
            .with_for_update(skip_locked=True, of=Callout)
            .execution_options(populate_existing=True)
        ).one_or_none()
        if callout is not None:
            written += _write(callout)
    db.session.commit()
    return written


def _calls_people() -> list[ColumnElement[bool]]:
    return [
        Callout.status == CalloutStatus.ASKING,
        Callout.asking_stopped_at.is_(None),
        Callout.arrive_by > now(),
        Callout.voice_after_minutes.is_not(None),
        Emergency.severity.in_(_GRAVE),
        Emergency.status == EmergencyStatus.OPEN,
    ]


def _write(callout: Callout) -> int:
    waiting = db.session.scalar(
        select(func.count()).where(VoiceCall.callout_id == callout.id, VoiceCall.state == CallState.QUEUED)
    )
    room = QUEUE - (waiting or 0)
    policy = Policy(
        patience=timedelta(minutes=callout.voice_after_minutes or 0),
        retry_after=timedelta(minutes=settings().voice_retry_minutes),
        attempts=settings().voice_attempts,
    )
    found = _candidates(callout, policy, room) if room > 0 and _anybody_could_be_due(callout, policy) else []
    rows = [_row(callout, person) for person in found if is_due(_silent(person), policy, now())]
    if not rows:
        return 0
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    db.session.execute(dialect.insert(VoiceCall).values(rows).on_conflict_do_nothing())
    callout.revision += 1
    log.info("calls written down", callout_id=callout.id, count=len(rows))
    return len(rows)


def _anybody_could_be_due(callout: Callout, policy: Policy) -> bool:
    """Whether a wave is old enough, or somebody is out of reach of texts; cheaper than reading who it is."""
    if any(wave.asked_at <= now() - policy.patience for wave in callout.waves):
        return True
    theirs = select(Recipient.id).join(Recipient.volunteer).where(Recipient.callout_id == callout.id)
    unreached = (Recipient.state == RecipientState.UNREACHABLE) | _landline()
    return db.session.scalar(theirs.where(*waits(), unreached).limit(1)) is not None


def _landline() -> ColumnElement[bool]:
    return Volunteer.phone_status == PhoneStatus.LANDLINE


def _candidates(callout: Callout, policy: Policy, limit: int) -> Sequence[Row[tuple[object, ...]]]:
    """Those among whom `is_due` decides, as asked; the query leaves out whoever certainly is not due yet."""
    calls = _calls_so_far(callout)
    sent_at = func.coalesce(Message.accepted_at, Message.claimed_at)
    unreached = (Recipient.state == RecipientState.UNREACHABLE) | _landline()
    return db.session.execute(
        select(
            Recipient.id,
            Recipient.volunteer_id,
            Volunteer.phone,
            Volunteer.language,
            case((Message.state.in_(_SENT), sent_at)).label("sent_at"),
            unreached.label("unreached"),
            func.coalesce(calls.c.placed, 0).label("placed"),
            func.coalesce(calls.c.written, 0).label("written"),
            calls.c.ended_at,
        )
        .join(Volunteer, Volunteer.id == Recipient.volunteer_id)
        .outerjoin(Message, (Message.recipient_id == Recipient.id) & (Message.kind == MessageKind.CALLOUT))
        .outerjoin(calls, calls.c.recipient_id == Recipient.id)
        .where(
            Recipient.callout_id == callout.id,
            *waits(),
            _could_fill_something(),
            Volunteer.phone_status != PhoneStatus.INVALID,
            ~_comes_elsewhere(),
            func.coalesce(calls.c.placed, 0) < policy.attempts,
            func.coalesce(calls.c.open, 0) == 0,
            func.coalesce(calls.c.hopeless, 0) == 0,
            or_(unreached, (Message.state.in_(_SENT)) & (sent_at <= now() - policy.patience)),
            or_(calls.c.ended_at.is_(None), calls.c.ended_at <= now() - policy.retry_after),
        )
        .order_by(func.coalesce(calls.c.placed, 0), Recipient.id)
        .limit(limit)
    ).all()


def waits() -> list[ColumnElement[bool]]:
    """Of a recipient and their volunteer: they have said nothing yet, and may be called."""
    asked = (Recipient.state == RecipientState.ASKED) & Recipient.closed_at.is_(None)
    return [
        asked | (Recipient.state == RecipientState.UNREACHABLE),
        Volunteer.opted_out_at.is_(None),
        Volunteer.status == MembershipStatus.ACTIVE,
    ]


def _calls_so_far(callout: Callout) -> Subquery:
    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    return (
        select(
            VoiceCall.recipient_id,
            func.max(VoiceCall.attempt).label("written"),
            func.max(VoiceCall.ended_at).label("ended_at"),
            count(VoiceCall.claimed_at.is_not(None)).label("placed"),
            count(VoiceCall.state.in_(OPEN)).label("open"),
            count(VoiceCall.error_class.in_(_HOPELESS)).label("hopeless"),
        )
        .where(VoiceCall.callout_id == callout.id)
        .group_by(VoiceCall.recipient_id)
        .subquery("calls")
    )


def _comes_elsewhere() -> ColumnElement[bool]:
    other = aliased(Recipient)
    return (
        select(other.id)
        .where(
            other.volunteer_id == Recipient.volunteer_id,
            other.state.in_(access.COMMITTED),
            other.closed_at.is_(None),
        )
        .exists()
    )


def _silent(person: Row[tuple[object, ...]]) -> Silent:
    return Silent(
        sent_at=person.sent_at,
        unreached=bool(person.unreached),
        calls=person.placed,
        last_ended_at=person.ended_at,
    )


def _row(callout: Callout, person: Row[tuple[object, ...]]) -> dict[str, object]:
    return {
        "callout_id": callout.id,
        "recipient_id": person.id,
        "volunteer_id": person.volunteer_id,
        "attempt": person.written + 1,
        "to_phone": person.phone,
        "language": spoken_language(person.language, settings().voice_voices),
        "state": CallState.QUEUED,
        "created_at": now(),
        "next_attempt_at": now(),
        "cost": 0.0,
        "empty_looks": 0,
    }


# --- nobody needs the person any more ----------------------------------------------------------


def take_back() -> int:
    """End calls to people whom nobody needs any more, or who answered by text; returns how many.

    One that waits is cancelled here, one that rings at the provider. Who has picked up is heard out.
    """
    unwanted = db.session.execute(
        select(VoiceCall.id, VoiceCall.sid)
        .join(Callout, Callout.id == VoiceCall.callout_id)
        .join(Recipient, Recipient.id == VoiceCall.recipient_id)
        .join(Volunteer, Volunteer.id == VoiceCall.volunteer_id)
        .where(
            VoiceCall.ended_at.is_(None),
            VoiceCall.state.in_(_CAN_BE_TAKEN_BACK),
            VoiceCall.taken_back_at.is_(None),
            ~still_wanted(),
        )
        .order_by(VoiceCall.id)
        .limit(_SOME)
    ).all()
    db.session.commit()
    ended = sum(_take_back(call_id, sid) for call_id, sid in unwanted)
    call_stops.forget_ended()
    db.session.commit()
    return ended


def still_wanted() -> ColumnElement[bool]:
    """Of a call, its callout, recipient and volunteer: the callout still wants to hear from this person."""
    return and_(
        Callout.status == CalloutStatus.ASKING,
        Callout.arrive_by > now(),
        *waits(),
        Volunteer.phone == VoiceCall.to_phone,
        ~_comes_elsewhere(),
        _could_fill_something(),
    )


def _could_fill_something() -> ColumnElement[bool]:
    """Of a recipient: a need that they can fill is open, or nobody has noted which those are."""
    counted = aliased(Need)
    before = select(func.count()).where(counted.callout_id == Need.callout_id, counted.id < Need.id)
    bit = literal(1, BigInteger).bitwise_lshift(cast(before.scalar_subquery(), Integer))
    needs = (
        select(Need.id)
        .where(Need.callout_id == Recipient.callout_id, Need.filled_at.is_(None))
        .where(Recipient.able.bitwise_and(bit) != 0)
    )
    return Recipient.able.is_(None) | needs.exists()


def _take_back(call_id: int, sid: str | None) -> bool:
    """One transaction; the provider is asked before it, since asking twice does no harm."""
    voice = runtime().voice
    stopped = sid is None or (voice is not None and voice.take_back(sid))
    call = call_steps.hold(call_id)
    # Placed meanwhile: the next look takes it back. Picked up meanwhile: it is heard out.
    if call is None or call.sid != sid or call.state not in _CAN_BE_TAKEN_BACK:
        db.session.commit()
        return False
    call.taken_back_at = now()
    ended = stopped and call_steps.step(call, CallState.CANCELLED, "no longer needed")
    db.session.commit()
    return ended
