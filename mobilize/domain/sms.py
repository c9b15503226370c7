"""What volunteers are sent, in their language, in as few segments as possible.

The sentences are data: ``wordings/<language>.toml``, one file a language, for native speakers to correct.
The rendezvous is told only in the acknowledgement of a yes (two-stage disclosure).
"""

import re
import tomllib
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from .errors import InvalidInput
from .segments import GSM_7, UCS_2, Measure, economical, measure
from .vocabulary import Hazard

__all__ = [
    "ACKNOWLEDGEMENTS",
    "GSM_7",
    "LANGUAGES",
    "NOTICES",
    "PLACEHOLDERS",
    "REMINDERS",
    "STAND_DOWNS",
    "UCS_2",
    "CalloutValues",
    "Measure",
    "acknowledgement_text",
    "callout_text",
    "check_wording",
    "hazard_name",
    "instant_text",
    "measure",
    "notice_text",
    "question_text",
    "reminder_text",
    "stand_down_text",
]

LANGUAGES = ("en", "it", "sq")
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

#: What a coordinator's wording may name, and what stands there in the text.
PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "section": "short name of the section",
        "hazard": "kind of emergency, in the volunteer's language",
        "title": "title of the emergency",
        "event": "kind and title together, without saying the same twice",
        "skills": "skills that are asked for",
        "place": "where, roughly; the exact rendezvous is told only to those who accept",
        "arrive_by": "when to be there, in the volunteer's time zone",
        "code": "letter before the digit, empty when the volunteer has no other call open",
        "answers": "how to answer; added at the end of a wording that does not say it",
        "link": "the link to answer by, if the callout has links; added at the end of a wording without it",
    }
)

MAX_CHARACTERS = 1600  # Twilio's limit for a body
MAX_SEGMENTS = 6

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_CUT = ".."
# In this order, and to no fewer characters than this, values give way where that saves a segment.
# A title that would be a mere stump goes altogether: the kind of emergency then stands for it.
_SHORTENED: tuple[tuple[str, int], ...] = (("title", 16), ("place", 14), ("title", 0), ("skills", 20))


@dataclass(frozen=True, slots=True)
class CalloutValues:
    """What a text says about a callout.

    ``arrive_by`` is aware and already in the volunteer's time zone; ``code`` is the reply letter, or
    "" when this is the volunteer's only open call; ``skills`` are the names to print.
    """

    section: str
    hazard: Hazard
    title: str
    skills: tuple[str, ...]
    place: str
    arrive_by: datetime
    code: str
    drill: bool
    rendezvous: str
    bring: str = ""
    link: str = ""
    eta: datetime | None = None


# Values of ordinary length, by which a wording is measured before there is a callout.
_SPECIMEN = CalloutValues(
    section="Red Cross Albania",
    hazard=Hazard.TRANSPORT_ACCIDENT,
    title="Train collision near the harbour",
    skills=("search and rescue", "medic"),
    place="the central station",
    arrive_by=datetime(2026, 11, 24, 14, 30, tzinfo=UTC),
    code="A",
    drill=True,
    rendezvous="",
)


def check_wording(wording: str) -> None:
    """Refuse a wording that could not be sent: `InvalidInput` on ``wording`` names what is wrong."""
    if not wording.strip():
        raise InvalidInput("wording", "is empty; leave it out to use the standard wording.")
    if len(wording) > MAX_CHARACTERS:
        raise InvalidInput(
            "wording", f"has {len(wording)} characters; at most {MAX_CHARACTERS} can be sent, so shorten it."
        )
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\r\t" for sign in wording):
        raise InvalidInput("wording", "has control characters, which no phone can show; remove them.")
    _check_placeholders(wording)
    segments = max(measure(_callout(language, _SPECIMEN, wording)).segments for language in LANGUAGES)
    if segments > MAX_SEGMENTS:
        raise InvalidInput(
            "wording",
            f"takes {segments} segments once it is filled in; at most {MAX_SEGMENTS} are sent, so shorten it.",
        )


