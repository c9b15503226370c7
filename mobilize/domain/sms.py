"""What volunteers are sent, in their language, in as few segments as possible.

The sentences are data (``sentences.py``); a section may put its own in their place (``rewording.py``).
Every text names the section that calls, and begins with the drill mark in an exercise. In its main form,
with one letter at most and with neither a link nor anything to bring, each standard text takes one
segment of GSM-7, or two where the alphabet of the language is not in it, for all values up to
`placeholders.LONGEST`. Two things may cost another segment, since they are never shortened: a longer
rendezvous with what to bring, and the link. The rendezvous is told only in the acknowledgement of a yes
(two-stage disclosure) and to those who said yes before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from .fitting import fitted, one_line
from .placeholders import GIVE_WAY, NOTICE_GIVES_WAY, PLACEHOLDERS
from .segments import GSM_7, UCS_2, Measure, economical, measure
from .sentences import (
    ACKNOWLEDGEMENTS,
    LANGUAGES,
    NOTICES,
    PLACEHOLDER,
    REMINDERS,
    STAND_DOWNS,
    clock_text,
    filled,
    hazard_name,
    most_segments,
    standard,
    until_text,
)
from .vocabulary import Hazard

__all__ = [
    "ACKNOWLEDGEMENTS",
    "GSM_7",
    "LANGUAGES",
    "NOTICES",
    "PLACEHOLDERS",
    "REMINDERS",
    "STANDARD",
    "STAND_DOWNS",
    "UCS_2",
    "CalloutValues",
    "Measure",
    "acknowledgement_text",
    "callout_text",
    "drill_mark",
    "hazard_name",
    "measure",
    "notice_text",
    "question_text",
    "reminder_text",
    "stand_down_text",
    "tells_how_to_answer",
    "text_of",
    "until_text",
]

#: A section's own wordings by the name of the text: none of its own.
STANDARD: Mapping[str, str] = MappingProxyType({})

_TELLING = re.compile(r"\{(rendezvous|bring)\}")
_CHOICES = 3  # letters offered in one question


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


@lru_cache(maxsize=512)
def callout_text(language: str, values: CalloutValues, wording: str | None) -> str:
    """The call itself; ``wording`` replaces the standard sentence, never the drill mark.

    Title, place and skills are shortened, in this order and no more than necessary, where that saves
    segments; the instructions never are. A wording that does not say who calls or how to answer gets it added.
    """
    if wording is None and values.place in values.title:
        values = replace(values, place="")  # said once is enough
    return text_of(language, "callout", values, wording)


def acknowledgement_text(
    language: str, kind: str, values: CalloutValues, own: Mapping[str, str] = STANDARD
) -> str:
    """What follows an answer; ``kind`` is one of `ACKNOWLEDGEMENTS`. Only "accepted" tells the rendezvous."""
    return _about_callout(language, f"acknowledgement.{kind}", values, own)


def stand_down_text(language: str, kind: str, values: CalloutValues, own: Mapping[str, str] = STANDARD) -> str:
    """You are no longer needed; ``kind`` is one of `STAND_DOWNS`: what the person was doing."""
    return _about_callout(language, f"stand_down.{kind}", values, own)


def reminder_text(language: str, kind: str, values: CalloutValues, own: Mapping[str, str] = STANDARD) -> str:
    """Asks somebody who fell silent; ``kind`` is one of `REMINDERS`."""
    return _about_callout(language, f"reminder.{kind}", values, own)


def notice_text(language: str, kind: str, words: Mapping[str, str], own: Mapping[str, str] = STANDARD) -> str:
    """What concerns a person and no call; ``kind`` is one of `NOTICES`, ``words`` fill its placeholders."""
    name = f"notice.{kind}"
    values = {"skill": "", "section": ""} | {word: one_line(value) for word, value in words.items()}
    pattern = _naming_the_section(own.get(name) or standard(language, name), values["section"])
    return fitted(values, NOTICE_GIVES_WAY, lambda some: economical(filled(pattern, some)))


def question_text(
    language: str, codes: Sequence[str], section: str, mark: str = "", own: Mapping[str, str] = STANDARD
) -> str:
    """Asks again: which call is meant when several are open, otherwise what was meant.

    ``mark`` is the drill mark where all those calls are drills, as `drill_mark` gives it.
    """
    name = "question.several" if len(codes) > 1 else "question.one"
    choices = [filled(standard(language, "question.choice"), {"code": code}) for code in codes[:_CHOICES]]
    words = {"section": one_line(section), "code": "", "choices": "; ".join(choices)}
    pattern = _naming_the_section(own.get(name) or standard(language, name), words["section"])
    return economical(mark + filled(pattern, words))


def drill_mark(language: str) -> str:
    """What every text of a drill begins with."""
    return standard(language, "drill")


def _about_callout(language: str, name: str, values: CalloutValues, own: Mapping[str, str]) -> str:
    return text_of(language, name, values, own.get(name))


def text_of(language: str, name: str, values: CalloutValues, wording: str | None) -> str:
    """Any text about a callout by its name; ``wording`` replaces the standard sentence."""
    pattern = standard(language, name) if wording is None else wording.strip()
    pattern = _naming_the_section(pattern, one_line(values.section))
    if name == "callout":
        pattern = _with_answers(pattern, values)
    mark = drill_mark(language) if values.drill else ""
    whole = {
        "title": one_line(values.title),
        "place": one_line(values.place),
        "skills": one_line(", ".join(values.skills)),
    }
    untold = {} if _TELLING.search(standard(language, name)) else {"rendezvous": "", "bring": ""}

    def render(some: Mapping[str, str]) -> str:
        return economical(mark + filled(pattern, _words(language, values, some) | untold))

    # A link takes a third of a segment: it may cost another one, and takes no facts away.
    return fitted(whole, GIVE_WAY, render, allowed=most_segments(language) + 1 if values.link else 1)


def _naming_the_section(pattern: str, section: str) -> str:
    """Whoever is called must know by whom."""
    if "{section}" in pattern or (section and section.casefold() in pattern.casefold()):
        return pattern
    return "{section}: " + pattern


def _with_answers(pattern: str, values: CalloutValues) -> str:
    if not tells_how_to_answer(pattern, values.code):
        pattern += " {answers}"
    if values.link and "{link}" not in pattern:
        pattern += " {link}"
    return pattern


def tells_how_to_answer(pattern: str, code: str) -> bool:
    """Whether all three digits are explained, each behind the code; digits inside the title do not count."""
    if "{answers}" in pattern:
        return True
    shown = PLACEHOLDER.sub(lambda match: code if match[1] == "code" else "", pattern).casefold()
    return all(re.search(rf"(?<!\w){re.escape(code.casefold())}{digit}(?!\w)", shown) for digit in "123")


def _words(language: str, values: CalloutValues, some: Mapping[str, str]) -> dict[str, str]:
    """The words for the placeholders; ``some`` are the title, place and skills, perhaps shortened."""
    hazard = hazard_name(language, values.hazard)
    title, place, bring = some["title"], some["place"], one_line(values.bring)
    return {
        "section": one_line(values.section),
        "hazard": hazard,
        "title": title or hazard,
        "event": title if hazard.casefold() in title.casefold() else f"{hazard}, {title}".strip(", "),
        "skills": some["skills"],
        "place": place or title or hazard,
        "where": filled(standard(language, "where"), {"place": place}) if place else "",
        "rendezvous": one_line(values.rendezvous),
        "bring": filled(standard(language, "bring"), {"bring": bring}) if bring else "",
        "link": values.link,
        "eta": clock_text(language, values.eta) if values.eta else "",
        "arrive_by": clock_text(language, values.arrive_by),
        "code": values.code,
        "answers": filled(standard(language, "answers"), {"code": values.code}),
    }
