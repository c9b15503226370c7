"""``flask replies parse`` as a dialogue of lines; it needs neither application nor database."""

import json
from typing import Any

from click.testing import CliRunner

from mobilize.cli.replies import commands

NOW = "2026-11-24T13:00:00+01:00"


def line(text: Any, **others: Any) -> str:
    return json.dumps({"text": text, "language": "en", "now": NOW, "codes": []} | others)


def parse(*lines: str | bytes) -> tuple[int, list[dict[str, Any]]]:
    data = b"\n".join(one if isinstance(one, bytes) else one.encode() for one in lines)
    result = CliRunner().invoke(commands[0], ["parse"], input=data)
    return result.exit_code, [json.loads(one) for one in result.stdout.splitlines()]


def test_a_line_in_gives_a_line_out() -> None:
    assert parse(line("A1 20", codes=["A", "B"]), line("sì, tra 20 min", language="it")) == (
        0,
        [
            {"intent": "accept", "eta_minutes": 20, "code": "A", "minutes": None, "confidence": 1.0},
            {"intent": "accept", "eta_minutes": 20, "code": None, "minutes": None, "confidence": 1.0},
        ],
    )


def test_a_clock_time_is_counted_from_the_lines_own_time() -> None:
    assert parse(line("yes 13:45"))[1][0]["eta_minutes"] == 45


def test_an_absence_tells_its_minutes() -> None:
    assert parse(line("OFF 3d"))[1][0]["minutes"] == 4320


def test_codes_may_be_left_out() -> None:
    assert parse(json.dumps({"text": "2", "language": "sq", "now": NOW}))[1][0]["intent"] == "decline"


def test_empty_input_and_blank_lines_are_no_error() -> None:
    assert parse() == (0, [])
    assert parse("", line("no"), "  ")[0] == 0


def test_a_byte_order_mark_is_no_error() -> None:
    assert parse(b"\xef\xbb\xbf" + line("1").encode())[0] == 0


def test_bad_lines_are_named_and_the_others_still_answered() -> None:
    code, out = parse(
        line("1"), "{", "[]", line(5), line("1", now="noon"), line("1", now="2026-11-24T13:00:00"),
        line("1", codes="A"), line("1", codes=["AB"]), b"\xff\xfe", "[" * 100_000, '{"text": "1"}', line("2"),
    )  # fmt: skip
    assert code == 1
    assert [one.get("intent") for one in (out[0], out[-1])] == ["accept", "decline"]
    errors = [one["error"] for one in out[1:-1]]
    assert [error.split(":")[0] for error in errors] == [f"line {number}" for number in range(2, 12)]
    named = [error.split(": ")[1] for error in errors]
    assert named == ["json", "json", "text", "now", "now", "codes", "codes", "json", "json", "language"]


def test_signs_that_are_no_characters_are_unclear() -> None:
    assert parse(line("\ud800"))[1][0]["intent"] == "unclear"
