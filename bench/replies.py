"""How many texts are understood, and is a no ever read as a yes? On the corpus, and on what hurry makes of it.

Every text is read as it is and with each kind of damage (``reply_slips.py``), the same for the same seed.
*Right* means intent, minutes and letter of the call. *Dangerous*: a no, or a wish for no more texts, read as
coming; or a yes read as a no or as such a wish. Phrases held out were seen by nobody who wrote the word lists.
"""

import argparse
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from config import ROOT
from mobilize.domain.replies import Reply, understand
from mobilize.domain.vocabulary import Intent

from .reply_slips import SLIPS, is_another_word

CORPUS = Path(ROOT) / "tests" / "corpus"
PARTS = ("seen", "heldout")
NOW = "2026-11-24T04:00:00+01:00"
GOAL_RIGHT, GOAL_MS = 0.97, 1.0

_COMING = frozenset({Intent.ACCEPT, Intent.EN_ROUTE, Intent.ON_SCENE})
_NOT_COMING = frozenset({Intent.DECLINE, Intent.OPT_OUT})
_ABOUT_ONE_CALL = _COMING | {Intent.DECLINE, Intent.LIMITED, Intent.LEFT}


@dataclass(frozen=True, slots=True)
class Phrase:
    """One line of the corpus."""

    part: str
    language: str
    text: str
    meant: Reply
    codes: tuple[str, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """How one text was read; ``damage`` is "clean" or a kind of slip."""

    phrase: Phrase
    damage: str
    text: str
    reply: Reply
    seconds: float

    @property
    def right_intent(self) -> bool:
        return self.reply.intent is self.phrase.meant.intent

    @property
    def right(self) -> bool:
        meant, read = self.phrase.meant, self.reply
        same = (read.eta_minutes, read.minutes) == (meant.eta_minutes, meant.minutes)
        return self.right_intent and same and (meant.intent not in _ABOUT_ONE_CALL or read.code == meant.code)

    @property
    def dangerous(self) -> bool:
        meant, read = self.phrase.meant.intent, self.reply.intent
        return (meant in _NOT_COMING and read in _COMING) or (meant in _COMING and read in _NOT_COMING)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, help="makes the same damage again (1)")
    parser.add_argument("--slips", type=int, default=5, help="slips of the thumb a text (5)")
    parser.add_argument("--language", nargs="+", help="these languages only")
    parser.add_argument("--show", choices=PARTS, help="print what was misread in this part")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read the whole corpus, clean and damaged."""
    phrases = [one for one in corpus() if not args.language or one.language in args.language]
    for language in {one.language for one in phrases}:
        understand("yes", language, phrases[0].now, [])  # word lists are loaded once
    readings = list(_read(phrases, args.seed, args.slips))
    rows = [*_by_part(readings), *_by_language(readings)]
    return {
        "rows": rows,
        "goals": _goals(readings),
        "confusion": _confusion(readings),
        "dangerous": [_told(one) for one in readings if one.dangerous and _may_be_shown(one, args.show)],
        "misread": [_told(one) for one in readings if not one.right and one.phrase.part == args.show],
    }


def corpus() -> Iterator[Phrase]:
    """Every line of both parts."""
    for part in PARTS:
        for path in sorted((CORPUS / part).glob("*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                yield _phrase(part, path.stem, json.loads(line))


def _phrase(part: str, language: str, row: dict[str, Any]) -> Phrase:
    codes = tuple(row.get("codes", ["A"]))
    code = row.get("code", codes[0] if len(codes) == 1 else None)
    meant = Reply(Intent(row["intent"]), row.get("eta_minutes"), code, minutes=row.get("minutes"))
    return Phrase(part, language, row["text"], meant, codes, datetime.fromisoformat(row.get("now", NOW)))


def _read(phrases: Sequence[Phrase], seed: int, slips: int) -> Iterator[Reading]:
    rng = random.Random(seed)
    for phrase in phrases:
        yield _one(phrase, "clean", phrase.text)
        for damage, make in SLIPS.items():
            for _ in range(slips if damage == "a slip" else 1):
                text = make(phrase.text, rng)
                if text != phrase.text and not is_another_word(phrase.text, text, phrase.language):
                    yield _one(phrase, damage, text)


def _one(phrase: Phrase, damage: str, text: str) -> Reading:
    began = time.perf_counter()
    reply = understand(text, phrase.language, phrase.now, phrase.codes)
    return Reading(phrase, damage, text, reply, time.perf_counter() - began)


def _row(part: str, language: str, damage: str, readings: Sequence[Reading]) -> dict[str, Any]:
    times = sorted(one.seconds * 1000 for one in readings)
    return {
        "part": part,
        "language": language,
        "damage": damage,
        "texts": len(readings),
        "right": round(statistics.mean(one.right for one in readings), 4),
        "right_intent": round(statistics.mean(one.right_intent for one in readings), 4),
        "dangerous": sum(one.dangerous for one in readings),
        "ms": round(statistics.mean(times), 3),
        "p99_ms": round(times[int(0.99 * len(times))], 3),
    }


def _by_part(readings: Sequence[Reading]) -> Iterator[dict[str, Any]]:
    for part in PARTS:
        ours = [one for one in readings if one.phrase.part == part]
        for damage in dict.fromkeys(one.damage for one in ours):
            yield _row(part, "all", damage, [one for one in ours if one.damage == damage])
        damaged = [one for one in ours if one.damage != "clean"]
        if damaged:
            yield _row(part, "all", "all damage", damaged)


def _by_language(readings: Sequence[Reading]) -> Iterator[dict[str, Any]]:
    for part in PARTS:
        for language in sorted({one.phrase.language for one in readings}):
            ours = [one for one in readings if (one.phrase.part, one.phrase.language) == (part, language)]
            for damage, some in (
                ("clean", [one for one in ours if one.damage == "clean"]),
                ("all damage", [one for one in ours if one.damage != "clean"]),
            ):
                if some:
                    yield _row(part, language, damage, some)


def _confusion(readings: Sequence[Reading]) -> dict[str, dict[str, int]]:
    """Of clean texts: what was meant, and how often it was read as what."""
    counted: dict[str, Counter[str]] = {}
    for one in readings:
        if one.damage == "clean":
            counted.setdefault(one.phrase.meant.intent.value, Counter())[one.reply.intent.value] += 1
    return {meant: dict(read.most_common()) for meant, read in sorted(counted.items())}


def _may_be_shown(reading: Reading, shown: str | None) -> bool:
    return reading.phrase.part == "seen" or shown == "heldout"


def _told(reading: Reading) -> str:
    phrase, reply = reading.phrase, reading.reply
    meant = phrase.meant
    return (
        f"{phrase.language} [{reading.damage}] {reading.text!r}: "
        f"{meant.intent} {meant.eta_minutes or meant.minutes or ''} {meant.code or ''}, read as "
        f"{reply.intent} {reply.eta_minutes or reply.minutes or ''} {reply.code or ''}"
    )


def _goals(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    goals: list[dict[str, Any]] = []
    for part in PARTS:
        for name, some in (
            ("clean", [one for one in readings if one.phrase.part == part and one.damage == "clean"]),
            ("damaged", [one for one in readings if one.phrase.part == part and one.damage != "clean"]),
        ):
            if some:
                right = round(statistics.mean(one.right for one in some), 4)
                wrong = sum(one.dangerous for one in some)
                goals.append(_goal(f"{part}, {name}: right", right, GOAL_RIGHT, right >= GOAL_RIGHT))
                goals.append(_goal(f"{part}, {name}: dangerous", wrong, 0, not wrong))
    ms = round(statistics.mean(one.seconds for one in readings) * 1000, 3)
    return [*goals, _goal("milliseconds a text", ms, GOAL_MS, ms <= GOAL_MS)]


def _goal(name: str, value: float, goal: float, met: bool) -> dict[str, Any]:
    return {"name": name, "value": value, "goal": goal, "met": met}
