"""What is said in a call, in the language of the person called.

The sentences are data: ``wordings/spoken/<language>.toml``, for native speakers to correct. The rendezvous
is told only after a yes, and only where no text could tell it (two-stage disclosure).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import language_files
from .sentences import filled
from .vocabulary import Hazard

#: The languages that there are sentences in.
LANGUAGES = ("en", "it", "sq", "fr", "de", "es")
#: What may follow a key, or its absence; ``…_here`` where no text reaches the person.
CONFIRMATIONS = (
    "accepted",
    "accepted_here",
    "reserve",
    "declined",
    "limited",
    "not_needed",
    "noted",
    "goodbye",
    "goodbye_here",
)

# Whatever a coordinator typed, the question fits into the 4,000 characters that a provider takes.
_LONGEST_SECTION, _LONGEST_TITLE, _LONGEST_SKILLS = 100, 120, 200


@dataclass(frozen=True, slots=True)
class Speech:
    """A text to be spoken. ``voice`` is the provider's name for a voice, ``locale`` a BCP 47 tag."""

    voice: str
    locale: str
    text: str


@dataclass(frozen=True, slots=True)
class SpokenValues:
    """What a call says about a callout; ``arrive_by`` is in the time zone of the person called."""

    section: str
    hazard: Hazard
    title: str
    skills: tuple[str, ...]
    arrive_by: datetime
    drill: bool
    rendezvous: str = ""
    bring: str = ""


def spoken_language(language: str, voices: Mapping[str, str]) -> str:
    """The language in which somebody is spoken to: their own (BCP 47) if there are sentences and a voice.

    Otherwise English, and the text says the same in theirs. ``voices`` are the installation's own.
    """
    own = language_files.one_of(LANGUAGES, language)
    return own if _voice(own, voices) else "en"


def question(
    language: str, voices: Mapping[str, str], values: SpokenValues, *, mistaken: bool = False
) -> Speech:
    """Who calls, why, and which key means what; ``mistaken``: after a key that means nothing."""
    sentences = _read(language)
    pattern = f"{sentences['wrong']} {sentences['choices']}" if mistaken else sentences["call"]
    return _speech(language, voices, _filled(pattern, _words(sentences, values)))


def confirmation(language: str, voices: Mapping[str, str], kind: str, values: SpokenValues) -> Speech:
    """What follows a key; ``kind`` is one of `CONFIRMATIONS`. Only "accepted_here" tells the rendezvous."""
    sentences = _read(language)
    return _speech(language, voices, _filled(sentences["confirmation"][kind], _words(sentences, values)))


def _speech(language: str, voices: Mapping[str, str], text: str) -> Speech:
    voice, _, locale = _voice(language, voices).partition("/")
    return Speech(voice, locale, text)


def _voice(language: str, voices: Mapping[str, str]) -> str:
    """``voice/locale``; empty where nobody named a voice for the language."""
    found: str = voices.get(language) or _read(language)["voice"]
    return found


def _words(sentences: Mapping[str, Any], values: SpokenValues) -> dict[str, str]:
    hazard: str = sentences["hazards"][values.hazard.value]
    title = _plain(values.title, _LONGEST_TITLE)
    skills = _plain(", ".join(values.skills), _LONGEST_SKILLS)
    return {
        "section": _plain(values.section, _LONGEST_SECTION),
        "drill": sentences["drill"] if values.drill else "",
        "event": title if hazard.casefold() in title.casefold() else f"{hazard}, {title}".strip(", "),
        "skills": skills,
        "arrive_by": _filled(
            sentences["time"],
            {
                "clock": f"{values.arrive_by:%H:%M}",
                "day": str(values.arrive_by.day),
                "month": sentences["months"][values.arrive_by.month - 1],
            },
        ),
        "rendezvous": _plain(values.rendezvous),
        "bring": _filled(sentences["bring"], {"bring": _plain(values.bring)}) if values.bring else "",
        "choices": sentences["choices"],
    }


def _plain(text: str, longest: int = 200) -> str:
    """On one line, without signs that cannot be spoken or written in XML."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:longest].rstrip()


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    """As `sentences.filled`, on one line."""
    return " ".join(filled(pattern, words).split())


def _read(language: str) -> Mapping[str, Any]:
    return language_files.read("wordings", "spoken", language)
