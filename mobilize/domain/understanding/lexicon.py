"""The words of a language and what they do in an answer, read from ``answers/<language>.toml``.

A volunteer is understood in the own language and in English; where both have a word, the own language decides.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from .. import language_files
from .letters import spellings

LANGUAGES = ("en", "it", "sq", "fr", "de", "es", "pt", "nl", "pl", "ro", "sr", "el", "tr", "uk", "ru", "ar")
#: Tags whose words are another language's, as far as an answer goes.
_SAME = {"hr": "sr", "bs": "sr", "sh": "sr", "cnr": "sr", "me": "sr"}


class Role(StrEnum):
    """What a word does. The values are the names of the lists; ``answers/en.toml`` explains each."""

    YES = "yes"
    NO = "no"
    COME = "come"
    FREE = "free"
    SET_OUT = "set_out"
    ARRIVED = "arrived"
    LEFT = "left"
    NOT = "not"
    CANNOT = "cannot"
    AWAY = "away"
    REASON = "reason"
    DISTANCE = "distance"
    DELAY = "delay"
    REGRET = "regret"
    ANOTHER_TIME = "another_time"
    OTHER = "other"
    FAIL = "fail"
    FINISH = "finish"
    THEY = "they"
    PLACE = "place"
    LIMITED = "limited"
    ONLY = "only"
    IF = "if"
    NEEDED = "needed"
    WISH = "wish"
    DOUBT = "doubt"
    QUESTION = "question"
    BUT = "but"
    STOP = "stop"
    START = "start"
    HELP = "help"
    STATUS = "status"
    OFF = "off"
    ON = "on"
    STOP_VERBS = "stop_verbs"
    TEXTS = "texts"
    RECEIVED = "received"
    POLITE = "polite"
    NEUTRAL = "neutral"
    AUTOMATIC = "automatic"
    # Times.
    IN = "in"
    AT = "at"
    UNTIL = "until"
    NOW = "now"
    TO = "to"
    AND = "and"
    AGO = "ago"
    MINUTES_TO = "minutes_to"
    MINUTES_PAST = "minutes_past"
    LESS = "less"
    HALF_AFTER = "half_after"
    QUARTER_AFTER = "quarter_after"
    LESS_QUARTER_AFTER = "less_quarter_after"
    HALF_BEFORE = "half_before"
    HALF_PAST = "half_past"
    QUARTER_PAST = "quarter_past"
    QUARTER_TO = "quarter_to"
    AM = "am"
    PM = "pm"
    OCLOCK = "oclock"
    TODAY = "today"
    TOMORROW = "tomorrow"
    AFTER_TOMORROW = "after_tomorrow"
    WEEK_END = "week_end"
    MONTH_END = "month_end"
    # With a value: minutes, minutes, a number, 1 to 7 from Monday, 1 to 12.
    UNIT = "units"
    SPAN = "spans"
    NUMBER = "numbers"
    WEEKDAY = "weekdays"
    MONTH = "months"
    # Not listed: what the marks of a text do.
    DIGITS = "digits"
    CLOCK = "clock"
    DATE = "date"
    BREAK = "break"
    ASKED = "asked"
    DASH = "dash"
    # What `times` makes of these: minutes long, minutes from now, minutes until an end.
    LENGTH = "length"
    MOMENT = "moment"
    END = "end"


_UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60, "weeks": 7 * 24 * 60, "months": 30 * 24 * 60}
_TABLES = (Role.SPAN, Role.NUMBER, Role.WEEKDAY, Role.MONTH)

NEGATIVE = frozenset({Role.NO, Role.NOT, Role.CANNOT, Role.AWAY, Role.OFF, Role.STOP})
DOUBTFUL = frozenset(
    {Role.DOUBT, Role.WISH, Role.IF, Role.LIMITED, Role.BUT, Role.QUESTION, Role.STOP_VERBS, Role.TEXTS}
)
POSITIVE = frozenset({Role.YES, Role.COME, Role.FREE, Role.SET_OUT, Role.ARRIVED, Role.LEFT, Role.ON})

#: The entry for a negation that is written onto the front of a verb.
NEGATION = "-not-"
#: The last word of an entry that counts only where its clause ends.
END_OF_CLAUSE = "."
_LISTED = re.compile(r"[0-9]+/[0-9]+|\*?[^\W_]+\*?")
_NAMES = frozenset(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class Sense:
    """The roles of a word or expression, and its value in those roles that have one."""

    roles: frozenset[Role]
    values: Mapping[Role, int] = field(default_factory=dict)


@dataclass(slots=True)
class Branch:
    """Expressions as a tree of words."""

    sense: Sense | None = None
    words: dict[str, "Branch"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """``words`` are single words with the roles that they have alone (none, if only inside an expression);
    ``stems`` the entries with a star, with it; ``negations`` the own short negations, which an unknown
    short word may be a misspelling of.
    """

    name: str
    tree: Branch
    words: Mapping[str, frozenset[Role]]
    stems: frozenset[str]
    endings: frozenset[str]
    apostrophes: frozenset[str]
    elided: frozenset[str]
    negations: frozenset[str]
    prefixes: tuple[str, ...]
    by_length: Mapping[int, tuple[str, ...]]


def primary(language: str) -> str:
    """The language of a BCP 47 tag, in small letters: "sr-Cyrl" is "sr", "hr" too."""
    tag = language_files.primary(language)
    return _SAME.get(tag, tag)


@lru_cache(maxsize=64)
def lexicon(*languages: str) -> Lexicon:
    """One lexicon of languages, the first of which decides where several have a word."""
    expressions: dict[tuple[str, ...], Sense] = {}
    for language in languages:
        for words, sense in _expressions(language).items():
            if language == languages[0] or not _is_slang(words, sense):
                expressions.setdefault(words, sense)
    tree = Branch()
    _grow(tree, (NEGATION,), Sense(frozenset({Role.NOT})))
    alone: dict[str, frozenset[Role]] = {}
    for words, sense in expressions.items():
        _grow(tree, words, sense)
        for word in words:
            alone.setdefault(word, frozenset())
        if len(words) == 1:
            alone[words[0]] = sense.roles
    plain = {word: roles for word, roles in alone.items() if "*" not in word and word != END_OF_CLAUSE}
    return Lexicon(
        languages[0],
        tree,
        MappingProxyType(plain),
        frozenset(word for word in alone if word.endswith("*")),
        frozenset(word for word in alone if word.startswith("*")),
        frozenset(word for language in languages for word in _apostrophes(language, NEGATIVE)),
        frozenset(word for language in languages for word in _apostrophes(language, frozenset(Role))),
        _wary(languages[0]),
        tuple(sorted(_prefixes(languages[0]), key=len, reverse=True)),
        _by_length(plain),
    )


def _by_length(words: Mapping[str, frozenset[Role]]) -> Mapping[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for word in words:
        if len(word) > 2:
            found.setdefault(len(word), []).append(word)
    return MappingProxyType({length: tuple(some) for length, some in found.items()})


def _wary(language: str) -> frozenset[str]:
    """The negations and conditions of a language, which an unknown short word may be a misspelling of."""
    denying = {Role.NO, Role.NOT, Role.CANNOT}
    return frozenset(
        words[0]
        for words, sense in _expressions(language).items()
        if len(words) == 1
        and "*" not in words[0]
        and (sense.roles & denying or (Role.IF in sense.roles and len(words[0]) > 2))
    )


def _is_slang(words: tuple[str, ...], sense: Sense) -> bool:
    """Short answers that mean something else in the next language: English "nah" is near in German."""
    short = len(words) == 1 and len(words[0]) <= 3 and words[0] not in ("yes", "no", "not", "yep")
    return short and bool(sense.roles & {Role.YES, Role.NO, Role.NOT, Role.CANNOT})


def _grow(tree: Branch, words: tuple[str, ...], sense: Sense) -> None:
    for word in words:
        further = tree.words.get(word)
        if further is None:
            further = tree.words[word] = Branch()
        tree = further
    tree.sense = sense


@cache
def _expressions(language: str) -> Mapping[tuple[str, ...], Sense]:
    roles: dict[tuple[str, ...], set[Role]] = {}
    values: dict[tuple[str, ...], dict[Role, int]] = {}
    for role, value, written in _entries(_read(language)):
        for words in _written(written, language):
            roles.setdefault(words, set()).add(role)
            if value is not None:
                values.setdefault(words, {})[role] = value
    alone = {words[0]: found for words, found in roles.items() if len(words) == 1}
    for words, found in roles.items():
        # "al final no": a refusal that has a negation in it denies a verb beside it.
        if Role.NO in found and len(words) > 1 and any(Role.NOT in alone.get(word, ()) for word in words):
            found.add(Role.NOT)
    led = [words for words, found in roles.items() if _is_led(words, found, roles, alone)]
    for words in led:
        del roles[words]
    return {words: Sense(frozenset(found), values.get(words, {})) for words, found in roles.items()}


def _is_led(
    words: tuple[str, ...],
    found: set[Role],
    roles: Mapping[tuple[str, ...], set[Role]],
    alone: Mapping[str, set[Role]],
) -> bool:
    """Whether an entry only takes the "in" off the time behind it: "arrivo in" beside "arrivo"."""
    shorter = roles.get(words[:-1], set())
    return bool(
        len(words) > 1 and found & POSITIVE & shorter and alone.get(words[-1], set()) & {Role.IN, Role.AT}
    )


def _written(written: str, language: str) -> Iterator[tuple[str, ...]]:
    """An entry as rows of words: each way to spell it, with its apostrophe dropped or a space for it."""
    for spelling in spellings(written, language):
        for form in dict.fromkeys((spelling.replace("'", ""), spelling.replace("'", " "))):
            words = tuple(_LISTED.findall(form))
            if words:
                yield (*words, END_OF_CLAUSE) if written.endswith(" .") else words


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[Role, int | None, str]]:
    for name, listed in {**data, **data.get("time", {})}.items():
        if isinstance(listed, list) and name in _NAMES:
            yield from ((Role(name), None, word) for word in listed)
    for unit, listed in data.get("units", {}).items():
        yield from ((Role.UNIT, _UNITS[unit], word) for word in listed)
    for role in _TABLES:
        for value, listed in data.get(role.value, {}).items():
            yield from ((role, int(value), word) for word in listed)


def _apostrophes(language: str, roles: frozenset[Role]) -> set[str]:
    """The words of some roles that have an apostrophe inside, with it: a misspelt "can'" is not "can"."""
    found = {
        spelling
        for role, _, written in _entries(_read(language))
        if role in roles and "'" in written
        for spelling in spellings(written, language)
    }
    return {word for spelling in found for word in spelling.split() if "'" in word}


def _prefixes(language: str) -> set[str]:
    listed: list[str] = _read(language).get("not_prefixes", [])
    return {form.replace("'", "") for written in listed for form in spellings(written, language)}


def _read(language: str) -> Mapping[str, Any]:
    return language_files.read("answers", language)


@cache
def signs() -> Mapping[str, Role]:
    """Emoji and other signs that answer, by `Role`; all others are left out of a text."""
    found = language_files.read("answers", "signs")
    return MappingProxyType({sign: Role(role) for role, listed in found.items() for sign in listed})
