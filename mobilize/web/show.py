"""How values look on a page: instants with their offset, distances, words."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from mobilize.domain.delivery import ENDED_SHORT, Cause, DoubtEnding, ErrorClass, MessageState
from mobilize.domain.pacing import SenderKind
from mobilize.domain.vocabulary import (
    AlarmKind,
    CalloutMode,
    Channel,
    Intent,
    MessageKind,
    RecipientState,
    Whereabouts,
)
from mobilize.models import Message
from mobilize.services.board_people import RecipientRow
from mobilize.services.inbox_views import Shelf


def offset(at: datetime) -> str:
    """The UTC offset of an aware instant, as ``UTC+01:00``."""
    digits = f"{at:%z}"
    return f"UTC{digits[:3]}:{digits[3:5]}"


def instant(at: datetime | None, zone: str = "UTC") -> Markup:
    """Date, time and offset, the same for every reader."""
    if at is None:
        return Markup("–")
    local = at.astimezone(ZoneInfo(zone))
    return Markup('<time datetime="{}">{}</time>').format(
        local.isoformat(timespec="seconds"), f"{local:%a} {local.day} {local:%b %Y, %H:%M} {offset(local)}"
    )


def clock_time(at: datetime | None, zone: str = "UTC") -> Markup:
    """Hours and minutes alone, for tables whose heading names the offset."""
    if at is None:
        return Markup("–")
    local = at.astimezone(ZoneInfo(zone))
    return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="seconds"), f"{local:%H:%M}")


def in_zone(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


def seconds(at: datetime) -> str:
    """Wall-clock time to the second, with its offset."""
    return f"{at:%H:%M:%S} {offset(at)}"


def distance(metres: float | None) -> str:
    """Metres, as people say them."""
    if metres is None:
        return "–"
    if metres < 1000:
        return f"{round(metres / 10) * 10} m"
    return f"{metres / 1000:.1f} km" if metres < 10_000 else f"{metres / 1000:.0f} km"


def percent(share: float | None) -> str:
    """A probability to whole percents; what is not certain is never shown as certain."""
    if share is None:
        return "–"
    if 0.995 <= share < 1:
        return "over 99 %"
    if 0 < share < 0.005:
        return "under 1 %"
    return f"{share:.0%}".replace("%", " %")


_WORDS: tuple[tuple[StrEnum, str], ...] = (
    (RecipientState.ASKED, "no answer yet"),
    (RecipientState.ACCEPTED, "coming"),
    (RecipientState.LIMITED, "only if needed"),
    (RecipientState.STOOD_DOWN, "stood down"),
    (CalloutMode.PHASED, "in waves"),
    (CalloutMode.EVERYONE, "everyone at once"),
    (CalloutMode.ONE_BY_ONE, "one after the other"),
    (Intent.ACCEPT, "coming"),
    (Intent.DECLINE, "not coming"),
    (Intent.LIMITED, "only if needed"),
    (Intent.EN_ROUTE, "on the way"),
    (Intent.ON_SCENE, "has arrived"),
    (Intent.LEFT, "has left"),
    (Whereabouts.ON_SCENE, "on scene"),
    (Whereabouts.RETURNING, "not home yet"),
    (Whereabouts.MISSING, "check-out overdue"),
    (Whereabouts.HOME, "has left"),
    (MessageState.UNKNOWN, "in doubt"),
    (AlarmKind.SENDER_PAUSED, "texts are held back"),
    (AlarmKind.CHECK_OUT_OVERDUE, "not checked out"),
    (AlarmKind.UNKNOWN_ERROR_CODE, "unknown answer from the provider"),
    (AlarmKind.CALLS_STOPPED, "nobody is being called"),
    (DoubtEnding.RESENT, "sent again without proof; the text may have come twice"),
    (DoubtEnding.GIVEN_UP, "given up; nobody knows whether the text came"),
    (Cause.CLAIM, "an engine took it up"),
    (Cause.ANSWER, "the provider answered"),
    (Cause.CALLBACK, "the provider reported"),
    (Cause.RECONCILIATION, "the provider was asked"),
    (Cause.DEADLINE, "time ran out"),
    (Cause.STAND_DOWN, "stood down"),
    (Cause.OPERATOR, "by hand"),
    (SenderKind.US_LONG_CODE, "US phone number"),
    (SenderKind.LONG_CODE, "phone number"),
    (SenderKind.TOLL_FREE, "toll-free number"),
    (SenderKind.ALPHANUMERIC, "name"),
    (Intent.EN_ROUTE, "on the way"),
    (Intent.ON_SCENE, "arrived"),
    (Intent.OPT_OUT, "stop"),
    (Intent.OPT_IN, "start"),
    (Intent.UNAVAILABLE, "away"),
    (Intent.AVAILABLE, "back"),
    (Intent.STATUS, "asks how they are listed"),
    (MessageKind.BY_HAND, "by hand"),
    (Channel.LINK, "by link"),
    (Channel.VOICE, "by a call"),
    (Shelf.ALL, "all texts"),
    (Shelf.TO_READ, "to be read"),
    (Shelf.CORRECTED, "corrected"),
    (Shelf.BY_HAND, "answered by hand"),
    (Shelf.LATE, "came late"),
)

#: By the list that a word comes from: "accepted" is one thing of a person and another of a text.
_BY_KIND = {(type(word), word): told for word, told in _WORDS}

#: Why a text did not arrive, for people; classes that are tried again are here for texts that ran out of tries.
_REASONS: dict[ErrorClass, str] = {
    ErrorClass.NOT_PROCESSED: "the provider was too busy",
    ErrorClass.UNREACHABLE: "the provider could not be reached",
    ErrorClass.AMBIGUOUS: "nobody knows whether it came",
    ErrorClass.CONSENT: "has opted out",
    ErrorClass.BAD_NUMBER: "the number cannot receive texts",
    ErrorClass.CONFIGURATION: "our account may not send it",
    ErrorClass.PAIR: "no sender of ours reaches this number",
    ErrorClass.BODY: "the provider refused the wording",
    ErrorClass.CAPACITY: "the provider's queue was full",
    ErrorClass.CARRIER: "phone off or out of reach",
    ErrorClass.FILTERED: "a carrier filtered it out",
    ErrorClass.UNRECOGNISED: "refused for an unknown reason",
}


def label(word: str | None) -> str:
    """A word of the vocabulary for people to read."""
    if word is None:
        return "–"
    if isinstance(word, StrEnum) and (type(word), word) in _BY_KIND:
        return _BY_KIND[type(word), word]
    return str(word).replace("_", " ")


def not_reached(text: RecipientRow | Message) -> str:
    """Why a text has not arrived, in a few words; empty for one that is well on its way."""
    state = text.message_state if isinstance(text, RecipientRow) else text.state
    if state is MessageState.EXPIRED:
        return "too late to be of use"
    if state is MessageState.UNKNOWN:
        return "being looked up"
    if state is MessageState.SUPPRESSED:
        return "not needed any more"
    if state not in ENDED_SHORT:
        return "sent twice, to be sure" if text.doubt_ending is DoubtEnding.RESENT else ""
    return _REASONS[text.error_class] if text.error_class else text.reason or ""


def to_the_second(at: datetime) -> str:
    """Wall-clock time alone, where the offset is told beside it."""
    return f"{at:%H:%M:%S}"


def duration(minutes: int | None) -> str:
    """Minutes, as people say them: ``20 min``, ``3 h``, ``3 days``."""
    if minutes is None:
        return ""
    for unit, size in (("day", 24 * 60), ("h", 60)):
        if minutes >= size and minutes % size == 0:
            count = minutes // size
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def init_app(app: Flask) -> None:
    filters: tuple[Callable[..., object], ...] = (
        instant,
        clock_time,
        distance,
        percent,
        label,
        offset,
        in_zone,
        seconds,
        not_reached,
        to_the_second,
        duration,
    )
    app.jinja_env.filters.update({chosen.__name__: chosen for chosen in filters})