def _check_placeholders(wording: str) -> None:
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    unknown = [name for name in _PLACEHOLDER.findall(wording) if name not in PLACEHOLDERS]
    if unknown:
        raise InvalidInput("wording", f"has the unknown placeholder {{{unknown[0]}}}; there are {known}.")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", wording)):
        raise InvalidInput("wording", f"has a brace without its partner; placeholders are {known}.")


@lru_cache(maxsize=512)
def callout_text(language: str, values: CalloutValues, wording: str | None) -> str:
    """The call itself; ``wording`` replaces the standard sentence, never the drill mark.

    Title, place and skills are shortened, in this order and no more than necessary, where that saves
    segments; the instructions never are. A wording that does not say how to answer gets it appended.
    """
    if wording is None and values.place in values.title:
        values = replace(values, place="")  # said once is enough
    return _fitted(values, lambda fitted: _callout(language, fitted, wording))


def acknowledgement_text(language: str, kind: str, values: CalloutValues) -> str:
    """What follows an answer; ``kind`` is one of `ACKNOWLEDGEMENTS`. Only "accepted" tells the rendezvous."""
    return _about_callout(language, "acknowledgement", kind, values)


def stand_down_text(language: str, kind: str, values: CalloutValues) -> str:
    """You are no longer needed; ``kind`` is one of `STAND_DOWNS`: what the person was doing."""
    return _fitted(values, lambda fitted: _about_callout(language, "stand_down", kind, fitted))


def reminder_text(language: str, kind: str, values: CalloutValues) -> str:
    """Asks somebody who fell silent; ``kind`` is one of `REMINDERS`."""
    return _fitted(values, lambda fitted: _about_callout(language, "reminder", kind, fitted))


def notice_text(language: str, kind: str, words: Mapping[str, str]) -> str:
    """What concerns a person and no call; ``kind`` is one of `NOTICES`, ``words`` fill its placeholders."""
    return economical(_filled(_pattern(language, "notice", kind), words))


def _about_callout(language: str, group: str, kind: str, values: CalloutValues) -> str:
    sentences = _sentences(language)
    pattern = _pattern(language, group, kind)
    return economical(_mark(sentences, values) + _filled(pattern, _words(sentences, values)))


def _pattern(language: str, group: str, kind: str) -> str:
    pattern: str = _sentences(language)[group][kind]
    return pattern


def question_text(language: str, codes: Sequence[str]) -> str:
    """Asks again: which call is meant when several are open, otherwise what was meant."""
    question: Mapping[str, str] = _sentences(language)["question"]
    if len(codes) < 2:
        return _filled(question["one"], {"code": ""})
    choices = "; ".join(_filled(question["choice"], {"code": code}) for code in codes[:3])
    return _filled(question["several"], {"choices": choices})


def instant_text(language: str, at: datetime) -> str:
    """A time of day and a date as our texts write them; ``at`` is already in the reader's time zone."""
    return _time(_sentences(language), at)


def hazard_name(language: str, hazard: Hazard) -> str:
    """What an emergency of this kind is called, in lower case."""
    name: str = _sentences(language)["hazards"][hazard.value]
    return name


def _callout(language: str, values: CalloutValues, wording: str | None) -> str:
    sentences = _sentences(language)
    words = _words(sentences, values) | {"rendezvous": ""}
    pattern: str = sentences["callout"] if wording is None else wording.strip()
    if not _tells_how_to_answer(pattern, values.code):
        pattern += " {answers}"
    if values.link and "{link}" not in pattern:
        pattern += " {link}"
    return economical(_mark(sentences, values) + _filled(pattern, words))


def _tells_how_to_answer(pattern: str, code: str) -> bool:
    """Whether all three digits are explained, each behind the code; digits inside the title do not count."""
    if "{answers}" in pattern:
        return True
    shown = _filled(pattern, {"code": code} | dict.fromkeys(PLACEHOLDERS.keys() - {"code"}, "")).casefold()
    return all(re.search(rf"(?<!\w){re.escape(code.casefold())}{digit}(?!\w)", shown) for digit in "123")


