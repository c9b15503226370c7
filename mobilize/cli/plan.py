"""``flask plan``: what a launch of a callout would do, without launching it."""

import json
import math
from dataclasses import asdict
from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table

from mobilize.domain.errors import MobilizeError
from mobilize.services import plans
from mobilize.services.access import SYSTEM
from mobilize.services.plans import Plan


@click.command("plan")
@click.argument("callout_id", type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@with_appcontext
def plan(callout_id: int, as_json: bool) -> None:
    """Show whom callout CALLOUT_ID would ask, how sure it is, and what it takes. Nothing is sent."""
    try:
        found = plans.plan(SYSTEM, callout_id)
    except MobilizeError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2))
    else:
        _print(Console(), found)


def _as_json(found: Plan) -> dict[str, Any]:
    """Infinity is no JSON: where senders have no limit, ``minutes`` is 0."""
    return asdict(found) | {"minutes": 0.0 if math.isinf(found.minutes) else round(found.minutes, 2)}


def _print(console: Console, found: Plan) -> None:
    console.print(
        f"{found.sure:.0%} sure that every need is filled in time. "
        f"{found.eligible:,} of {found.examined:,} people may be called; the first wave asks "
        f"{found.first_wave:,}: {found.texts:,} texts, {found.segments:,} segments."
    )
    burden = Table("confidence", "asked at once", "asked in the end (usual night)", "good to bad night", "sure")
    for choice in found.choices:
        burden.add_row(
            "everyone" if choice.confidence is None else f"{choice.confidence:.0%}",
            f"{choice.at_once:,}",
            f"{choice.middle:,}",
            f"{choice.low:,} to {choice.high:,}",
            f"{choice.sure:.0%}",
        )
    console.print(burden)
    if found.answers:
        answers = Table(
            "minutes", "yes, 10th percentile", "middle", "90th", title="Yes from the first wave alone"
        )
        for moment in found.answers:
            answers.add_row(f"{moment.after_s / 60:.0f}", str(moment.low), str(moment.middle), str(moment.high))
        console.print(answers)
    for reason, count in sorted(found.excluded.items(), key=lambda pair: -pair[1]):
        console.print(f"  not called: {reason.replace('_', ' ')}: {count:,}")


commands: list[click.Command] = [plan]
