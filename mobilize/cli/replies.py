"""``flask replies``: try how texts are understood, without a database or a phone."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from mobilize.domain.errors import InvalidInput
from mobilize.domain.replies import understand


@click.group("replies")
def replies() -> None:
    """Try how answers are understood."""


@replies.command("parse")
def parse() -> None:
    """Read JSON Lines on standard input and write what each text means.

    \b
    in:  {"text": "A1 20", "language": "en", "now": "2026-11-24T10:00:00+01:00", "codes": ["A", "B"]}
    out: {"intent": "accept", "eta_minutes": 20, "code": "A", "minutes": null, "confidence": 1.0}

    "minutes" is how long an absence lasts; "confidence" is 0 to 1, and 0 for what is unclear. "now" is in
    the volunteer's time zone. A line that cannot be read gives {"error": "line 3: ..."}; the lines after
    it are still read, and the exit code at the end is 1.
    """
    failed = False
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.strip():
            continue
        try:
            answer = _answer(line)
        except InvalidInput as error:
            failed, answer = True, {"error": f"line {number}: {error}"}
        # ASCII output, since a terminal may not print every character.
        click.echo(json.dumps(answer))
    if failed:
        sys.exit(1)


def _answer(line: bytes) -> dict[str, Any]:
    asked = _read(line)
    reply = understand(_string(asked, "text"), _string(asked, "language"), _now(asked), _codes(asked))
    return {
        "intent": reply.intent.value,
        "eta_minutes": reply.eta_minutes,
        "code": reply.code,
        "minutes": reply.minutes,
        "confidence": reply.confidence,
    }


def _read(line: bytes) -> Mapping[str, Any]:
    try:
        asked = json.loads(line.decode("utf-8-sig"))
    # A deeply nested line ends in RecursionError; the others are wrong UTF-8 and wrong JSON.
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "json", f"cannot be read ({error}); write one JSON object in UTF-8 on a line."
        ) from error
    if not isinstance(asked, dict):
        raise InvalidInput("json", 'must be an object with "text", "language", "now" and "codes".')
    return asked


def _string(asked: Mapping[str, Any], field: str) -> str:
    value = asked.get(field)
    if not isinstance(value, str):
        raise InvalidInput(field, "must be a string." if field in asked else "is missing.")
    return value


def _now(asked: Mapping[str, Any]) -> datetime:
    written = _string(asked, "now")
    try:
        now = datetime.fromisoformat(written)
    except ValueError as error:
        raise InvalidInput(
            "now", f"{written!r} is not an ISO 8601 time; write 2026-11-24T10:00:00+01:00."
        ) from error
    if now.tzinfo is None:
        raise InvalidInput("now", f"{written!r} has no offset; write 2026-11-24T10:00:00+01:00.")
    return now


def _codes(asked: Mapping[str, Any]) -> list[str]:
    codes = asked.get("codes", [])
    if not isinstance(codes, list) or not all(isinstance(code, str) and len(code) == 1 for code in codes):
        raise InvalidInput("codes", 'must be a list of single letters, such as ["A"]; leave it out for none.')
    return codes


commands: list[click.Command] = [replies]
