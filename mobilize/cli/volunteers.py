"""``flask volunteers``: import, export, reindex."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import BinaryIO, TextIO

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mobilize.domain.errors import MobilizeError
from mobilize.services import burden, imports, lapses, selection
from mobilize.services.access import SYSTEM
from mobilize.services.import_cells import COLUMNS
from mobilize.services.imports import ImportReport
from mobilize.services.volunteers import Criteria

group = AppGroup("volunteers", help="Import, export and reindex volunteers; see who carries the load.")
commands: list[click.Command] = [group]

#: Progress goes to standard error, so that standard output holds nothing but the result.
_console = Console(stderr=True)

_IMPORT_HELP = f"""Import volunteers from a CSV FILE (- is standard input).

The first line names the columns: {", ".join(COLUMNS)}. A phone that is registered already is updated,
an empty cell changes nothing, and lines with faults are left out and listed. Ends with status 1 if
there are any.
"""


@group.command("import", help=_IMPORT_HELP)
@click.argument("file", type=click.File("rb"))
@click.option("--section", required=True, help="Code of the section for lines that name none.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
def import_file(file: BinaryIO, section: str, dry_run: bool) -> None:
    use = imports.check if dry_run else imports.apply
    with _refusals(), _progress() as bar:
        task = bar.add_task("Checking" if dry_run else "Importing", total=None)
        report = use(SYSTEM, file, section, lambda done, total: bar.update(task, completed=done, total=total))
    _tell(report)
    if dry_run:
        click.echo("This was a dry run: nothing was changed.")
    sys.exit(1 if report.faults else 0)


def _tell(report: ImportReport) -> None:
    for fault in report.faults:
        for reason in fault.reasons:
            click.echo(f"line {fault.line}: {reason}", err=True)
    click.echo(
        f"{report.lines} lines: {report.created} created, {report.updated} updated, "
        f"{report.unchanged} unchanged, {len(report.faults)} left out."
    )


@group.command("export")
@click.option("--section", help="Code of a section; branches below it are included. Left out: all.")
@click.option(
    "--output",
    type=click.File("w", encoding="utf-8", lazy=True),
    default="-",
    help="A file; - is standard output.",
)
def export(section: str | None, output: TextIO) -> None:
    """Write volunteers as CSV, in the form that import reads.

    Cells that a spreadsheet would take for a formula begin with an apostrophe; import takes it off.
    """
    with _refusals(), _progress() as bar:
        task = bar.add_task("Exporting", total=None)
        for line in imports.export(SYSTEM, Criteria(section=section)):
            output.write(line)
            bar.advance(task)


@group.command("reindex")
def reindex() -> None:
    """Rebuild the selection index from places and certifications."""
    with _console.status("Rebuilding the selection index"):
        rows = selection.rebuild_index()
    click.echo(f"The selection index has {rows} rows.")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except MobilizeError as error:
        raise click.ClickException(str(error)) from error


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=_console, transient=True)


@group.command("burden")
@click.option(
    "--days", default=90, show_default=True, type=click.IntRange(1, burden.LONGEST_DAYS), help="Back."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def show_burden(days: int, as_json: bool) -> None:
    """Show who carries the load: asks by section, and the people who were asked most."""
    found = burden.burden(SYSTEM, days)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return
    console = Console()
    sections = Table("section", "members", "asks", "each", "on the busiest tenth", "Gini")
    for row in found.sections:
        sections.add_row(
            row.section,
            f"{row.load.people:,}",
            f"{row.load.asks:,}",
            f"{row.load.mean:.2f}",
            f"{row.load.busiest_tenth:.0%}",
            f"{row.load.gini:.2f}",
        )
    console.print(f"Asks in the last {days} days: {found.overall.asks:,} of {found.overall.people:,} members.")
    console.print(sections)
    people = Table("most asked", "section", "asked", "said yes", "arrived")
    for person in found.busiest:
        people.add_row(person.name, person.section, *map(str, (person.asked, person.accepted, person.arrived)))
    console.print(people)


@group.command("lapsing")
@click.option(
    "--days",
    default=60,
    show_default=True,
    type=click.IntRange(1, lapses.LONGEST_DAYS),
    help="Ahead, and back.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def show_lapsing(days: int, as_json: bool) -> None:
    """Show certificates that lapse soon or lapsed lately, and whether their holders were told."""
    found = lapses.lapsing(SYSTEM, days)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], default=str, indent=2))
        return
    table = Table("lapses", "in days", "certificate", "holder", "section", "told")
    for one in found:
        told = "yes" if one.announced else "no"
        table.add_row(f"{one.expires_on}", str(one.days_left), one.skill, one.name, one.section, told)
    console = Console()
    console.print(table if found else f"No certificate lapses within {days} days.")
