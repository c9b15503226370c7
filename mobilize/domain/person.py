"""What is acceptable about a person: phone, language, time zone, names, date of birth, a point on the map.

Each check takes a raw value and returns it in the one form that is stored, or raises `InvalidInput`
with the field, what is wrong, and the remedy.
"""

import math
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from .errors import InvalidInput

_T = PhoneNumberType
#: Kinds of number that no person carries: a text to them is refused or costs the receiver.
_NOT_A_PERSONS = frozenset({_T.PREMIUM_RATE, _T.TOLL_FREE, _T.SHARED_COST, _T.UAN, _T.VOICEMAIL})
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_OLDEST = 120


@dataclass(frozen=True, slots=True)
class Phone:
    """A valid number in E.164; a landline cannot receive texts."""

    e164: str
    landline: bool


@lru_cache(maxsize=4096)
def check_phone(raw: str, country: str) -> Phone:
    """Read a number as people of a country (ISO 3166-1 alpha-2) write it."""
    try:
        number = phonenumbers.parse(raw, country)
    except phonenumbers.NumberParseException:
        raise InvalidInput("phone", f"{raw!r:.60} is not a phone number; write it as +355691234567.") from None
    kind = phonenumbers.number_type(number)
    if kind == _T.UNKNOWN:
        raise InvalidInput("phone", f"{raw!r:.60} is no number in use; check its digits and its country code.")
    if kind in _NOT_A_PERSONS:
        raise InvalidInput("phone", f"{raw!r:.60} is a service number; give the person's own mobile number.")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Phone(e164=e164, landline=kind == _T.FIXED_LINE)


@lru_cache(maxsize=512)
def check_language(raw: str) -> str:
    """A BCP 47 tag of language, script and region (``sq``, ``zh-Hant``, ``pt-BR``), in its usual case."""
    found = _LANGUAGE.fullmatch(raw.strip().replace("_", "-"))
    if found is None:
        raise InvalidInput("language", f"{raw!r:.40} is no language tag (BCP 47); write it as sq or pt-BR.")
    language, script, region = found.groups()
    return "-".join(filter(None, (language.lower(), (script or "").title(), (region or "").upper())))


@lru_cache(maxsize=1024)
def check_time_zone(raw: str) -> str:
    """The name of a zone in the IANA time zone database."""
    try:
        return ZoneInfo(raw).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            "time_zone", f"{raw!r:.70} is no IANA time zone; write it as Europe/Tirane."
        ) from None


def check_text(field: str, raw: str, longest: int) -> str:
    """One line of text that is not empty, without the spaces around it."""
    text = raw.strip()
    if not text:
        raise InvalidInput(field, "is empty; give a value.")
    if len(text) > longest:
        raise InvalidInput(field, f"has {len(text)} characters; shorten it to {longest}.")
    if not text.isprintable():
        raise InvalidInput(field, "holds a line break or another control character; leave it out.")
    return text


def check_email(raw: str) -> str:
    text = check_text("email", raw, 255)
    if not _EMAIL.fullmatch(text):
        raise InvalidInput("email", f"{text!r:.80} is not an e-mail address; write it as name@example.org.")
    return text


def check_born_on(day: date, today: date) -> date:
    """A date of birth of somebody who can be alive. Who is too young to be called may still register."""
    if not today.year - _OLDEST <= day.year or day > today:
        raise InvalidInput(
            "born_on", f"{day.isoformat()} is not a date of birth; give a past day as YYYY-MM-DD."
        )
    return day


def check_coordinates(lat: float, lon: float) -> tuple[float, float]:
    """Degrees, WGS 84."""
    errors = {
        name: [f"{value:g} is impossible; give degrees between -{limit} and {limit}."]
        for name, value, limit in (("lat", lat, 90), ("lon", lon, 180))
        if not (math.isfinite(value) and abs(value) <= limit)
    }
    if errors:
        raise InvalidInput(errors)
    return float(lat), float(lon)
