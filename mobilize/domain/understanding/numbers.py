"""The digit that answers a call, and minutes without a unit: "1", "1 20", "yes 20", "ok 20"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ..vocabulary import Intent
from .lexicon import Role
from .words import Piece

DIGITS: Mapping[int, Intent] = MappingProxyType(
    {1: Intent.ACCEPT, 2: Intent.DECLINE, 3: Intent.LIMITED, 4: Intent.ON_SCENE, 5: Intent.LEFT}
)
#: Roles that by themselves neither answer nor doubt.
SMALL = frozenset(
    {
        *(
            Role.POLITE,
            Role.NEUTRAL,
            Role.BREAK,
            Role.DASH,
            Role.IN,
            Role.AT,
            Role.AND,
            Role.TO,
            Role.NOW,
            Role.AM,
        ),
        *(
            Role.PM,
            Role.TODAY,
            Role.UNTIL,
            Role.OCLOCK,
            Role.NUMBER,
            Role.DIGITS,
            Role.LENGTH,
            Role.MOMENT,
            Role.END,
        ),
        *(Role.UNIT, Role.CLOCK, Role.DATE, Role.RECEIVED, Role.OTHER, Role.ONLY, Role.NEEDED, Role.SPAN),
        *(
            Role.HALF_AFTER,
            Role.HALF_BEFORE,
            Role.HALF_PAST,
            Role.QUARTER_AFTER,
            Role.QUARTER_PAST,
            Role.QUARTER_TO,
        ),
        *(
            Role.WEEKDAY,
            Role.MONTH,
            Role.TOMORROW,
            Role.AFTER_TOMORROW,
            Role.WEEK_END,
            Role.MONTH_END,
            Role.TEXTS,
        ),
        *(Role.LESS_QUARTER_AFTER, Role.STOP_VERBS, Role.BUT, Role.ASKED),
        *(Role.AGO, Role.DELAY, Role.MINUTES_TO, Role.MINUTES_PAST, Role.LESS),
        *(Role.FAIL, Role.FINISH, Role.THEY, Role.PLACE),
    }
)


# What may be the same answer in words, as people copy it from the call: "yes 1", "no 2".
_REPEATED = {
    1: (Role.YES, Role.COME),
    2: (Role.NO, Role.CANNOT),
    3: (Role.LIMITED,),
    4: (Role.ARRIVED,),
    5: (Role.LEFT,),
}
# A number behind "ok" is minutes if it may be; the emergency call is none.
_MINUTES_BEHIND_OK = range(6, 112)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The digit that answers, minutes that stand without a unit, and the pieces without both."""

    digit: int | None
    minutes: int | None
    rest: Sequence[Piece]


def speaks(pieces: Sequence[Piece]) -> bool:
    """Whether any piece answers or doubts."""
    return any(not piece.roles <= SMALL for piece in pieces)


def numbers_of(pieces: Sequence[Piece]) -> Numbers | None:
    """What the numbers of a text say; ``None`` if they contradict or nobody knows."""
    words = [piece for piece in pieces if not piece.does(Role.BREAK, Role.DASH)]
    numbers = [piece for piece in words if piece.does(Role.DIGITS)]
    if not numbers:
        return _in_words(pieces, words) if words else None
    if {_value(number) for number in numbers} >= {1, 2}:
        return None  # a call that was passed on: "Reply 1 yes, 2 no"
    if not speaks(pieces):
        return _alone(pieces, words, numbers)
    digit = None
    if words[0] is numbers[0] and _value(numbers[0]) in DIGITS and not _counts(pieces, numbers[0]):
        digit = _value(numbers.pop(0))
    return _beside_words(pieces, digit, numbers)


def _in_words(pieces: Sequence[Piece], words: Sequence[Piece]) -> Numbers:
    """A digit written out as the whole answer: "one"."""
    content = [piece for piece in words if not piece.does(Role.POLITE)]
    one = content[0] if len(content) == 1 and not content[0].does(Role.NEUTRAL) else None
    if one is not None and one.does(Role.NUMBER) and _value(one) in DIGITS:
        return Numbers(_value(content[0]), None, [piece for piece in pieces if piece is not content[0]])
    return Numbers(None, None, pieces)


def _alone(pieces: Sequence[Piece], words: Sequence[Piece], numbers: Sequence[Piece]) -> Numbers | None:
    """Numbers among small words: "1 20", "my answer: 2", "ok 20"."""
    first = numbers[0]
    if words[0] is first and _value(first) in DIGITS and not _counts(pieces, first):
        return _beside_words(pieces, _value(first), numbers[1:])
    if len(numbers) > 1 or words[0] is first or not all(piece.known for piece in words):
        return None
    if words[0].does(Role.POLITE) and words[-1] is first and _value(first) in _MINUTES_BEHIND_OK:
        return Numbers(1, _value(first), _without_digits(pieces))
    if _value(first) not in DIGITS or _led(pieces, first) or _counts(pieces, first):
        return None
    return Numbers(_value(first), None, _without_digits(pieces))


def _beside_words(pieces: Sequence[Piece], digit: int | None, numbers: Sequence[Piece]) -> Numbers | None:
    """The numbers behind an answer: minutes, or the same answer again."""
    minutes: list[int] = []
    for number in numbers:
        value = _value(number)
        if _counts(pieces, number):
            continue
        if value not in DIGITS or _led(pieces, number) or (value == 5 and digit == 1):
            minutes.append(value)
        elif value != digit if digit is not None else not any(one.does(*_REPEATED[value]) for one in pieces):
            return None
    if minutes and digit in (2, 4, 5):
        return None
    return Numbers(digit, max(minutes, default=None), _without_digits(pieces))


def _without_digits(pieces: Sequence[Piece]) -> list[Piece]:
    return [piece for piece in pieces if not piece.does(Role.DIGITS)]


def _value(number: Piece) -> int:
    return number.values[Role.NUMBER]


def _counts(pieces: Sequence[Piece], number: Piece) -> bool:
    """Whether the number counts something: "2 friends". Behind a yes it is minutes all the same."""
    at = _index(pieces, number)
    if at + 1 == len(pieces) or not pieces[at + 1].words or pieces[at + 1].does(*_NOT_COUNTED):
        return False
    if at == 0:
        return _value(number) not in DIGITS
    return not pieces[at - 1].does(Role.YES, Role.DIGITS, Role.BREAK)


_NOT_COUNTED = (Role.BREAK, Role.ASKED, Role.QUESTION, Role.DASH, Role.DIGITS, Role.LENGTH, Role.MOMENT)


def _led(pieces: Sequence[Piece], number: Piece) -> bool:
    """Whether "in" or the like stands before it: then it is a time."""
    at = _index(pieces, number)
    return at > 0 and pieces[at - 1].does(Role.IN)


def _index(pieces: Sequence[Piece], wanted: Piece) -> int:
    return next(at for at, piece in enumerate(pieces) if piece is wanted)
