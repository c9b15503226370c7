"""What a volunteer's text means: coming, not coming, only if needed, arrived; and when.

Reading a no as a yes is the worst fault there is. So nothing is searched for inside a text: an answer is
understood only when every word of it is known (``answers/*.toml``) and all of them agree. Everything
else is `Intent.UNCLEAR`: the volunteer is asked once, and a person reads the raw text.

A digit comes first, behind the letter of the call if several are open, and minutes may follow: ``A1 20``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from .phrases import MOST_CHARACTERS, MOST_TOKENS, Piece, Role, lexicon_for, pieces, tokens
from .vocabulary import Intent

#: Minutes; an arrival further away than a day is no arrival time.
LATEST_ETA = 24 * 60
# A clock time that has just passed is a text that came late, not a plan for tomorrow.
_JUST_PASSED = 60

DIGITS: Mapping[str, Intent] = MappingProxyType(
    {"1": Intent.ACCEPT, "2": Intent.DECLINE, "3": Intent.LIMITED, "4": Intent.ON_SCENE, "5": Intent.LEFT}
)

#: The carriers' words. They count only as the whole message: "Don't stop, I'm coming" is no opt-out.
COMMANDS: Mapping[str, Intent] = MappingProxyType(
    dict.fromkeys(
        ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"), Intent.OPT_OUT
    )
    | dict.fromkeys(("start", "unstop"), Intent.OPT_IN)
    | dict.fromkeys(("help", "info"), Intent.HELP)
)

_ANSWERS: Mapping[Role, Intent] = MappingProxyType(
    {
        Role.YES: Intent.ACCEPT,
        Role.COMING: Intent.ACCEPT,
        Role.NO: Intent.DECLINE,
        Role.NOT_COMING: Intent.DECLINE,
        Role.LIMITED: Intent.LIMITED,
        Role.ARRIVED: Intent.ON_SCENE,
    }
)

_TIMES = frozenset({Role.LEAD, Role.UNIT, Role.NUMBER, Role.SPAN, Role.CLOCK})

#: What may stand beside each answer without casting doubt on it.
_COMPANY: Mapping[Intent, frozenset[Role]] = MappingProxyType(
    {
        Intent.ACCEPT: frozenset({Role.POLITE}) | _TIMES,
        Intent.LIMITED: frozenset({Role.POLITE, Role.YES, Role.COMING}) | _TIMES,
        Intent.DECLINE: frozenset({Role.POLITE, Role.REGRET}),
        Intent.ON_SCENE: frozenset({Role.POLITE}),
        Intent.LEFT: frozenset({Role.POLITE}),
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """``eta_minutes`` is 0 to 1440 after a yes; ``code`` the letter of the call, if it is certain which.

    ``confidence`` is 0 to 1; ``minutes`` is how long an absence lasts.
    """

    intent: Intent
    eta_minutes: int | None = None
    code: str | None = None
    confidence: float = 1.0
    minutes: int | None = None


_UNCLEAR = Reply(Intent.UNCLEAR)
_UNKNOWN = Piece(Role.UNKNOWN)


def understand(text: str, language: str, now: datetime, codes: Sequence[str]) -> Reply:
    """Understand one text. Never raises, whatever the text.

    ``language`` is the volunteer's (BCP 47; English is understood besides); ``now`` is aware and in the
    volunteer's time zone, for clock times; ``codes`` are the letters of the volunteer's open calls.
    With several open and no letter in the text, ``code`` is ``None`` and the volunteer must be asked.
    """
    words = tokens(text) if len(text) <= MOST_CHARACTERS else []
    if not words or len(words) > MOST_TOKENS:
        return _UNCLEAR
    command = COMMANDS.get("".join(word for word in words if word.isalnum()))
    if command is not None:
        return Reply(command)
    code, words = _split_code(words, language, codes)
    digit, words = (words[0], words[1:]) if words[0] in DIGITS else (None, words)
    return _weigh(digit, list(pieces(words, language)), now, code or _only(codes))


def _split_code(words: list[str], language: str, codes: Sequence[str]) -> tuple[str | None, list[str]]:
    """Take the letter of an open call off the front ("A 1 20") or the end ("yes A").

    In front of a sentence a letter is a word of the language: Albanian "a vij" asks "shall I come".
    """
    letters = {code.lower(): code for code in codes if len(code) == 1}
    if len(words) < 2:
        return None, words
    if words[0] in letters and _answers_by_itself(words[1:], language):
        return letters[words[0]], words[1:]
    if words[-1] in letters and (words[-1],) not in lexicon_for(language).phrases:
        return letters[words[-1]], words[:-1]
    return None, words


def _answers_by_itself(words: Sequence[str], language: str) -> bool:
    first = next(pieces(words, language))
    return words[0] in DIGITS or first[0].role in (Role.YES, Role.NO)


def _only(codes: Sequence[str]) -> str | None:
    return codes[0] if len(codes) == 1 else None


def _weigh(digit: str | None, found: list[tuple[Piece, ...]], now: datetime, code: str | None) -> Reply:
    """The one answer that the digit and all phrases agree on, or unclear."""
    intent = _agreed(digit, found)
    if intent is None:
        return _UNCLEAR
    welcome = _COMPANY[intent] | {role for role, means in _ANSWERS.items() if means is intent}
    if digit is None and _repeated(found, intent):
        found = found[:-1]
    chosen = [next((piece for piece in readings if piece.role in welcome), _UNKNOWN) for readings in found]
    if _UNKNOWN in chosen:
        return _UNCLEAR
    times = [piece for piece in chosen if piece.role in _TIMES - {Role.LEAD}]
    shape = "".join(piece.role.value for piece in times)
    if shape not in _SHAPES:
        return _UNCLEAR
    return Reply(intent, _minutes(shape, [piece.value for piece in times], now), code)


def _repeated(found: list[tuple[Piece, ...]], intent: Intent) -> bool:
    """Whether a word is followed by its own digit, as people copy it from the call: "yes 1", "no 2"."""
    if len(found) < 2:
        return False
    before, last = found[-2][0], found[-1][0]
    return before.role in _ANSWERS and last.role is Role.NUMBER and DIGITS.get(str(last.value)) is intent


def _agreed(digit: str | None, found: list[tuple[Piece, ...]]) -> Intent | None:
    answers = {_ANSWERS[piece.role] for readings in found for piece in readings if piece.role in _ANSWERS}
    if digit is not None:
        answers.add(DIGITS[digit])
    if answers == {Intent.ACCEPT, Intent.LIMITED}:
        return Intent.LIMITED  # "yes, if needed"
    return answers.pop() if len(answers) == 1 else None


# Numbers, units, spans and clock times as they may follow each other:
# "20", "20 min", "1 h 30", "1 h 30 min", "half an hour", "1 hour and half an hour", "13:45", "ore 13:45".
_SHAPES = frozenset({"", "N", "NU", "NUN", "NUNU", "S", "NUS", "C", "UC", "CU"})


def _minutes(shape: str, values: Sequence[int], now: datetime) -> int | None:
    """Minutes from now; ``None`` if the text names none, or none that can be meant."""
    if not shape:
        return None
    if "C" in shape:
        ahead = (values[shape.index("C")] - now.hour * 60 - now.minute) % (24 * 60)
        return ahead if ahead < 24 * 60 - _JUST_PASSED else None
    minutes = values[0] * (values[1] if shape.startswith("NU") else 1)
    if len(shape) > 2:
        minutes += values[2] * (values[3] if shape == "NUNU" else 1)
    return minutes if minutes <= LATEST_ETA else None
