"""Volunteers from and to CSV files.

`check` says what `apply` would do. A line is imported whole or not at all; bad lines are reported with
their number and reasons and the good ones go in. A phone that is registered already is updated, so the
same file again changes nothing. Lines are stored in batches, each one transaction.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy.exc import IntegrityError

from mobilize.domain.errors import InvalidInput, NotFound
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Section, Skill, Volunteer

from . import access, import_cells, skills, volunteers
from .access import Viewer
from .import_files import Line, Readable, Table, open_table
from .import_lines import Addresses, Reader, Wish
from .import_store import Changed, New, stored_records, write
from .volunteer_records import record_of
from .volunteers import Criteria

BATCH = 1000
#: Called with the lines that are done and all lines of the file.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LineFault:
    """Why a line was left out: reasons as ``column: what is wrong and the remedy``."""

    line: int
    reasons: tuple[str, ...]


@dataclass(slots=True)
class ImportReport:
    """What an import did, or would do."""

    lines: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    faults: list[LineFault] = field(default_factory=list)


def _silent(_done: int, _all: int) -> None:
    """Nobody watches."""


def check(
    viewer: Viewer, source: bytes | Readable, section: str | None = None, tell: Progress = _silent
) -> ImportReport:
    """What `apply` would do with this file; changes nothing."""
    return _Import(viewer, section, _write_nothing).run(_table(source), tell)


def apply(
    viewer: Viewer, source: bytes | Readable, section: str | None = None, tell: Progress = _silent
) -> ImportReport:
    """Import the file's good lines. ``section`` is the code for lines that name none.

    Raises `InvalidInput` on ``file`` or ``section`` before anything is changed when the file as a
    whole cannot be used.
    """
    return _Import(viewer, section, write).run(_table(source), tell)


def _table(source: bytes | Readable) -> Table:
    return open_table(source, import_cells.COLUMNS, import_cells.REQUIRED)


def _write_nothing(_viewer: Viewer, _new: Sequence[New], _changed: Sequence[Changed]) -> None:
    """A check: end the transaction without a change."""
    db.session.rollback()


class _Import:
    """One run over one file. Sections and skills are read once."""

    def __init__(
        self,
        viewer: Viewer,
        section: str | None,
        store: Callable[[Viewer, Sequence[New], Sequence[Changed]], None],
    ) -> None:
        access.require(viewer, AccountRole.COORDINATOR)
        sections = _sections(viewer)
        if section is not None and section not in sections:
            db.session.rollback()
            raise InvalidInput("section", str(NotFound("section", section)))
        self._viewer, self._store = viewer, store
        self._reader = Reader(viewer, sections, skills.codes(), section)
        self._addresses = Addresses()
        self._seen: dict[str, int] = {}
        self._report = ImportReport()
        # No transaction stays open while lines are read and addresses looked up.
        db.session.rollback()

    def run(self, table: Table, tell: Progress) -> ImportReport:
        for lines in _batches(table):
            self._batch(lines)
            tell(self._report.lines, table.lines)
        self._report.faults.sort(key=lambda fault: fault.line)
        return self._report

    def _batch(self, lines: Sequence[Line]) -> None:
        self._report.lines += len(lines)
        wishes = [wish for line in lines if (wish := self._wish(line))]
        self._look_up(wishes)
        self._take(wishes)

    def _fault(self, line: int, error: InvalidInput) -> None:
        reasons = tuple(f"{name}: {reason}" for name, found in error.errors.items() for reason in found)
        self._report.faults.append(LineFault(line, reasons))

    def _wish(self, line: Line) -> Wish | None:
        if line.faults:
            self._report.faults.append(LineFault(line.number, line.faults))
            return None
        try:
            wish = self._reader.wish(line)
            earlier = self._seen.setdefault(wish.phone, line.number)
            if earlier != line.number:
                raise InvalidInput("phone", f"is the same as on line {earlier}; leave out one of them.")
        except InvalidInput as error:
            self._fault(line.number, error)
            return None
        return wish

    def _look_up(self, wishes: Sequence[Wish]) -> None:
        """Find the coordinates of new addresses, with no transaction open."""
        asking = [wish for wish in wishes if wish.addresses_only()]
        if not asking:
            return
        known = {phone: record for phone, (_, record) in stored_records(w.phone for w in asking).items()}
        db.session.rollback()
        for wish in asking:
            self._addresses.look_up(wish, known.get(wish.phone))

    def _take(self, wishes: Sequence[Wish]) -> None:
        """One transaction; if another process registered one of the phones meanwhile, one for each line."""
        try:
            self._transaction(wishes)
        except IntegrityError:
            db.session.rollback()
            if len(wishes) == 1:
                again = "was registered or changed by somebody else at this moment; import the file again."
                self._fault(wishes[0].line, InvalidInput("phone", again))
                return
            for wish in wishes:
                self._take([wish])

    def _transaction(self, wishes: Sequence[Wish]) -> None:
        stored = stored_records(wish.phone for wish in wishes)
        new: list[New] = []
        changed: list[Changed] = []
        faults: list[tuple[int, InvalidInput]] = []
        for wish in wishes:
            volunteer, before = stored.get(wish.phone, (None, None))
            try:
                after = self._reader.record(wish, before)
            except InvalidInput as error:
                faults.append((wish.line, error))
                continue
            if volunteer is None or before is None:
                new.append(New(after))
            elif after != before:
                changed.append(Changed(volunteer, before, after))
        self._store(self._viewer, new, changed)
        for number, fault in faults:
            self._fault(number, fault)
        self._report.created += len(new)
        self._report.updated += len(changed)
        self._report.unchanged += len(wishes) - len(faults) - len(new) - len(changed)


def _batches(lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    remaining = iter(lines)
    while batch := tuple(islice(remaining, BATCH)):
        yield batch


def _sections(viewer: Viewer) -> dict[str, Section]:
    """The viewer's sections by code, readable after the transaction ends."""
    found = {section.code: section for section in db.session.scalars(access.visible(viewer, Section))}
    for section in found.values():
        db.session.expunge(section)
    return found


def export(viewer: Viewer, criteria: Criteria | None = None) -> Iterator[str]:
    """The viewer's volunteers as lines of CSV, header first, in the form that `apply` reads.

    Live places, absences, snoozes and rest are of the moment and are not in the file.
    """
    access.require(viewer, AccountRole.COORDINATOR)
    return _rows(viewer, criteria or Criteria())


def _rows(viewer: Viewer, criteria: Criteria) -> Iterator[str]:
    yield _csv(import_cells.COLUMNS)
    codes = {skill.id: skill.code for skill in db.session.scalars(access.visible(viewer, Skill))}
    query = volunteers.search(viewer, criteria).order_by(None).order_by(Volunteer.id).limit(BATCH)
    last = 0
    while page := db.session.scalars(query.where(Volunteer.id > last)).all():
        for volunteer in page:
            record = record_of(volunteer)
            proofs = import_cells.write_skills(record.certifications, codes)
            yield _csv(import_cells.write_row(volunteer.section.code, record.columns, record.places, proofs))
        last = page[-1].id


def _csv(values: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
