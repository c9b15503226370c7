"""``flask acceptance``: what is believed of how people answer, and whether it held."""

import json
from dataclasses import asdict
from typing import Any

import click
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from rich.table import Table

from mobilize.domain.acceptance import Model, Verdict, describe
from mobilize.services import acceptance, learning

acceptance_group = AppGroup("acceptance", help="How likely people are to say yes, and how good that guess was.")


@acceptance_group.command("report")
@click.option("--drills", "drill", is_flag=True, help="Of drills, which are learned apart.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@with_appcontext
def report(drill: bool, as_json: bool) -> None:
    """Show the model in force, and judge the chances that were stated beside two simpler guesses."""
    model, verdicts = acceptance.model_for(drill=drill), learning.report(drill=drill)
    if as_json:
        click.echo(json.dumps(_as_json(model, verdicts), indent=2))
    else:
        _print(Console(), model, verdicts)


@acceptance_group.command("learn")
@with_appcontext
def learn() -> None:
    """Learn anew from everything that is over. The engine does so each hour."""
    for drill in (False, True):
        found = learning.learn(drill=drill)
        kind = "drills" if drill else "real call-outs"
        asks = "nothing to learn from yet" if found is None else f"learned from {found.learned_from:,} asks"
        click.echo(f"{kind}: {asks}.")


def _as_json(model: Model, verdicts: dict[str, Verdict]) -> dict[str, Any]:
    """Where nothing was judged, figures are null."""
    return {
        "model": describe(model),
        "learned_from": model.learned_from,
        "learned_at": model.learned_at.isoformat() if model.learned_at else None,
        "verdicts": {
            name: asdict(verdict) if verdict.people else {"people": 0, "brier": None, "calibration_error": None}
            for name, verdict in verdicts.items()
        },
    }


def _print(console: Console, model: Model, verdicts: dict[str, Verdict]) -> None:
    since = f"{model.learned_at:%Y-%m-%d %H:%M} UTC" if model.learned_at else "not learned yet: first beliefs"
    console.print(f"The model in force ({since}, from {model.learned_from:,} asks):")
    for name, value in describe(model).items():
        console.print(f"  {name.replace('_', ' ')}: {value:.3g}")
    table = Table("guess", "asks judged", "Brier score", "calibration error", title="How good the guesses were")
    for name, verdict in verdicts.items():
        if verdict.people:
            table.add_row(
                name, f"{verdict.people:,}", f"{verdict.brier:.4f}", f"{verdict.calibration_error:.3f}"
            )
        else:
            table.add_row(name, "0", "–", "–")
    console.print(table)
    stated = verdicts["stated"]
    if stated.people:
        deciles = Table("asks", "stated", "happened", title="Stated chances by tenths")
        for decile in stated.deciles:
            deciles.add_row(f"{decile.people:,}", f"{decile.stated:.0%}", f"{decile.happened:.0%}")
        console.print(deciles)


commands: list[click.Command] = [acceptance_group]
