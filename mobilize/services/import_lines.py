"""From a line of a volunteers' file to the record it wishes for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from mobilize.domain import availability, person
from mobilize.domain.errors import InvalidInput
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind
from mobilize.models import Section

from . import import_cells, volunteers
from .access import Viewer
from .import_files import Line
from .volunteer_drafts import CertificationDraft, Context, Faults, PlaceDraft, merged
from .volunteer_records import CertificationRecord, Record

#: What a new volunteer has in the columns that a file leaves empty.
_NEW: Mapping[str, Any] = {
    "email": None,
    "language": None,
    "time_zone": None,
    "status": MembershipStatus.APPLIED,
    "consent_at": None,
    "opted_out_at": None,
    "snoozed_until": None,
    "availability": None,
}
#: After this many failures in a row the geocoder is not asked again in this import.
_GIVE_UP_AFTER = 3


@dataclass(slots=True)
class Wish:
    """A readable line: its phone in E.164 and what it says, cells that are empty left out."""

    line: int
    phone: str
    section: Section
    changes: dict[str, Any]
    #: Places by kind; those that have only an address get their coordinates from `Addresses`.
    places: dict[PlaceKind, PlaceDraft]
    skills: Sequence[tuple[str, CertificationDraft | None]] | None
    faults: Faults = field(default_factory=Faults)

    def addresses_only(self) -> dict[PlaceKind, PlaceDraft]:
        return {kind: place for kind, place in self.places.items() if place.address and place.lat is None}


class Reader:
    """Reads lines for one viewer, whose sections and whose skills it knows."""

    def __init__(
        self, viewer: Viewer, sections: Mapping[str, Section], skill_ids: Mapping[str, int], default: str | None
    ) -> None:
        self._viewer = viewer
        self._sections = sections
        self._by_id = {section.id: section for section in sections.values()}
        self._skill_ids = skill_ids
        self._codes = {skill_id: code for code, skill_id in skill_ids.items()}
        self._default = default

    def wish(self, line: Line) -> Wish:
        """Raises `InvalidInput` naming every column that cannot be read."""
        cells = {name: import_cells.unguarded(cell) for name, cell in line.cells.items() if cell}
        faults, changes = Faults(), {}
        for name in import_cells.READERS.keys() & cells.keys():
            with faults.on(name=name):
                changes[name] = import_cells.READERS[name](cells[name])
        places, proofs, section, phone = {}, None, None, ""
        with faults.on():
            places = dict(_places(cells))
        with faults.on(name="skills"):
            proofs = import_cells.read_skills(cells["skills"]) if "skills" in cells else None
        with faults.on():
            section = self._section(cells.get("section"))
        with faults.on():
            phone = _phone(cells.get("phone"), section)
        faults.end()
        if section is None:
            raise InvalidInput("section", "is missing; name one in the line.")
        if "section" in cells:
            changes["section_id"] = section.id
        if cells.get("consent_at", "").lower() == "yes":
            changes["consent_given"] = changes.pop("consent_at")
        return Wish(line.number, phone, section, changes, places, proofs)

    def _section(self, code: str | None) -> Section:
        name = code or self._default
        if name is None:
            raise InvalidInput("section", "is empty; name a section here, or one for the whole import.")
        if name not in self._sections:
            raise InvalidInput("section", f"{name!r:.40} is not one of your sections; use a section's code.")
        return self._sections[name]

    def record(self, wish: Wish, before: Record | None) -> Record:
        """The whole record that the line wishes for, given what is stored."""
        wish.faults.end()
        changes, section = dict(wish.changes), wish.section
        if before is None:
            changes = self._for_new(wish)
        elif before.columns["section_id"] not in self._by_id:
            raise InvalidInput("phone", "belongs to a volunteer of another section; ask that section.")
        elif "section_id" not in changes:
            section = self._by_id[before.columns["section_id"]]
        consent = changes.pop("consent_given", None)
        if consent is not None and (before is None or before.columns["consent_at"] is None):
            changes["consent_at"] = consent
        known = before or Record({"phone_status": PhoneStatus.UNVERIFIED})
        if wish.skills is not None:
            changes["skills"] = [self._proof(code, draft, known) for code, draft in wish.skills]
        if wish.places:
            changes["places"] = list(_with_known_places(wish.places, known))
        return _told_by_column(known, changes, Context(self._viewer, section, self._skill_ids))

    def _for_new(self, wish: Wish) -> dict[str, Any]:
        missing = [name for name in import_cells.REQUIRED if name not in wish.changes]
        if missing:
            raise InvalidInput({name: ["is empty; a new volunteer needs it."] for name in missing})
        return {**_NEW, "section_id": wish.section.id, **wish.changes}

    def _proof(self, code: str, draft: CertificationDraft | None, known: Record) -> CertificationDraft:
        if draft is not None:
            return draft
        proof = known.certifications.get(self._skill_ids.get(code, 0), CertificationRecord())
        return CertificationDraft(
            code, proof.issuer, proof.number, proof.issued_on, proof.expires_on, proof.verified_at is not None
        )


def _phone(cell: str | None, section: Section | None) -> str:
    if cell is None:
        raise InvalidInput("phone", "is empty; every line needs one.")
    # Without a section only an international number can be read; the section's fault is told anyway.
    return person.check_phone(cell, section.country if section else "ZZ").e164


_PLACE_PARTS: Mapping[str, Callable[[str], Any]] = {
    "lat": import_cells.read_degrees,
    "lon": import_cells.read_degrees,
    "address": str,
    "hours": import_cells.read_hours,
}


def _places(cells: Mapping[str, str]) -> Iterator[tuple[PlaceKind, PlaceDraft]]:
    faults, found = Faults(), []
    for prefix, kind in import_cells.PLACES.items():
        values: dict[str, Any] = {}
        for part, read in _PLACE_PARTS.items():
            with faults.on(name=f"{prefix}_{part}"):
                if f"{prefix}_{part}" in cells:
                    values[part] = read(cells[f"{prefix}_{part}"])
        if ("lat" in values) != ("lon" in values):
            absent = "lon" if "lat" in values else "lat"
            faults.errors.setdefault(f"{prefix}_{absent}", ["is empty or wrong; give lat and lon, or neither."])
        if values:
            found.append((kind, PlaceDraft(kind, **values)))
    faults.end()
    yield from found


def _with_known_places(wished: Mapping[PlaceKind, PlaceDraft], known: Record) -> Iterator[PlaceDraft]:
    """All places of the person: the wished ones completed by what is known, and the others as they are."""
    for kind, record in known.places.items():
        stored = {
            "kind": kind,
            "lat": record.lat,
            "lon": record.lon,
            "address": record.address,
            "hours": _windows(record.weekly_hours),
            "expires_at": record.expires_at,
        }
        draft = wished.get(kind)
        said = {} if draft is None else {k: v for k, v in _fields_of(draft).items() if v is not None}
        yield PlaceDraft(**(stored | said))
    for kind, draft in wished.items():
        if kind not in known.places:
            yield draft


def _fields_of(draft: PlaceDraft) -> dict[str, Any]:
    """The fields of a place; its windows stay windows."""
    return {name: getattr(draft, name) for name in ("kind", "lat", "lon", "address", "hours", "expires_at")}


@lru_cache(maxsize=4096)
def _windows(weekly: str | None) -> Any:
    return None if weekly is None else availability.decode(weekly)


def _told_by_column(known: Record, changes: Mapping[str, Any], context: Context) -> Record:
    """`merged`, with faults named by the file's columns instead of the draft's fields."""
    try:
        return merged(known, changes, context)
    except InvalidInput as error:
        kinds = [place.kind.value for place in changes.get("places", ())]
        raise InvalidInput({_column(name, kinds): found for name, found in error.errors.items()}) from None


def _column(name: str, kinds: list[str]) -> str:
    group, _, rest = name.partition(".")
    if group == "skills":
        return "skills"
    if group != "places":
        return name
    number, _, part = rest.partition(".")
    return f"{kinds[int(number)]}_{'hours' if part == 'weekly_hours' else part}"


class Addresses:
    """Looks addresses up for one import: each once, and not at all once the geocoder is down."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], PlaceDraft | InvalidInput] = {}
        self._failures = 0

    def look_up(self, wish: Wish, known: Record | None) -> None:
        """Complete the wish's places, or note its faults. An address that is stored already keeps its point."""
        for kind, place in wish.addresses_only().items():
            stored = known.places.get(kind) if known else None
            if stored is not None and stored.address == place.address:
                continue
            with wish.faults.on(name=f"{kind.value}_address"):
                found = self._point(place, wish.section.country)
                wish.places[kind] = replace(place, lat=found.lat, lon=found.lon)

    def _point(self, place: PlaceDraft, country: str) -> PlaceDraft:
        key = (place.address or "", country)
        if key not in self._found:
            if len(self._found) >= 20_000:
                self._found.clear()
            self._found[key] = self._ask(place, country)
        found = self._found[key]
        if isinstance(found, InvalidInput):
            raise found
        return found

    def _ask(self, place: PlaceDraft, country: str) -> PlaceDraft | InvalidInput:
        if self._failures >= _GIVE_UP_AFTER:
            return InvalidInput("address", "was not looked up: the geocoder does not answer; give lat and lon.")
        try:
            found = volunteers.find_point(place, country)
        except InvalidInput as error:
            self._failures += 1
            return error
        self._failures = 0
        return found or volunteers.not_found(place, country)
