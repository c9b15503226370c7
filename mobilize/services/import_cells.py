"""Cells of the volunteers' CSV file and the values they stand for, both ways.

Columns and forms (``docs/`` and the command's help show the same):

- ``section`` is a section's code; ``status`` and ``phone_status`` are words of the vocabulary.
- Days are ``YYYY-MM-DD``; instants are ISO 8601 with an offset, ``consent_at`` may be just ``yes``.
- ``home_*`` and ``work_*``: degrees WGS 84, and an address, which is looked up only without them.
- ``availability`` and ``work_hours``: ``mon 18:00-22:00 | sat 08:00-20:00``; ``never`` is no hour at all.
- ``skills``: ``medic | driver (issuer: DMV; number: 7; issued: 2024-01-01; expires: 2029-01-01; verified)``.
  A bare code keeps what is known of that skill's proof; brackets say all of it.

A cell that a spreadsheet would take for a formula is written with an apostrophe in front, which reading
takes off again; phones and coordinates are plain numbers and go without.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import unquote

from mobilize.domain import availability
from mobilize.domain.availability import Window
from mobilize.domain.errors import InvalidInput
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind

from .runtime import now
from .volunteer_drafts import CertificationDraft
from .volunteer_records import CertificationRecord, PlaceRecord

W = TypeVar("W", bound=StrEnum)

REQUIRED = ("given_name", "family_name", "phone", "born_on")
COLUMNS = (
    "section",
    *REQUIRED,
    "phone_status",
    "email",
    "language",
    "time_zone",
    "status",
    "consent_at",
    "opted_out_at",
    "home_lat",
    "home_lon",
    "home_address",
    "work_lat",
    "work_lon",
    "work_address",
    "work_hours",
    "availability",
    "skills",
)
PLACES = {"home": PlaceKind.HOME, "work": PlaceKind.WORK}
_NUMBERS = frozenset({"phone", "home_lat", "home_lon", "work_lat", "work_lon"})

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"([a-z]{3})\w*\s+(\d\d?:\d\d)\s*-\s*(\d\d?:\d\d)", re.IGNORECASE)
_SKILL = re.compile(r"([^\s()|]+)\s*(?:\((.*)\))?", re.DOTALL)
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_RESERVED = re.compile(r"[%;|()]")


def guarded(column: str, value: str) -> str:
    """The cell as it is written to a file that a spreadsheet may open."""
    return f"'{value}" if column not in _NUMBERS and _RISKY.match(value) else value


def unguarded(value: str) -> str:
    """The inverse of `guarded`."""
    return value[1:] if value.startswith("'") and _RISKY.match(value) else value


def read_word(listed: type[W]) -> Callable[[str], W]:
    def read(cell: str) -> W:
        try:
            return listed(cell.lower())
        except ValueError:
            known = ", ".join(word.value for word in listed)
            raise InvalidInput("value", f"{cell!r:.40} is not one of: {known}.") from None

    return read


def read_day(cell: str) -> date:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise InvalidInput("value", f"{cell!r:.40} is not a day; write it as YYYY-MM-DD.") from None


def read_instant(cell: str) -> datetime:
    try:
        instant = datetime.fromisoformat(cell)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidInput("value", f"{cell!r:.40} is not an instant; write it as 2026-11-24T14:30:00+01:00.")
    return instant.astimezone(UTC)


def read_consent(cell: str) -> datetime:
    """``yes`` is consent given as of now."""
    return now() if cell.lower() == "yes" else read_instant(cell)


def read_degrees(cell: str) -> float:
    """A decimal comma is one, as spreadsheets of many countries write it."""
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        raise InvalidInput("value", f"{cell!r:.40} is not a number of degrees; write it as 41.3275.") from None


@lru_cache(maxsize=4096)
def read_hours(cell: str) -> tuple[Window, ...]:
    if cell.lower() == "never":
        return ()
    return tuple(_window(part.strip()) for part in cell.split("|"))


def _window(text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    if found is None or found[1].lower() not in _DAYS:
        raise InvalidInput("value", f"{text!r:.40} is not a weekly window; write it as mon 18:00-22:00.")
    return Window(_DAYS.index(found[1].lower()), found[2].zfill(5), found[3].zfill(5))


@lru_cache(maxsize=4096)
def write_hours(weekly: str | None) -> str:
    if weekly is None:
        return ""
    windows = availability.decode(weekly)
    return " | ".join(f"{_DAYS[w.weekday]} {w.start}-{w.end}" for w in windows) or "never"


@lru_cache(maxsize=4096)
def read_skills(cell: str) -> tuple[tuple[str, CertificationDraft | None], ...]:
    """Each skill's code, and its proof if the cell says anything about it."""
    return tuple(_skill(part.strip()) for part in cell.split("|"))


