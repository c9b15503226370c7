"""``flask inbox``: what texts received can teach."""

import json
from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from mobilize.services import inbox_export
from mobilize.services.access import SYSTEM

group = AppGroup("inbox", help="Texts received.")
commands: list[click.Command] = [group]


@group.command("export")
@click.option("--language", help="Only texts of people who are texted in this language, such as it.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only texts received since this day, UTC.")
def export(language: str | None, since: datetime | None) -> None:
    """Write corrected texts as JSON Lines, a corpus for the reading of answers.

    Phone numbers and the writer's own names are replaced. Names of others may be left: read it before you
    pass it on.
    """
    start = since.replace(tzinfo=UTC) if since else None
    for example in inbox_export.examples(SYSTEM, language=language, since=start):
        click.echo(json.dumps(example, ensure_ascii=False))
