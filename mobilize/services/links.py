"""The page behind a link: what it shows, and what is pressed on it.

Looking changes nothing: programs that preview links open them, too. What is pressed is stored as the text
that the person would have typed, and understood at once.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import exists, select
from sqlalchemy.exc import OperationalError

from mobilize.domain import links
from mobilize.domain.links import Press, Standing
from mobilize.domain.vocabulary import AccountRole, Channel, Hazard
from mobilize.extensions import db
from mobilize.models import Callout, InboundMessage, Recipient

from . import inbox, live_places, outbox
from .access import Viewer
from .link_codes import recipient_of, secret, standing
from .runtime import now, settings

__all__ = ["Meeting", "Page", "answer", "look", "new_token", "share_place", "take_back_place"]

log = structlog.get_logger(__name__)

#: What stands for the number that an answer was sent to.
_DOOR = "link"


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where to come and with what; told only to those who have a place."""

    rendezvous: str
    lat: float
    lon: float
    bring: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows. It names nobody, so that a link passed on reveals nobody.

    ``waiting``: an answer is kept and not understood yet. ``km`` is rough, 0 being less than two.
    """

    code: str
    language: str
    time_zone: str
    section: str
    hazard: Hazard
    title: str
    drill: bool
    skills: tuple[str, ...]
    arrive_by: datetime
    km: int
    standing: Standing
    waiting: bool
    eta_at: datetime | None
    meeting: Meeting | None
    shared_until: datetime | None
    texts: bool


def look(code: str) -> Page | None:
    """The page of a code, or ``None`` if it opens none."""
    recipient = recipient_of(code)
    if recipient is None:
        return None
    callout, person = recipient.callout, recipient.volunteer
    emergency = callout.emergency
    stands = standing(recipient)
    return Page(
        code=recipient.link_code or "",
        language=person.language,
        time_zone=person.time_zone,
        section=emergency.section.name,
        hazard=emergency.hazard,
        title=emergency.title,
        drill=emergency.drill,
        skills=tuple(need.skill.name for need in callout.needs),
        arrive_by=callout.arrive_by,
        km=links.roughly_km(recipient.distance_m),
        standing=stands,
        waiting=_waiting(recipient),
        eta_at=recipient.eta_at if stands is Standing.COMING else None,
        meeting=_meeting(recipient, callout, stands),
        shared_until=_shared_until(recipient),
        texts=person.opted_out_at is None,
    )


def _meeting(recipient: Recipient, callout: Callout, stands: Standing) -> Meeting | None:
    if stands not in (Standing.COMING, Standing.ARRIVED) or recipient.need_id is None:
        return None
    return Meeting(callout.rendezvous, callout.rendezvous_lat, callout.rendezvous_lon, callout.bring)


def _shared_until(recipient: Recipient) -> datetime | None:
    place = live_places.live_place(recipient.volunteer)
    until = place.expires_at if place else None
    return until if until is not None and until > now() else None


def new_token(code: str) -> str:
    """For one showing of the page: what is pressed there twice counts once."""
    return links.form_token(secret(), code, secrets.token_hex(8), now())


def answer(page: Page, token: str, press: Press, minutes: int | None = None) -> bool:
    """Keep what was pressed, as the text that it stands for, and understand it at once.

    False if the form is too old or not ours: nothing was kept. Raises `intake.NotStored`.
    """
    nonce = links.nonce_of(token, secret(), page.code, now())
    recipient = recipient_of(page.code)
    if nonce is None or recipient is None:
        return False
    words = links.typed(press, minutes)
    sid = f"link:{nonce}:{press}:{words}"
    if not _store(recipient, sid, words, press) and _latest_sid(recipient) != sid:
        # No double press: something else was pressed in between, on a page that had been left open.
        sid = f"link:{secrets.token_hex(8)}:{press}:{words}"
        _store(recipient, sid, words, press)
    _understand(recipient, sid)
    return True


def _store(recipient: Recipient, sid: str, words: str, press: Press) -> bool:
    return inbox.store_inbound(
        sid=sid,
        from_phone=recipient.volunteer.phone,
        to_phone=_DOOR,
        body=words,
        raw={"press": press.value},
        channel=Channel.LINK,
        recipient_id=recipient.id,
    )


def _latest_sid(recipient: Recipient) -> str | None:
    return db.session.scalars(
        select(InboundMessage.sid)
        .where(InboundMessage.recipient_id == recipient.id)
        .order_by(InboundMessage.id.desc())
        .limit(1)
    ).first()


def _understand(recipient: Recipient, sid: str) -> None:
    """What the person said before comes first; then, and when the database is busy, the engine does it."""
    try:
        if not _others_wait(recipient.volunteer.phone, sid):
            inbox.handle_at_once(sid)
    except OperationalError:
        db.session.rollback()
        log.warning("an answer waits for the engine", recipient_id=recipient.id)


def _others_wait(phone: str, sid: str) -> bool:
    waiting = exists().where(
        InboundMessage.understood_at.is_(None), InboundMessage.from_phone == phone, InboundMessage.sid != sid
    )
    return bool(db.session.scalar(select(waiting)))


def _waiting(recipient: Recipient) -> bool:
    waiting = exists().where(
        InboundMessage.understood_at.is_(None), InboundMessage.recipient_id == recipient.id
    )
    return bool(db.session.scalar(select(waiting)))


def share_place(page: Page, token: str, lat: float, lon: float) -> bool:
    """Keep where the person is, once. False if the form is too old, or the person does not come.

    Raises `InvalidInput` for a place that is none.
    """
    owner = _owner(page, token) if page.standing in links.SHARES_PLACE else None
    if owner is None:
        return False
    outbox.touch([owner.callout_id])  # the board's map shows it
    live_places.share(_themselves(owner), owner.volunteer_id, lat, lon)
    return True


def take_back_place(page: Page, token: str) -> bool:
    """Forget where the person is, whatever became of the call. False if the form is too old."""
    owner = _owner(page, token)
    if owner is None:
        return False
    outbox.touch([owner.callout_id])
    live_places.take_back(_themselves(owner), owner.volunteer_id)
    return True


def _owner(page: Page, token: str) -> Recipient | None:
    """Whose page a form was on, if it is ours."""
    nonce = links.nonce_of(token, secret(), page.code, now())
    return recipient_of(page.code) if nonce is not None else None


def _themselves(owner: Recipient) -> Viewer:
    """Nobody is signed in; the code speaks for the person."""
    return Viewer(AccountRole.VOLUNTEER, volunteer_id=owner.volunteer_id)


def place_minutes() -> int:
    return settings().live_place_minutes
