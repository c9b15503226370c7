"""The standard sentences of every language.

They are data, in ``wordings/<language>.toml``, for native speakers to correct. A text that volunteers
are sent has a name, as ``callout`` or ``acknowledgement.accepted``. Beside these a language has pieces
that texts are made of: the drill mark, months, times, the ways to answer.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from . import language_files
from .vocabulary import Hazard

LANGUAGE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "en": "English",
        "it": "Italian",
        "sq": "Albanian",
        "fr": "French",
        "de": "German",
        "es": "Spanish",
        "pt": "Portuguese",
        "nl": "Dutch",
        "pl": "Polish",
        "ro": "Romanian",
        "sr": "Serbian",
        "tr": "Turkish",
        "el": "Greek",
        "uk": "Ukrainian",
        "ru": "Russian",
        "ar": "Arabic",
    }
)
LANGUAGES = tuple(LANGUAGE_NAMES)
#: Those whose letters GSM-7 lacks: a segment holds 70 characters and not 160.
WIDE = frozenset({"el", "uk", "ru", "ar"})

ACKNOWLEDGEMENTS = (
    "accepted",
    "reserve",
    "limited",
    "declined",
    "withdrawn",
    "late",
    "en_route",
    "eta",
    "arrived",
    "left",
    "ended",
)
STAND_DOWNS = ("silent", "coming", "on_scene")
REMINDERS = ("silent", "overdue", "check_out")
NOTICES = ("away", "away_open", "back", "status_available", "status_away", "certificate")
QUESTIONS = ("one", "several")

#: The names of all texts, in the order of a call.
TEMPLATES: tuple[str, ...] = (
    "callout",
    *(f"acknowledgement.{kind}" for kind in ACKNOWLEDGEMENTS),
    *(f"question.{kind}" for kind in QUESTIONS),
    *(f"reminder.{kind}" for kind in REMINDERS),
    *(f"stand_down.{kind}" for kind in STAND_DOWNS),
    *(f"notice.{kind}" for kind in NOTICES),
)

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def language_of(tag: str) -> str:
    """The language in which somebody with this BCP 47 tag is written to: English where we lack theirs."""
    return language_files.one_of(LANGUAGES, tag)


def most_segments(language: str) -> int:
    """How many segments a standard text may take in its main form."""
    return 2 if language_of(language) in WIDE else 1


def standard(language: str, name: str) -> str:
    """The standard sentence of a text, or a piece of texts as ``drill``, with its placeholders."""
    group, _, kind = name.partition(".")
    found = language_files.read("wordings", language_of(language))[group]
    sentence: str = found[kind] if kind else found
    return sentence


def hazard_name(language: str, hazard: Hazard) -> str:
    """What an emergency of this kind is called in the middle of a sentence."""
    return standard(language, f"hazards.{hazard.value}")


def clock_text(language: str, at: datetime) -> str:
    """An instant on the reader's clock, as it stands after "by"."""
    return _moment(language, "time", at, f"{at:%H:%M}")


def until_text(language: str, until: date) -> str:
    """The end of a time: an instant on the reader's clock, or a whole day."""
    if isinstance(until, datetime):
        return _moment(language, "until", until, f"{until:%H:%M}")
    return _moment(language, "date", until)


def filled(pattern: str, words: Mapping[str, str]) -> str:
    """Put words in place of placeholders, once: a brace inside a title stays a brace."""
    return PLACEHOLDER.sub(lambda match: words.get(match[1], match[0]), pattern)


def _moment(language: str, name: str, at: date, clock: str = "") -> str:
    months = language_files.read("wordings", language_of(language))["months"]
    return filled(standard(language, name), {"clock": clock, "day": str(at.day), "month": months[at.month - 1]})