def _mark(sentences: Mapping[str, Any], values: CalloutValues) -> str:
    mark: str = sentences["drill"] if values.drill else ""
    return mark


def _words(sentences: Mapping[str, Any], values: CalloutValues) -> dict[str, str]:
    hazard: str = sentences["hazards"][values.hazard.value]
    title, place = _one_line(values.title), _one_line(values.place)
    return {
        "section": _one_line(values.section),
        "hazard": hazard,
        "title": title or hazard,
        "event": title if hazard.casefold() in title.casefold() else f"{hazard}, {title}".strip(", "),
        "skills": _one_line(", ".join(values.skills)),
        "place": place or title or hazard,
        "where": _filled(sentences["where"], {"place": place}) if place else "",
        "rendezvous": _one_line(values.rendezvous),
        "bring": _filled(sentences["bring"], {"bring": _one_line(values.bring)}) if values.bring else "",
        "link": values.link,
        "eta": _time(sentences, values.eta) if values.eta else "",
        "arrive_by": _time(sentences, values.arrive_by),
        "code": values.code,
        "answers": _filled(sentences["answers"], {"code": values.code}),
    }


def _time(sentences: Mapping[str, Any], at: datetime) -> str:
    return _filled(
        sentences["time"],
        {"clock": f"{at:%H:%M}", "day": str(at.day), "month": sentences["months"][at.month - 1]},
    )


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    """Put words in place of placeholders, once: a brace inside a title stays a brace."""
    return _PLACEHOLDER.sub(lambda match: words.get(match[1], match[0]), pattern)


def _fitted(values: CalloutValues, render: Callable[[CalloutValues], str]) -> str:
    """Render with values as long as they can be without costing a segment that shorter ones would save."""
    shortest = values
    for field, least in _SHORTENED:
        shortest = _with_at_most(shortest, field, least)
    target = measure(render(shortest)).segments
    for field, least in _SHORTENED:
        if measure(render(values)).segments <= target:
            break
        values = _with_at_most(values, field, _longest(values, field, least, target, render))
    return render(values)


def _longest(
    values: CalloutValues, field: str, least: int, target: int, render: Callable[[CalloutValues], str]
) -> int:
    """The most characters of a field with which the text keeps to ``target`` segments, or ``least``."""
    lengths = range(least, max(len(_text(values, field)), least) + 1) if least else range(1)

    def segments(length: int) -> int:
        return measure(render(_with_at_most(values, field, length))).segments

    return lengths[max(bisect_right(lengths, target, key=segments) - 1, 0)]


def _text(values: CalloutValues, field: str) -> str:
    return ", ".join(values.skills) if field == "skills" else str(getattr(values, field))


def _with_at_most(values: CalloutValues, field: str, length: int) -> CalloutValues:
    text = _one_line(_text(values, field))
    if len(text) <= length:
        return values
    short = _shortened(text, length) if length else ""
    match field:
        case "title":
            return replace(values, title=short)
        case "place":
            return replace(values, place=short)
        case _:
            return replace(values, skills=(short,))


def _shortened(text: str, length: int) -> str:
    """The beginning of a text, cut between words unless that would lose too much."""
    kept = text[: length - len(_CUT)]
    words = text[: len(kept) + 1].rpartition(" ")[0]
    return (words if len(words) >= 0.6 * len(kept) else kept).rstrip(" ,;:.-") + _CUT


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _sentences(language: str) -> Mapping[str, Any]:
    """The sentences of a BCP 47 tag's language; English where we have none."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    return _read(primary if primary in LANGUAGES else "en")


@cache
def _read(language: str) -> Mapping[str, Any]:
    file = resources.files(__package__).joinpath("wordings", f"{language}.toml")
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8")))
