"""Volunteers from and to CSV files."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from mobilize.domain.errors import InvalidInput
from mobilize.domain.vocabulary import AccountRole, PlaceKind
from mobilize.extensions import db
from mobilize.models import AuditEntry, Volunteer
from mobilize.services import import_cells, imports
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.imports import ImportReport
from mobilize.services.runtime import runtime
from tests.conftest import count
from tests.world import World

HEADER = "given_name,family_name,phone,born_on"
ANA = "Ana,Hoxha,0692012345,1990-01-02"
BEN = "Ben,Leka,0692012346,1991-01-02"

Import = Callable[..., ImportReport]


@pytest.fixture
def load(world: World) -> Import:
    """Import lines of text into the section `al`."""
    world.section()
    world.skill("medic")
    world.skill("driver")

    def load(*lines: str, encoding: str = "utf-8", **options: Any) -> ImportReport:
        return imports.apply(SYSTEM, "\r\n".join(lines).encode(encoding), "al", **options)

    return load


def volunteer(phone: str = "+355692012345") -> Volunteer:
    return db.session.scalars(select(Volunteer).where(Volunteer.phone == phone)).one()


def outcome(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, len(report.faults)


def reasons(report: ImportReport) -> dict[int, str]:
    return {fault.line: " / ".join(fault.reasons) for fault in report.faults}


def test_good_lines_go_in_and_bad_ones_are_told_with_number_and_reasons(load: Import) -> None:
    report = load(
        f"{HEADER},home_lat,home_lon,skills",
        f"{ANA},41.3,19.4,medic",
        "Ben,,12,1991-13-01,95,19,pilot",
        "",
        "Eva,Dema,0692012347,1992-01-02,41.3,,",
    )
    assert outcome(report) == (1, 0, 0, 2)
    assert "born_on: '1991-13-01' is not a day" in reasons(report)[3]
    assert "phone: '12'" in reasons(report)[3]
    assert "home_lon: is empty" in reasons(report)[5]


def test_what_only_shows_against_the_records_is_told_by_column(load: Import) -> None:
    report = load(f"{HEADER},home_lat,home_lon,skills,language", f"{ANA},95,19,medic | pilot,albanian")
    told = reasons(report)[2]
    assert "home_lat: 95 is impossible" in told
    assert "skills: 'pilot' is not a skill here" in told
    assert "language: 'albanian'" in told
    assert count("volunteer") == count("place") == 0


def test_the_same_file_again_changes_nothing(load: Import) -> None:
    lines = (f"{HEADER},consent_at,home_address,skills", f"{ANA},yes,Durrës,medic", f"{BEN},,,")
    assert outcome(load(*lines)) == (2, 0, 0, 0)
    assert outcome(load(*lines)) == (0, 0, 2, 0)
    assert count("audit_entry") == 2


def test_a_known_phone_is_updated_and_empty_cells_change_nothing(load: Import) -> None:
    load(f"{HEADER},email,skills", f"{ANA},ana@example.org,medic (issuer: Red Cross; verified)")
    report = load(f"{HEADER},email,skills", "Anna,Hoxha,+355 69 201 2345,1990-01-02,,medic | driver")
    assert outcome(report) == (0, 1, 0, 0)
    ana = volunteer()
    assert (ana.given_name, ana.email) == ("Anna", "ana@example.org")
    proofs = {proof.skill.code: proof for proof in ana.certifications}
    assert proofs["medic"].issuer == "Red Cross"
    assert proofs["medic"].verified_at is not None
    assert proofs.keys() == {"medic", "driver"}
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "volunteer.change")).one()
    assert entry.before is not None
    assert entry.before["given_name"] == "Ana"


def test_a_check_tells_the_same_and_changes_nothing(load: Import) -> None:
    load(HEADER, ANA)
    report = imports.check(SYSTEM, f"{HEADER}\n{ANA}x\n{BEN}\nX,,1,2".encode(), "al")
    assert outcome(report) == (1, 0, 0, 2)
    assert count("volunteer") == 1


def test_a_phone_twice_in_a_file_counts_once(load: Import) -> None:
    report = load(HEADER, ANA, BEN, "Other,Person,+355 69 201 2345,1990-01-02")
    assert outcome(report) == (2, 0, 0, 1)
    assert "same as on line 2" in reasons(report)[4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_found(load: Import, encoding: str, delimiter: str) -> None:
    lines = [line.replace(",", delimiter) for line in (HEADER, ANA.replace("Hoxha", "Çela-Gjoçë"))]
    assert outcome(load(*lines, encoding=encoding)) == (1, 0, 0, 0)
    assert volunteer().family_name == "Çela-Gjoçë"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"Ana,Hoxha,0692012345,1990-01-02\n", "has no header"),
        (b"given_name,phone,shoe_size\n", "unknown columns: shoe_size"),
        (b"given_name,phone\n", "lacks the columns family_name, born_on"),
        (b"given_name,family_name,phone,born_on,phone\n", "twice"),
        (b"given_name\0", "NUL bytes"),
        ("given_name".encode("utf-16"), "NUL bytes"),
        (HEADER.encode() + b'\nAna,Hoxha,"0692012345,1990-01-02\n', "quotation mark"),
        (HEADER.encode() + b"\nAna,Hoxha,0692012345,1990-01-02\n" + b"x" * 200_000, "line 3"),
    ],
)
def test_a_broken_file_is_refused_whole(load: Import, content: bytes, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        imports.apply(SYSTEM, content, "al")
    assert count("volunteer") == 0


def test_lines_of_the_wrong_shape_are_told(load: Import) -> None:
    report = load(
        HEADER, "Ana,Hoxha,0692012345", f"{BEN},more", '"E\nva",Dema,0692012347,1990-01-01', f"{'x' * 3000},,,"
    )
    assert outcome(report) == (0, 0, 0, 4)
    assert reasons(report).keys() == {2, 3, 4, 6}
    assert "lines 4 to 5" in reasons(report)[4]


def test_many_lines_go_in_by_batches(load: Import) -> None:
    lines = [f"N{i},Many,069{2100000 + i},1990-01-01" for i in range(2500)]
    done: list[tuple[int, int]] = []
    report = load(HEADER, *lines, tell=lambda now, all_: done.append((now, all_)))
    assert outcome(report) == (2500, 0, 0, 0)
    assert done == [(1000, 2500), (2000, 2500), (2500, 2500)]
    assert count("audit_entry") == 2500


def test_export_and_import_is_no_change(load: Import, world: World) -> None:
    load(
        f"{HEADER},phone_status,email,consent_at,home_lat,home_lon,work_address,work_hours,availability,skills",
        "=Ana,@Hoxha,0692012345,1990-01-02,verified,a@b.org,yes,41.3,-19.4,Durrës,mon 08:00-16:00,"
        "fri 22:00-06:00 | sat 00:00-24:00,"
        "medic (issuer: A;number: 1%3B2; expires: 2027-01-01; verified) | driver",
        "'Abd,''=x,0692012346,1990-01-02,,,,,,,,never,",
    )
    exported = "".join(imports.export(SYSTEM))
    assert "'=Ana,'@Hoxha,+355692012345" in exported
    assert outcome(imports.apply(SYSTEM, exported.encode())) == (0, 0, 2, 0)
    assert volunteer().given_name == "=Ana"
    assert volunteer("+355692012346").given_name == "'Abd"
    assert volunteer("+355692012346").weekly_hours == "0" * 84


@pytest.mark.parametrize("value", ["=1+1", "+x", "-x", "@x", "'=x", "'x", "x", "", "''=x"])
def test_the_guard_against_formulas_comes_off_again(value: str) -> None:
    guarded = import_cells.guarded("given_name", value)
    assert import_cells.unguarded(guarded) == value
    assert not guarded.startswith(("=", "+", "-", "@"))


def test_addresses_are_looked_up_only_without_coordinates(load: Import) -> None:
    report = load(f"{HEADER},home_lat,home_lon,home_address", f"{ANA},,,Tirana", f"{BEN},41.5,19.5,Tirana")
    assert outcome(report) == (2, 0, 0, 0)
    assert volunteer().places[0].lat == pytest.approx(41.33, abs=0.05)
    assert volunteer("+355692012346").places[0].lat == 41.5
    told = load(f"{HEADER},home_address", "Eva,Dema,0692012347,1990-01-02,Nowhere")
    assert "home_address: 'Nowhere' was not found" in reasons(told)[2]


def test_other_places_stay(load: Import) -> None:
    load(f"{HEADER},home_lat,home_lon", f"{ANA},41.3,19.4")
    load(f"{HEADER},work_lat,work_lon,work_hours", f"{ANA},41.4,19.5,mon 08:00-16:00")
    assert {place.kind for place in volunteer().places} == {PlaceKind.HOME, PlaceKind.WORK}


def test_coordinators_import_into_their_sections_only(load: Import, world: World) -> None:
    load(HEADER, ANA)
    italy = world.section("it", "IT")
    viewer = viewer_of(world.account(AccountRole.COORDINATOR, section=italy))
    content = f"section,{HEADER}\nit,{ANA.replace('069', '+35569')}\nal,{BEN}".encode()
    told = reasons(imports.apply(viewer, content))
    assert "belongs to a volunteer of another section" in told[2]
    assert "'al' is not one of your sections" in told[3]
    with pytest.raises(InvalidInput, match="section"):
        imports.apply(viewer, HEADER.encode(), "al")
    assert len(list(imports.export(viewer))) == 1


def test_a_phone_taken_at_this_moment_costs_only_its_own_line(
    load: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(HEADER, ANA)
    # As if the other registration came between our look and our write.
    monkeypatch.setattr(imports, "stored_records", lambda phones: {})
    report = load(HEADER, ANA, BEN)
    assert outcome(report) == (1, 0, 0, 1)
    assert "import the file again" in reasons(report)[2]
    assert count("volunteer") == 2


def test_a_silent_geocoder_is_not_asked_for_every_line(load: Import) -> None:
    asked = []

    class Silent:
        def locate(self, address: str, country: str) -> None:
            asked.append(address)
            raise InvalidInput("address", "could not be looked up; give lat and lon.")

    runtime().geocoder = Silent()
    report = load(
        f"{HEADER},home_address", *(f"N{i},M,069{2100000 + i},1990-01-01,Street {i}" for i in range(9))
    )
    assert outcome(report) == (0, 0, 0, 9)
    assert len(asked) == 3
