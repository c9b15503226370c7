"""``flask audit``: prove that the trail is whole."""

import click
from flask.cli import AppGroup

from mobilize.services import audit

group = AppGroup("audit", help="The trail of changes and its chain of seals.")
commands: list[click.Command] = [group]


@group.command("verify")
def verify() -> None:
    """Recompute the whole chain; exit with 1 if an entry was changed, removed or inserted."""
    verdict = audit.verify()
    if verdict.broken_at is not None:
        click.echo(f"BROKEN at seal {verdict.broken_at}: the entry it seals was changed, removed or moved.")
        click.echo(f"The {verdict.broken_at - 1} seals before it are whole.")
        raise SystemExit(1)
    click.echo(f"Whole: {verdict.sealed} entries sealed, {verdict.unsealed} waiting for their seal.")


@group.command("seal")
def seal() -> None:
    """Seal every entry that waits; an engine does the same by itself."""
    sealed = 0
    while count := audit.seal():
        sealed += count
    click.echo(f"Sealed {sealed} entries.")
