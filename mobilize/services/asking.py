"""Asking people: a wave of recipients and their texts, written in one transaction with the decision.

The rows are made inside the database, from one list of the chosen, since a wave may have 100,000 people.
Everything here adds to the current transaction.
"""

import string
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    String,
    Table,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from mobilize.domain import links, sms
from mobilize.domain.vocabulary import MembershipStatus, MessageKind, PhoneStatus, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, Chore, Recipient, Volunteer, Wave

from . import bell, link_codes, outbox, selection, watch, wordings
from .listed import listed
from .runtime import now
from .selection import Candidate

log = structlog.get_logger(__name__)

#: People in one statement; below both databases' limit on bound parameters.
PORTION = 10_000

RECIPIENTS: Table = Recipient.__table__  # type: ignore[assignment]
VOLUNTEERS: Table = Volunteer.__table__  # type: ignore[assignment]


def ask(
    callout: Callout, chosen: Sequence[Candidate], reason: str, fill_probability: float | None = None
) -> int:
    """Open a wave for these people: a recipient and a queued text for each. Returns how many.

    Who opted out or was suspended since the selection, or was asked in this callout before, is left out.
    """
    if not chosen:
        return 0
    _one_at_a_time()
    wave = Wave(
        callout_id=callout.id,
        number=1 + (db.session.scalar(select(func.max(Wave.number)).where(Wave.callout_id == callout.id)) or 0),
        reason=reason[:200],
        size=len(chosen),
        fill_probability=fill_probability,
        asked_at=now(),
    )
    db.session.add(wave)
    db.session.flush()
    wave.size = sum(
        _write_recipients(callout, wave, chosen[start : start + PORTION])
        for start in range(0, len(chosen), PORTION)
    )
    _write_texts(callout, wave)
    bell.ring_with_commit()
    callout.revision += 1
    return wave.size


def note_asked() -> int:
    """Note at the volunteers when they were last asked, for waves of which that is not noted yet.

    Not in the transaction that asks: it may be a hundred thousand rows, and nobody waits for them.
    One transaction for each portion; returns how many volunteers.
    """
    noted = 0
    for wave_id, asked_at in db.session.execute(select(Wave.id, Wave.asked_at).where(~Wave.noted)).all():
        ids = db.session.scalars(select(Recipient.volunteer_id).where(Recipient.wave_id == wave_id)).all()
        for start in range(0, len(ids), outbox.CHUNK):
            some = sorted(ids)[start : start + outbox.CHUNK]
            earlier = VOLUNTEERS.c.last_asked_at.is_(None) | (VOLUNTEERS.c.last_asked_at < asked_at)
            db.session.execute(
                update(VOLUNTEERS).where(VOLUNTEERS.c.id.in_(some), earlier).values(last_asked_at=asked_at)
            )
            selection.reindex(some)
            db.session.commit()
            noted += len(some)
        db.session.execute(update(Wave).where(Wave.id == wave_id).values(noted=True))
    db.session.commit()
    return noted


def _one_at_a_time() -> None:
    """Until the transaction ends nobody else asks: two call-outs must not give a phone the same letter.

    A row's lock, which the database lets go of when a process dies.
    """
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    db.session.execute(dialect.insert(Chore).values(name="asking", due_at=now()).on_conflict_do_nothing())
    db.session.execute(select(Chore.name).where(Chore.name == "asking").with_for_update()).all()


def _write_recipients(callout: Callout, wave: Wave, chosen: Sequence[Candidate]) -> int:
    """A recipient for each, best first, with the lowest letter that is free for their phone."""
    codes = _free_codes(_still_callable(callout, [c.volunteer_id for c in chosen]))
    able = {skills: callout.able(skills) for skills in {c.skill_ids for c in chosen}}
    secret = link_codes.secret() if callout.with_link else None
    rows = [
        (
            c.volunteer_id,
            codes[c.volunteer_id],
            c.place_kind,
            c.lat,
            c.lon,
            c.distance_m,
            c.chance,
            c.travel_s,
            able[c.skill_ids],
            links.code_for(secret, callout.id, c.volunteer_id) if secret else None,
        )
        for c in chosen
        if c.volunteer_id in codes
    ]
    people = listed(rows, _FIELDS)
    same = {
        "callout_id": literal(callout.id),
        "wave_id": literal(wave.id),
        "state": literal(RecipientState.ASKED, RECIPIENTS.c.state.type),
        "asked_at": literal(wave.asked_at, RECIPIENTS.c.asked_at.type),
        "remind_at": literal(watch.first_look(callout, wave.asked_at), RECIPIENTS.c.remind_at.type),
    }
    whole = select(*same.values(), *(people.c[name] for name in _FIELDS)).order_by(people.c.rank)
    db.session.execute(insert(RECIPIENTS).from_select([*same, *_FIELDS], whole))
    return len(rows)


def _still_callable(callout: Callout, ids: Sequence[int]) -> list[int]:
    """Those who did not opt out, were not suspended and were not asked here since the selection."""
    asked_here = exists().where(
        RECIPIENTS.c.volunteer_id == VOLUNTEERS.c.id, RECIPIENTS.c.callout_id == callout.id
    )
    return list(
        db.session.scalars(
            select(VOLUNTEERS.c.id).where(
                VOLUNTEERS.c.id.in_(ids),
                VOLUNTEERS.c.opted_out_at.is_(None),
                VOLUNTEERS.c.status == MembershipStatus.ACTIVE,
                ~asked_here,
            )
        )
    )


