"""Which of our own texts a phone received, told from its wording, as a person would tell it.

Simulated people know nothing but what is on their phones. The wordings are read from where they are
written, so that a better sentence there needs no change here.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from mobilize.domain import segments
from mobilize.domain.sentences import LANGUAGES, PLACEHOLDER, TEMPLATES, standard

_GROUPS = ("acknowledgement.", "stand_down.", "reminder.")


@dataclass(frozen=True, slots=True)
class OwnText:
    """What a text of ours is, as ``reminder.silent``, and the letter that it wants in front of digits."""

    kind: str
    letter: str


def recognised(body: str) -> OwnText | None:
    """What kind of text of ours this is; ``None`` for call-outs, questions, and what others wrote."""
    plain = _plain(body)
    for kind, pattern in _patterns():
        found = pattern.search(plain)
        if found:
            return OwnText(kind, found.groupdict().get("code") or "")
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """By kind, one for each language. Longer wordings first: a shorter one may be part of a longer."""
    found = [(kind, wording) for language in LANGUAGES for kind, wording in _wordings(language)]
    return tuple((kind, _pattern(wording)) for kind, wording in sorted(found, key=lambda one: -len(one[1])))


def _wordings(language: str) -> Iterator[tuple[str, str]]:
    for name in TEMPLATES:
        if name.startswith(_GROUPS):
            yield name, standard(language, name)


def _pattern(wording: str) -> re.Pattern[str]:
    """The wording with anything in its places. It ends where the text ends, and begins after the section."""
    lettered = False
    parts = []
    for n, part in enumerate(PLACEHOLDER.split(_plain(wording).removeprefix("{section}"))):
        if n % 2 == 0:
            parts.append(re.escape(part))
        elif part == "code":
            parts.append("[A-Z]?" if lettered else "(?P<code>[A-Z]?)")
            lettered = True
        else:
            parts.append(".*")
    return re.compile("".join(parts) + "$", re.DOTALL)


def _plain(text: str) -> str:
    """Without accents and strokes, which a text leaves off to be cheaper."""
    spread = unicodedata.normalize("NFKD", text.translate(segments.PLAIN_SIGNS))
    return "".join(sign for sign in spread if not unicodedata.combining(sign))
