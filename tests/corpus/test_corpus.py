"""The corpus itself: every line is legal, no phrase stands twice, each language has enough of them."""

import json
import unicodedata
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mobilize.domain.understanding import lexicon

CORPUS = Path(__file__).parent
PARTS = ("seen", "heldout")
FIRST_SIX = ("en", "it", "sq", "fr", "de", "es")
FILES = sorted(path for part in PARTS for path in (CORPUS / part).glob("*.jsonl"))
LANGUAGES = sorted({path.stem for path in FILES})

KEYS = ("text", "intent", "eta_minutes", "code", "codes", "now", "minutes", "source")
ARRIVING = {"accept", "limited", "en_route"}
INTENTS = ARRIVING | {
    "decline", "on_scene", "left", "opt_out", "opt_in", "help", "available", "unavailable", "status", "unclear",
}  # fmt: skip

Row = dict[str, Any]


@cache
def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def skeleton(text: str) -> str:
    """What is left of a phrase without capitals, accents, spaces and punctuation.

    The question mark stays: "yes?" asks what "yes" answers. So do the marks of Indic scripts, which are
    vowels; only the accents that Latin, Greek and Cyrillic letters carry are dropped.
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = (c for c in letters if not "\u0300" <= c <= "\u036f")
    kept = "".join(c for c in plain if c.isalnum() or unicodedata.category(c).startswith("M") or c in "?؟")
    return kept or text


def faults(row: Row) -> list[str]:
    codes = row.get("codes", ["A"])
    eta, minutes, code = (row.get(key) for key in ("eta_minutes", "minutes", "code"))
    checks = {
        "keys unknown or out of order": list(row) == [key for key in KEYS if key in row],
        "text missing": bool(str(row.get("text", "")).strip()),
        "source missing": bool(str(row.get("source", "")).strip()),
        "unknown intent": row.get("intent") in INTENTS,
        "eta_minutes is for those who come": eta is None or (_positive(eta) and row["intent"] in ARRIVING),
        "minutes is for an absence": minutes is None or (_positive(minutes) and row["intent"] == "unavailable"),
        "codes are different capital letters": _letters(codes),
        "code is not open": code is None or code in codes,
        "now has no time zone": "now" not in row or datetime.fromisoformat(row["now"]).tzinfo is not None,
    }
    return [fault for fault, right in checks.items() if not right]


def _positive(value: object) -> bool:
    return type(value) is int and value > 0


def _letters(codes: list[str]) -> bool:
    return len(set(codes)) == len(codes) and all(len(c) == 1 and "A" <= c <= "Z" for c in codes)


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_line_is_legal(path: Path) -> None:
    wrong = {number: found for number, row in enumerate(rows(path), 1) if (found := faults(row))}
    assert wrong == {}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_there_are_enough_phrases(path: Path) -> None:
    assert len(rows(path)) >= (60 if path.stem in FIRST_SIX else 25)


def test_every_language_has_phrases() -> None:
    assert {path.stem for path in FILES if path.parent.name == "seen"} == set(lexicon.LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_stands_twice(language: str) -> None:
    texts = Counter(skeleton(row["text"]) for path in FILES if path.stem == language for row in rows(path))
    assert [text for text, times in texts.items() if times > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_has_both_a_yes_and_a_no_with_and_without_a_time(language: str) -> None:
    for path in (path for path in FILES if path.stem == language):
        found = {(row["intent"], "eta_minutes" in row) for row in rows(path)}
        assert {("accept", True), ("accept", False), ("decline", False), ("unclear", False)} <= found


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"intent": "accept", "text": "yes", "source": "design"}, "keys unknown or out of order"),
        ({"text": " ", "intent": "accept", "source": "design"}, "text missing"),
        ({"text": "yes", "intent": "accept", "source": ""}, "source missing"),
        ({"text": "yes", "intent": "yes", "source": "design"}, "unknown intent"),
        (
            {"text": "no", "intent": "decline", "eta_minutes": 5, "source": "design"},
            "eta_minutes is for those who come",
        ),
        ({"text": "no", "intent": "decline", "minutes": 5, "source": "design"}, "minutes is for an absence"),
        ({"text": "B1", "intent": "accept", "code": "B", "source": "design"}, "code is not open"),
        (
            {"text": "1", "intent": "accept", "codes": ["a"], "source": "design"},
            "codes are different capital letters",
        ),
        (
            {"text": "1", "intent": "accept", "now": "2026-11-24T04:00:00", "source": "x"},
            "now has no time zone",
        ),
    ],
)
def test_a_fault_in_a_line_is_named(row: Row, fault: str) -> None:
    assert faults(row) == [fault]
