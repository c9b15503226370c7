"""The phrases that volunteers use, by language, and how a text is read as a row of them.

The phrases are data: ``answers/<language>.toml``, for native speakers to extend.
A volunteer is understood in the own language and in English.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

LANGUAGES = ("en", "it", "sq")


class Role(Enum):
    """What a phrase does in an answer. The values are letters, so that a row of roles can be matched."""

    YES = "y"
    COMING = "c"
    NO = "n"
    NOT_COMING = "d"
    LIMITED = "l"
    ARRIVED = "a"
    POLITE = "p"
    REGRET = "r"
    LEAD = "e"
    UNIT = "U"
    NUMBER = "N"
    SPAN = "S"
    CLOCK = "C"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Piece:
    """One phrase of a text. ``value`` is a number, or minutes, or for a clock the minute of the day."""

    role: Role
    value: int = 0


_UNKNOWN = Piece(Role.UNKNOWN)
_LISTS = {
    "yes": Role.YES,
    "no": Role.NO,
    "coming": Role.COMING,
    "not_coming": Role.NOT_COMING,
    "limited": Role.LIMITED,
    "arrived": Role.ARRIVED,
    "polite": Role.POLITE,
    "regret": Role.REGRET,
    "lead": Role.LEAD,
}
_TABLES = {"units": Role.UNIT, "numbers": Role.NUMBER, "spans": Role.SPAN}
_READINGS = frozenset({Role.REGRET, Role.LEAD, Role.UNIT, Role.NUMBER, Role.SPAN, Role.POLITE})

# Accents and variation selectors go; strokes through letters stay, since "y̶e̶s̶" is not a yes.
_DROPPED = re.compile(
    "[\u0300-\u0314\u0323-\u0328\ufe0e\ufe0f\u20e3\u200b-\u200f\u2060\ufeff'\u2018\u2019\u02bc`\u00b4]"
)
# "-1" is no plain digit; "1-20" and "1,5" are no plain numbers.
_TOKEN = re.compile(
    r"(?:(?<!\S)-)?[0-9]+(?:[.,:/-][0-9]+)*|[a-z]+|[^\s.,;:!()\"_\-\u201c\u201d\u2013\u2014\u2026\u00a1]"
)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])")
#: No answer needs more than this; longer texts are letters, for a person to read.
MOST_TOKENS = 24
MOST_CHARACTERS = 320


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Phrases by their words, and how many words the longest has that begins with a given one.

    One phrase may have several roles: "now" says when, or goes with a no.
    """

    phrases: Mapping[tuple[str, ...], tuple[Piece, ...]]
    longest: Mapping[str, int]


def tokens(text: str) -> list[str]:
    """Lower-case words, numbers and foreign signs; accents, apostrophes and ordinary punctuation are gone."""
    # Apostrophes go before NFKD too, which would turn the acute accent into a space and a mark.
    bare = unicodedata.normalize("NFKD", _DROPPED.sub("", text).casefold())
    return _TOKEN.findall(_DROPPED.sub("", bare))


def pieces(words: Sequence[str], language: str) -> Iterator[tuple[Piece, ...]]:
    """The text as phrases, the longest first; each with all its readings."""
    lexicon = lexicon_for(language)
    at = 0
    while at < len(words):
        length, readings = _longest_at(words, at, lexicon)
        yield readings
        at += length


@lru_cache(maxsize=256)
def lexicon_for(language: str) -> Lexicon:
    """The lexicon of a BCP 47 tag: its language, if we know it, and English."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    return _lexicon(primary if primary in LANGUAGES else "en")


def _longest_at(words: Sequence[str], at: int, lexicon: Lexicon) -> tuple[int, tuple[Piece, ...]]:
    for length in range(min(lexicon.longest.get(words[at], 0), len(words) - at), 0, -1):
        readings = lexicon.phrases.get(tuple(words[at : at + length]))
        if readings:
            return length, readings
    return 1, (_number(words[at]),)


def _number(word: str) -> Piece:
    if word.isdecimal() and word.isascii():
        # Longer numbers are telephone numbers and the like, and no minutes anyway.
        return Piece(Role.NUMBER, int(word[:6]))
    clock = _CLOCK.fullmatch(word)
    return Piece(Role.CLOCK, int(clock[1]) * 60 + int(clock[2])) if clock else _UNKNOWN


@cache
def _lexicon(language: str) -> Lexicon:
    found: dict[tuple[str, ...], tuple[Piece, ...]] = {}
    for spoken in dict.fromkeys((language, "en")):
        for words, piece in _entries(_read(spoken)):
            known = found.get(words, ())
            # The own language decides what an answer is; English may only add to it.
            if piece not in known and (not known or {piece.role, *(one.role for one in known)} <= _READINGS):
                found[words] = (*known, piece)
    longest: dict[str, int] = {}
    for words in found:
        longest[words[0]] = max(longest.get(words[0], 0), len(words))
    return Lexicon(MappingProxyType(found), MappingProxyType(longest))


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Piece]]:
    for name, role in _LISTS.items():
        for phrase in data[name]:
            yield tuple(phrase.split()), Piece(role)
    for name, role in _TABLES.items():
        for value, listed in data[name].items():
            for phrase in listed:
                yield tuple(phrase.split()), Piece(role, int(value))


@cache
def _read(language: str) -> Mapping[str, Any]:
    file = resources.files(__package__).joinpath("answers", f"{language}.toml")
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8")))
