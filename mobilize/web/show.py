"""How values look on a page: instants with their offset, distances, words."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from mobilize.domain.vocabulary import CalloutMode, Intent, RecipientState


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


_LABELS: dict[StrEnum, str] = {
    RecipientState.ASKED: "no answer yet",
    RecipientState.ACCEPTED: "coming",
    RecipientState.LIMITED: "only if needed",
    RecipientState.STOOD_DOWN: "stood down",
    CalloutMode.PHASED: "in waves",
    CalloutMode.EVERYONE: "everyone at once",
    CalloutMode.ONE_BY_ONE: "one after the other",
    Intent.ACCEPT: "coming",
    Intent.DECLINE: "not coming",
    Intent.LIMITED: "only if needed",
}


def label(word: str | None) -> str:
    """A word of the vocabulary for people to read."""
    if word is None:
        return "–"
    if isinstance(word, StrEnum) and word in _LABELS:
        return _LABELS[word]
    return str(word).replace("_", " ")


def init_app(app: Flask) -> None:
    filters: tuple[Callable[..., object], ...] = (
        instant,
        clock_time,
        distance,
        label,
        offset,
        in_zone,
        seconds,
    )
    app.jinja_env.filters.update({chosen.__name__: chosen for chosen in filters})