def _free_codes(ids: Sequence[int]) -> dict[int, str]:
    """The lowest letter free for each phone: those of its open callouts are taken.

    A phone with all 26 letters taken is left out, and told of in the log.
    """
    taken: dict[int, set[str]] = {}
    rows = db.session.execute(
        select(RECIPIENTS.c.volunteer_id, RECIPIENTS.c.reply_code).where(
            RECIPIENTS.c.volunteer_id.in_(ids), RECIPIENTS.c.closed_at.is_(None)
        )
    )
    for volunteer_id, code in rows:
        taken.setdefault(volunteer_id, set()).add(code)
    free = dict.fromkeys(ids, "A")
    for volunteer_id, letters in taken.items():
        left = [letter for letter in string.ascii_uppercase if letter not in letters]
        if left:
            free[volunteer_id] = left[0]
        else:
            log.error("no reply code is free", volunteer_id=volunteer_id)
            del free[volunteer_id]
    return free


#: What is written of each recipient, in the order of the rows.
_FIELDS: Mapping[str, TypeEngine[Any]] = {
    "volunteer_id": BigInteger(),
    "reply_code": String(),
    "place_kind": String(),
    "lat": Double(),
    "lon": Double(),
    "distance_m": Double(),
    "chance": Double(),
    "travel_s": Integer(),
    "able": BigInteger(),
    "link_code": String(),
}


def _write_texts(callout: Callout, wave: Wave) -> None:
    """A queued text for each recipient of the wave; rendered once for each language, time zone and letter.

    Landlines take no texts: their owners are called (`calls`).
    """
    takes_texts = VOLUNTEERS.c.phone_status != PhoneStatus.LANDLINE
    recipients = RECIPIENTS.join(VOLUNTEERS, VOLUNTEERS.c.id == RECIPIENTS.c.volunteer_id)
    reader = (VOLUNTEERS.c.language, VOLUNTEERS.c.time_zone, RECIPIENTS.c.reply_code)
    groups = db.session.execute(
        select(*reader).select_from(recipients).where(RECIPIENTS.c.wave_id == wave.id, takes_texts).distinct()
    ).all()
    first_id = db.session.scalar(select(func.min(RECIPIENTS.c.id)).where(RECIPIENTS.c.wave_id == wave.id))
    for language, time_zone, code in groups:
        # The first letter goes without saying: nobody with one call-out needs to type it.
        body = body_for(callout, language, time_zone, "" if code == "A" else code)
        text = outbox.row(
            None,
            None,
            body,
            kind=MessageKind.CALLOUT,
            key="",
            priority=outbox.priority_for(callout.emergency.severity),
            expires_at=callout.arrive_by,
            at=wave.asked_at,
            callout_id=callout.id,
        )
        text |= {
            "idempotency_key": literal("callout:") + cast(RECIPIENTS.c.id, String),
            "volunteer_id": RECIPIENTS.c.volunteer_id,
            "recipient_id": RECIPIENTS.c.id,
            "to_phone": VOLUNTEERS.c.phone,
            "body": _with_own_link(callout, body),
            "rank": RECIPIENTS.c.id - first_id,
        }
        rows = (
            select(
                *(
                    value if isinstance(value, ColumnElement) else literal(value, outbox.MESSAGES.c[name].type)
                    for name, value in text.items()
                )
            )
            .select_from(recipients)
            .where(
                RECIPIENTS.c.wave_id == wave.id,
                takes_texts,
                VOLUNTEERS.c.language == language,
                VOLUNTEERS.c.time_zone == time_zone,
                RECIPIENTS.c.reply_code == code,
            )
            .order_by(RECIPIENTS.c.id)
        )
        db.session.execute(insert(outbox.MESSAGES).from_select(list(text), rows))


def _with_own_link(callout: Callout, body: str) -> str | ColumnElement[str]:
    """The text with each person's own code in the link. All codes are as long, so its segments stay."""
    if not callout.with_link:
        return body
    own = literal(links.address("", "")) + RECIPIENTS.c.link_code
    return func.replace(literal(body), links.address("", links.STAND_IN), own)


def values_for(
    callout: Callout,
    time_zone: str,
    code: str = "",
    *,
    eta_at: datetime | None = None,
    link_code: str | None = None,
) -> sms.CalloutValues:
    """What the texts of a callout may say, on the reader's own clock."""
    emergency = callout.emergency
    return sms.CalloutValues(
        section=emergency.section.short_name,
        hazard=emergency.hazard,
        title=emergency.title,
        skills=tuple(need.skill.name for need in callout.needs),
        # An emergency is named by its title alone, which says where it is.
        place="",
        arrive_by=local(callout.arrive_by, time_zone),
        code=code,
        drill=emergency.drill,
        rendezvous=callout.rendezvous,
        bring=callout.bring or "",
        link=link_codes.address(link_code) if link_code else "",
        eta=local(eta_at, time_zone) if eta_at else None,
    )


def body_for(callout: Callout, language: str, time_zone: str, code: str) -> str:
    """The call, with a code that stands in for each person's own where the callout has links."""
    values = values_for(callout, time_zone, code, link_code=links.STAND_IN if callout.with_link else None)
    wording = callout.wording or wordings.own(callout.emergency.section, language).get("callout")
    return sms.callout_text(language, values, wording)


def local(at: datetime, time_zone: str) -> datetime:
    return at.astimezone(ZoneInfo(time_zone))
