"""Answers in a language that is not the volunteer's.

Only a text all of whose words a language knows is read in it, without guesses; and only if no language that
could have been meant says otherwise: "ne" is no in Serbian and may be yes in Greek.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ..vocabulary import Intent
from .lexicon import LANGUAGES, Role, lexicon
from .times import with_times
from .verdict import Meaning, weigh
from .words import Piece, all_known, pieces

#: What is left of the confidence when the language itself is a guess.
_ANSWERS = (
    Role.YES,
    Role.NO,
    Role.COME,
    Role.SET_OUT,
    Role.ARRIVED,
    Role.NOT,
    Role.CANNOT,
    Role.STOP_VERBS,
    Role.DOUBT,
)
_LANGUAGE_GUESSED = 0.8


def foreign(text: str, own: str, now: datetime, has_calls: bool) -> Meaning | None:
    """What the text means in the languages that know all of it, if they agree."""
    found: list[Meaning] = []
    for language in LANGUAGES:
        if language == own:
            continue
        words = lexicon(language)
        if not all_known(text, words):
            continue
        read = pieces(text, words)
        if not _all_known(read):
            continue
        meaning = weigh(with_times(read, now), has_calls)
        if meaning.understood and any(piece.does(*_ANSWERS) for piece in read):
            found.append(meaning)
    if not found or len({meaning.intent for meaning in found}) > 1 or found[0].intent is Intent.UNCLEAR:
        return None
    agreed = found[0] if all(meaning == found[0] for meaning in found) else Meaning(found[0].intent)
    return replace(agreed, confidence=_LANGUAGE_GUESSED)


def _all_known(read: Sequence[Piece]) -> bool:
    return any(piece.words for piece in read) and all(piece.known and not piece.guessed for piece in read)
