"""``flask demo``: the whole job on real ground, with simulated phones, to watch in a browser."""

import logging
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import inspect, text

from mobilize.demo import job, lore, seeding, sign_ins
from mobilize.engine import Engine
from mobilize.extensions import db
from mobilize.gateways import make_sms_gateways, make_voice_gateway
from mobilize.models import Callout
from mobilize.services.runtime import runtime

from .up import Ending, WebServer, ends_on_signals, running, this_app

#: How much faster than life the demonstration runs, unless ``SIMULATOR_SPEED`` says otherwise.
SPEED = 60.0
_FILL_WITHIN_S = 180


@click.command("demo")
@click.option(
    "--volunteers", default=5000, show_default=True, type=click.IntRange(1, 2_000_000), help="How many people."
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same people.")
@click.option("--until-filled", is_flag=True, help="End when every place is filled; exit with 1 after 180 s.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port.")
@click.option("--reset", is_flag=True, help="Throw the demonstration's data away and start over.")
@with_appcontext
def demo(*, volunteers: int, seed: int, until_filled: bool, host: str, port: int, reset: bool) -> None:
    """Show the whole job: an earthquake, a call-out, simulated phones that answer, the board."""
    console = Console()
    app = this_app()
    web = WebServer(app, host, port)
    _speed_up(web.address)
    engine = Engine(app)
    if reset:
        _forget_everything()
    upgrade()
    _seed(console, volunteers, seed)
    lore.teach(runtime().settings)
    accounts = sign_ins.ensure(_sign_in_file())
    with ends_on_signals() as ended, running((engine.start, engine.stop), (web.start, web.stop)):
        callout = _callout(console)
        _tell(console, web.address, callout, accounts)
        filled = _watch(console, callout, ended, until_filled=until_filled)
    if until_filled and not filled:
        sys.exit(1)


def _speed_up(address: str) -> None:
    """Let phones and waves live faster than life, and keep the log to what went wrong.

    Links in texts lead to this server, unless ``PUBLIC_URL`` names another address for it.
    """
    current = runtime()
    if current.settings.sms_gateway != "simulator":
        raise click.ClickException("The demonstration invents phones. Run it with SMS_GATEWAY=simulator.")
    speed = current.settings.simulator_speed if "SIMULATOR_SPEED" in os.environ else SPEED
    current.settings = replace(
        current.settings,
        public_url=current.settings.public_url if "PUBLIC_URL" in os.environ else address,
        simulator_speed=speed,
        plan_seconds=max(current.settings.plan_seconds / speed, 1.0),
        voice_retry_minutes=current.settings.voice_retry_minutes / speed,
    )
    current.gateways = make_sms_gateways(current.settings, current.clock)
    current.voice = make_voice_gateway(current.settings, current.clock)
    if "LOG_LEVEL" not in os.environ:
        logging.getLogger().setLevel(logging.WARNING)


def _forget_everything() -> None:
    """Drop the tables of a database that a demonstration made, and its sign-ins."""
    if inspect(db.engine).has_table("section") and seeding.is_seeded():
        _refuse_foreign_data()
        db.drop_all()
        with db.engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    _sign_in_file().unlink(missing_ok=True)


def _refuse_foreign_data() -> None:
    made_here = seeding.made_by_demo()
    db.session.rollback()
    if not made_here:
        raise click.ClickException(
            "This database holds data that no demonstration made. Point DATABASE_URL at an empty one."
        )


def _seed(console: Console, count: int, seed_number: int) -> None:
    """Write the people, unless they are there from an earlier run."""
    seeded = seeding.is_seeded()
    db.session.rollback()
    if seeded:
        _refuse_foreign_data()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Volunteers", total=count)
        seeding.seed(count, seed_number, lambda done: bar.update(task, completed=done))


def _sign_in_file() -> Path:
    return Path(current_app.instance_path) / "demo.json"


def _callout(console: Console) -> Callout:
    """The callout to show. A new emergency is declared only where there has been none."""
    callout = job.latest_callout()
    if callout is None:
        callout = job.declare_and_launch(sign_ins.coordinator(), drill=False)
    elif not callout.status.running:
        console.print("The earlier call-out is over; this shows how it ended. `make demo-reset` starts over.")
    db.session.commit()
    return callout


def _tell(console: Console, address: str, callout: Callout, accounts: list[sign_ins.SignIn]) -> None:
    console.print(f"\n[bold]Mobilize is at {address}[/]  (Ctrl-C ends it, `make demo-reset` starts over)\n")
    for account in accounts:
        console.print(f"  {account.role:<12} {account.email:<26} {account.password}", highlight=False)
    console.print()


def _watch(console: Console, callout: Callout, ended: Ending, *, until_filled: bool) -> bool:
    """Show the progress until the end; returns whether every place is filled."""
    callout_id = callout.id
    db.session.rollback()
    give_up = time.monotonic() + _FILL_WITHIN_S
    shown = ""
    with Live(console=console, auto_refresh=False) as live:
        while True:
            progress = job.progress(callout_id)
            line = _line(progress)
            if line != shown:
                shown = line
                live.update(line, refresh=True) if console.is_terminal else console.print(line)
            if until_filled and (progress.filled or time.monotonic() > give_up):
                return progress.filled
            if ended.wait(1.0):
                return progress.filled


def _line(progress: job.Progress) -> str:
    places = " · ".join(
        f"{skill.replace('_', ' ')} {progress.coming[skill]}/{wanted}"
        for skill, wanted in progress.headcount.items()
    )
    return (
        f"{progress.status.value}: asked {progress.asked} · delivered {progress.delivered} · "
        f"answered {progress.answered} · coming: {places} · reserve {progress.reserve}"
    )


commands: list[click.Command] = [demo]