def _skill(text: str) -> tuple[str, CertificationDraft | None]:
    found = _SKILL.fullmatch(text)
    if found is None:
        raise InvalidInput("value", f"{text!r:.60} is no skill; write medic, or medic (expires: 2027-05-01).")
    code, details = found.groups()
    return code, None if details is None else _proof(code, details)


def _proof(code: str, details: str) -> CertificationDraft:
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in details.split(";"))):
        name, colon, value = part.partition(":")
        value = unquote(value.strip())
        match name.strip().lower(), bool(colon):
            case ("issuer" | "number") as key, True:
                values[key] = value
            case ("issued" | "expires") as key, True:
                values[f"{key}_on"] = read_day(value)
            case "verified", False:
                values["verified"] = True
            case _:
                raise InvalidInput(
                    "value",
                    f"{part!r:.40} is not known; use issuer:, number:, issued:, expires:, verified.",
                )
    return CertificationDraft(skill=code, **values)


def write_skills(proofs: Mapping[int, CertificationRecord], codes: Mapping[int, str]) -> str:
    return " | ".join(sorted(_write_proof(codes[skill_id], proof) for skill_id, proof in proofs.items()))


def _write_proof(code: str, proof: CertificationRecord) -> str:
    parts = [
        f"{name}: {_escaped(str(value))}"
        for name, value in (
            ("issuer", proof.issuer),
            ("number", proof.number),
            ("issued", proof.issued_on),
            ("expires", proof.expires_on),
        )
        if value is not None
    ]
    if proof.verified_at is not None:
        parts.append("verified")
    return f"{code} ({'; '.join(parts)})" if parts else code


def _escaped(text: str) -> str:
    """Percent signs for what has a meaning within the cell."""
    return _RESERVED.sub(lambda found: f"%{ord(found[0]):02X}", text)


#: How each plain column is read; the others (places, skills, section) need more than their cell.
READERS: Mapping[str, Callable[[str], Any]] = {
    "given_name": str,
    "family_name": str,
    "phone": str,
    "born_on": read_day,
    "phone_status": read_word(PhoneStatus),
    "email": str,
    "language": str,
    "time_zone": str,
    "status": read_word(MembershipStatus),
    "consent_at": read_consent,
    "opted_out_at": read_instant,
    "availability": read_hours,
}


def write_row(
    section: str, columns: Mapping[str, Any], places: Mapping[PlaceKind, PlaceRecord], skills: str
) -> Sequence[str]:
    """The cells of one volunteer, in the order of `COLUMNS`."""
    cells = {name: _written(columns[name]) for name in COLUMNS if name in columns}
    cells |= {"section": section, "skills": skills, "availability": write_hours(columns["weekly_hours"])}
    for prefix, kind in PLACES.items():
        place = places.get(kind)
        if place is not None:
            cells |= {
                f"{prefix}_lat": repr(place.lat),
                f"{prefix}_lon": repr(place.lon),
                f"{prefix}_address": place.address or "",
            }
    if PlaceKind.WORK in places:
        cells["work_hours"] = write_hours(places[PlaceKind.WORK].weekly_hours)
    return [guarded(name, cells.get(name, "")) for name in COLUMNS]


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)
