"""``flask senders``: see what texts go out from, and stop and start it."""

from collections.abc import Iterable

import click
from flask.cli import AppGroup

from mobilize.domain.errors import MobilizeError
from mobilize.services import senders
from mobilize.services.access import SYSTEM
from mobilize.services.senders import Pause, SenderStatus

group = AppGroup("senders", help="What texts go out from, how fast, and what holds them back.")
commands: list[click.Command] = [group]


@group.command("list")
def show() -> None:
    """List the senders, what stops them, and how many texts wait."""
    found = senders.overview(SYSTEM)
    for sender in found.senders:
        click.echo(f"{sender.name}  {_pace(sender)}  {'PAUSED' if sender.pauses else 'going'}")
        _tell(sender.pauses)
    for title, pauses in (
        ("Countries held back:", found.country_pauses),
        ("Paused, but no longer in the settings:", found.former_pauses),
    ):
        if pauses:
            click.echo(title)
            _tell(pauses)
    click.echo(f"Texts waiting: {found.queued}")


@group.command("pause")
@click.argument("name")
def pause(name: str) -> None:
    """Send nothing by NAME, a provider or a sender, until it is resumed. Texts wait."""
    try:
        senders.pause_by_hand(SYSTEM, name)
    except MobilizeError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} is paused. flask senders resume {name!r} ends that.")


@group.command("resume")
@click.argument("name")
def resume(name: str) -> None:
    """End the pause of NAME, a provider, a sender or a country as `list` shows it."""
    try:
        senders.resume(SYSTEM, name)
    except MobilizeError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} goes on.")


def _pace(sender: SenderStatus) -> str:
    return "no limit" if sender.rate is None else f"{sender.rate:g} segments/s"


def _tell(pauses: Iterable[Pause]) -> None:
    for pause in pauses:
        until = f"next try {pause.retry_at:%H:%M:%S} UTC" if pause.retry_at else "until it is resumed"
        click.echo(f"  {pause.subject}: {pause.detail} (since {pause.since:%Y-%m-%d %H:%M:%S} UTC, {until})")
