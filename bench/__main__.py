"""``python -m bench NAME [--json] [options]``: one question, every alternative measured in the same run.

A bench is a module of this package with ``add_arguments(parser)`` and ``run(args)``; `run` returns
``rows`` (one per alternative) and ``goals`` (``name``, ``value``, ``goal``, ``met``), and more if it likes.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

BENCHES: Mapping[str, str] = {
    "crash": "texts lost and texts sent twice, while processes are killed at random moments",
    "dispatch": "durable texts per second, beside bare clients and task queues; launch to first text",
    "replies": "texts understood, and dangerous misreadings, on the corpus as it is and damaged",
    "select": "selection of volunteers around a city, beside a geopy loop and a latitude-longitude box",
    "waves": "people disturbed, time to fill and promises kept, beside other ways to ask",
    "webhooks": "webhooks a second, durable before they are acknowledged, beside one ORM object per request",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one bench; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measured comparisons.")
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, question in BENCHES.items():
        one = names.add_parser(name, help=question, description=question)
        one.add_argument("--json", action="store_true", help="print JSON instead of tables")
        importlib.import_module(f"bench.{name}").add_arguments(one)
    args = parser.parse_args(arguments)
    result = importlib.import_module(f"bench.{args.name}").run(args)
    if args.json:
        print(json.dumps(result, indent=2))
    else:
        _show(args.name, result)
    return 0 if all(goal["met"] for goal in result["goals"]) else 1


def _show(name: str, result: Mapping[str, Any]) -> None:
    console = Console(width=160)
    for title in ("rows", "goals"):
        console.print(_table(f"{name}: {title}", result[title]))
    for key, value in result.items():
        if key not in ("rows", "goals"):
            console.print(f"{key}: {value}")


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=title)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    for column in columns:
        table.add_column(column, justify="left" if isinstance(rows[0].get(column), str) else "right")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
