"""``flask drill``: a whole call-out without a browser, in a database of its own that is gone afterwards."""

import json
import logging
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from config import ROOT, Settings
from mobilize.demo import drill as drills
from mobilize.engine import ticks
from mobilize.extensions import db, migrate
from mobilize.gateways import make_sms_gateways
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import Runtime, runtime

#: Every drill starts at the same moment, so that a seed gives the same run on any day: a Tuesday, 09:00 UTC.
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@click.command("drill")
@click.option(
    "--volunteers", default=2000, show_default=True, type=click.IntRange(1, 2_000_000), help="How many."
)
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same run.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@with_appcontext
def drill(volunteers: int, seed: int, as_json: bool) -> None:
    """Run a whole call-out in simulated time and print the outcome. Exits with 1 if it was not filled.

    It never touches existing data: it works in a temporary SQLite file or, if DATABASE_URL is set and
    names PostgreSQL, in a schema of its own there. Both are removed at the end.
    """
    if "LOG_LEVEL" not in os.environ:
        logging.getLogger().setLevel(logging.WARNING)
    with _own_database() as database_url:
        outcome = _run(database_url, volunteers, seed)
    if as_json:
        click.echo(json.dumps(asdict(outcome), indent=2))
    else:
        _print(outcome)
    if not outcome.filled:
        raise SystemExit(1)


def _run(database_url: str, volunteers: int, seed: int) -> drills.Outcome:
    clock = FastForwardClock(START)
    settings = replace(
        runtime().settings,
        database_url=database_url,
        sms_gateway="simulator",
        simulator_seed=seed,
        simulator_speed=1.0,
    )
    app = _bare_app(settings, clock)
    with app.app_context():
        try:
            upgrade()
            return drills.run(volunteers=volunteers, seed=seed, clock=clock, tick=ticks.run_once)
        finally:
            db.session.remove()
            db.engine.dispose()


def _bare_app(settings: Settings, clock: FastForwardClock) -> Flask:
    """An application with a database and services, and no doors: all that the engine's ticks need."""
    app = Flask("mobilize", instance_path=current_app.instance_path)
    app.config.update(SQLALCHEMY_DATABASE_URI=settings.database_url)
    db.init_app(app)
    migrate.init_app(app, directory=str(ROOT / "migrations"))
    app.extensions["mobilize"] = Runtime(
        settings=settings,
        clock=clock,
        gateways=make_sms_gateways(settings, clock),
        geocoder=runtime().geocoder,
    )
    return app


@contextmanager
def _own_database() -> Iterator[str]:
    """The address of an empty database that exists for this drill alone."""
    url = runtime().settings.database_url
    if "DATABASE_URL" in os.environ and make_url(url).get_backend_name() == "postgresql":
        with _own_schema(url) as address:
            yield address
    else:
        with tempfile.TemporaryDirectory(prefix="mobilize-drill-") as directory:
            yield f"sqlite:///{Path(directory) / 'drill.db'}"


@contextmanager
def _own_schema(url: str) -> Iterator[str]:
    schema = f"drill_{secrets.token_hex(6)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except ProgrammingError as error:
        raise click.ClickException(
            f"A drill on PostgreSQL works in a schema of its own and may not create one here: {error.orig}. "
            "Grant CREATE on the database to this user, or point DATABASE_URL at another one."
        ) from error
    try:
        address = make_url(url).update_query_dict({"options": f"-csearch_path={schema}"})
        yield address.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()


def _print(outcome: drills.Outcome) -> None:
    table = Table(title=f"Drill with {outcome.volunteers} volunteers, seed {outcome.seed}, {outcome.database}")
    table.add_column("What")
    table.add_column("Value", justify="right")
    for skill, headcount in outcome.headcount.items():
        table.add_row(f"Coming: {skill.replace('_', ' ')}", f"{outcome.accepted[skill]} of {headcount}")
    ledger = outcome.ledger
    for name, value in (
        ("Asked", outcome.asked),
        ("Delivered", outcome.delivered),
        ("Answered", outcome.answered),
        ("Reserve", outcome.reserve),
        ("Median answer, s", outcome.median_answer_s),
        ("90th percentile, s", outcome.p90_answer_s),
        ("Filled after, s", outcome.fill_s),
        ("Texts / segments", f"{outcome.texts} / {outcome.segments}"),
        ("Asked but without text", ledger.missing),
        ("Asked twice", ledger.twice),
    ):
        table.add_row(name, "–" if value is None else str(value))
    Console().print(table)


commands: list[click.Command] = [drill]
