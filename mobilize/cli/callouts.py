"""``flask callouts``: what was promised, and what came."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from rich.table import Table

from mobilize.domain.diagram import reliability
from mobilize.domain.promises import Audit
from mobilize.services import promises
from mobilize.services.access import SYSTEM

callouts_group = AppGroup("callouts", help="Call-outs that are over.")


@callouts_group.command("audit")
@click.option("--drills", "drill", is_flag=True, help="Of drills, which are kept apart.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the reliability diagram to this SVG file.",
)
@with_appcontext
def audit(drill: bool, as_json: bool, picture: Path | None) -> None:
    """Compare what was promised at each launch with what came."""
    found = promises.audit_all(SYSTEM, drill=drill)
    if picture is not None:
        picture.write_text(reliability(found), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        _print(Console(), found)


def _print(console: Console, found: Audit) -> None:
    left_out = f"{found.left_out} stood down before the time was up are left out."
    if found.promised is None or found.kept is None or found.brier is None or found.calibration_error is None:
        console.print(f"No call-out with a promise is over yet. {left_out}")
        return
    console.print(
        f"{found.count} call-outs: promised {found.promised:.1%} on average, kept {found.kept:.1%}. "
        f"Calibration error {found.calibration_error:.3f}, Brier score {found.brier:.4f}. {left_out}"
    )
    table = Table("call-outs", "promised", "kept", "90 % interval")
    for band in found.bands:
        table.add_row(
            str(band.count), f"{band.promised:.1%}", f"{band.kept:.1%}", f"{band.low:.0%} to {band.high:.0%}"
        )
    console.print(table)


commands: list[click.Command] = [callouts_group]
