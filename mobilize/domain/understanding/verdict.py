"""What the clauses, times and numbers of a text come to together: one intent, or unclear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from ..vocabulary import Intent
from .clauses import Clause, Says, clauses, says
from .outcome import STRONG, Said, outcome
from .lexicon import Role
from .words import Piece

DIGITS: Mapping[int, Intent] = MappingProxyType(
    {1: Intent.ACCEPT, 2: Intent.DECLINE, 3: Intent.LIMITED, 4: Intent.ON_SCENE, 5: Intent.LEFT}
)
_DIGIT_SAYS = {1: Says.YES, 2: Says.NO, 3: Says.LIMITED, 4: Says.ARRIVED, 5: Says.LEFT}
#: How much a word that is not known, or only guessed, takes off the confidence of a text of one word.
_UNKNOWN_COSTS, _GUESS_COSTS = 0.8, 0.25
_SMALL = frozenset(
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
        *(Role.LESS_QUARTER_AFTER, Role.STOP_VERBS, Role.BUT),
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """``understood``: something in the text speaks, if only to doubt; else another language may be tried."""

    intent: Intent
    eta_minutes: int | None = None
    minutes: int | None = None
    confidence: float = 1.0
    understood: bool = True


_DOUBTED = Meaning(Intent.UNCLEAR)


def weigh(pieces: Sequence[Piece], has_calls: bool) -> Meaning:
    """The meaning of a text without the letter of its call; times are in it already."""
    if any(piece.does(Role.AUTOMATIC) for piece in pieces):
        return _DOUBTED
    alone = _alone(pieces)
    if alone is not None:
        return alone
    answer = _numbers(pieces)
    if answer is None:
        return _DOUBTED
    digit, bare_minutes, rest = answer
    found = list(clauses(rest))
    said = [(says(clause), clause) for clause in found]
    if digit is not None:
        said.insert(0, (_DIGIT_SAYS[digit], Clause((), False, False)))
        if rest and rest[0].does(Role.ASKED):
            return _DOUBTED
    result = outcome(said)
    if result in (Says.NO, Says.HARDLY) and any(piece.hopeful for piece in pieces):
        result = Says.CONFLICT  # "no no, I'm cming"
    times = _times(said, bare_minutes)
    meaning = _meaning(result, said, times, has_calls)
    return _trusted(meaning, pieces, digit)


# ---- Words that count as the whole message ----


_WHOLE = {Role.STOP: Intent.OPT_OUT, Role.START: Intent.OPT_IN, Role.HELP: Intent.HELP, Role.STATUS: Intent.STATUS,
          Role.OFF: Intent.UNAVAILABLE, Role.ON: Intent.AVAILABLE}  # fmt: skip


def _alone(pieces: Sequence[Piece]) -> Meaning | None:
    content = [piece for piece in pieces if piece.words and not piece.roles <= {Role.POLITE}]
    if any(piece.does(Role.ASKED) for piece in pieces) and not any(piece.does(Role.STATUS) for piece in pieces):
        return None
    if len(content) == 1:
        for role, intent in _WHOLE.items():
            if content[0].does(role):
                return Meaning(intent)
    if content and all(piece.does(Role.STATUS, Role.NEUTRAL, Role.QUESTION, Role.POLITE) for piece in content):
        if len(content) <= 4 and any(piece.does(Role.STATUS) for piece in content):
            return Meaning(Intent.STATUS)
    return _off(content)


def _off(content: Sequence[Piece]) -> Meaning | None:
    """ "OFF 3d", "I'm off until Friday": nothing but the word, a time and small words."""
    if not any(piece.does(Role.OFF) for piece in content):
        return None
    times = [piece for piece in content if piece.does(Role.LENGTH, Role.END)]
    others = [piece for piece in content if piece not in times and not piece.does(Role.OFF)]
    if times and all(piece.known and piece.roles <= _SMALL for piece in others):
        return Meaning(Intent.UNAVAILABLE, minutes=_value(times[0]))
    return None


def _value(piece: Piece) -> int | None:
    return next(iter(piece.values.values()), None)


# ---- Numbers ----


def _numbers(pieces: Sequence[Piece]) -> tuple[int | None, int | None, list[Piece]] | None:
    """The digit that answers, bare minutes, and the pieces without them; ``None`` if they contradict."""
    words = [piece for piece in pieces if not piece.does(Role.BREAK, Role.DASH)]
    numbers = [piece for piece in words if piece.does(Role.DIGITS)]
    if not numbers:
        return None if not words else (None, None, list(pieces))
    digit = None
    if words[0] is numbers[0] and numbers[0].values[Role.NUMBER] in DIGITS and not _counts(pieces, numbers[0]):
        digit = numbers.pop(0).values[Role.NUMBER]
    elif words[0] is numbers[0] and not _speaks(pieces):
        return None
    elif (
        len(numbers) == 1 and words[0].does(Role.POLITE) and words[-1] is numbers[0] and _is_minutes(numbers[0])
    ):
        return (
            1,
            numbers[0].values[Role.NUMBER],
            [piece for piece in pieces if piece is not numbers[0]],
        )  # "ok 20"
    elif len(numbers) == 1 and not _speaks(pieces):
        led = _led(pieces, numbers[0]) or _counts(pieces, numbers[0])
        if led or numbers[0].values[Role.NUMBER] not in DIGITS or not all(piece.known for piece in words):
            return None
        digit = numbers.pop().values[Role.NUMBER]
    minutes = None
    for number in numbers:
        value = number.values[Role.NUMBER]
        if _counts(pieces, number):
            continue
        if value in DIGITS and not _led(pieces, number):
            if value == 5 and digit == 1:
                minutes = value
            elif digit is not None and value != digit:
                return None
            elif digit is None:
                if not _repeats(pieces, value):
                    return None
            continue
        if digit in (2, 4, 5):
            return None
        minutes = value if minutes is None else max(minutes, value)
    rest = [piece for piece in pieces if not piece.does(Role.DIGITS)]
    return digit, minutes, rest


def _is_minutes(number: Piece) -> bool:
    return 5 < number.values[Role.NUMBER] <= 120


def _counts(pieces: Sequence[Piece], number: Piece) -> bool:
    """Whether the number counts something: "2 friends", "300 km". Behind a yes it is minutes all the same."""
    at = next(index for index, piece in enumerate(pieces) if piece is number)
    after = pieces[at + 1] if at + 1 < len(pieces) else None
    before = pieces[at - 1] if at else None
    if (
        after is None
        or after.does(Role.BREAK, Role.ASKED, Role.DASH, Role.DIGITS, Role.LENGTH, Role.MOMENT)
        or not after.words
    ):
        return False
    if before is None:
        return number.values[Role.NUMBER] not in DIGITS
    return not before.does(Role.YES, Role.DIGITS, Role.BREAK)


def _led(pieces: Sequence[Piece], number: Piece) -> bool:
    at = next(index for index, piece in enumerate(pieces) if piece is number)
    return at > 0 and pieces[at - 1].does(Role.IN)


def _repeats(pieces: Sequence[Piece], value: int) -> bool:
    """Whether a word is followed by its own digit, as people copy it from the call: "yes 1", "no 2"."""
    role = {
        1: (Role.YES, Role.COME),
        2: (Role.NO, Role.CANNOT),
        3: (Role.LIMITED,),
        4: (Role.ARRIVED,),
        5: (Role.LEFT,),
    }
    return any(piece.does(*role[value]) for piece in pieces)


def _speaks(pieces: Sequence[Piece]) -> bool:
    return any(not piece.roles <= _SMALL for piece in pieces)


# ---- Times and the intent ----


@dataclass(frozen=True, slots=True)
class _Times:
    arrival: int | None
    told: bool
    absence: int | None
    bare: bool


def _times(said: Sequence[Said], bare: int | None) -> _Times:
    """When, if it is told in a clause that does not refuse; and for how long, if one does."""
    arrivals: list[tuple[bool, int | None]] = []
    absences: list[int | None] = []
    for one, clause in said:
        for piece in clause.pieces:
            if piece.does(Role.LENGTH, Role.END):
                absences.append(_value(piece))
            if piece.does(Role.LENGTH, Role.MOMENT) and one not in (
                Says.NO,
                Says.NOT_COMING,
                Says.AWAY,
                Says.REASON,
            ):
                arrivals.append((one in STRONG or one is Says.YES, _value(piece)))
    if bare is not None:
        arrivals.append((True, bare))
    best = [minutes for strong, minutes in arrivals if strong] or [minutes for _, minutes in arrivals]
    known = [minutes for minutes in best if minutes is not None and minutes <= 24 * 60]
    return _Times(max(known, default=None), bool(arrivals), absences[0] if absences else None, bare is not None)


_INTENTS = {
    Says.YES: Intent.ACCEPT,
    Says.COMING: Intent.ACCEPT,
    Says.SET_OUT: Intent.EN_ROUTE,
    Says.ARRIVED: Intent.ON_SCENE,
    Says.LEFT: Intent.LEFT,
    Says.NO: Intent.DECLINE,
    Says.HARDLY: Intent.DECLINE,
    Says.NOT_COMING: Intent.DECLINE,
    Says.REASON: Intent.DECLINE,
    Says.AWAY: Intent.DECLINE,
    Says.LIMITED: Intent.LIMITED,
    Says.BACK: Intent.AVAILABLE,
    Says.NO_TEXTS: Intent.OPT_OUT,
}
_REFUSALS = frozenset({Says.NO, Says.HARDLY, Says.NOT_COMING})
DAY = 24 * 60
_UNCERTAIN = frozenset({Says.DOUBT, Says.CONDITION, Says.CONFLICT, Says.OBSTACLE, Says.WISH})
_WITH_ETA = (Intent.ACCEPT, Intent.LIMITED, Intent.EN_ROUTE)


def _meaning(result: Says | None, said: Sequence[Said], times: _Times, has_calls: bool) -> Meaning:
    asked = any(one is Says.QUESTION for one, _ in said)
    if times.told and not asked:
        late = result is Says.ARRIVED and times.bare  # "bin in 20 da"
        if result is None or late or (result is Says.LEFT and not _left_at(said)):
            result = Says.COMING
        elif result is Says.REASON:
            result = Says.DOUBT
        elif result is Says.OBSTACLE:
            result = Says.COMING
    if result is None:
        return replace(_DOUBTED, understood=asked)
    if result in _UNCERTAIN or _another_day(result, said):
        return _DOUBTED
    if result is Says.AWAY and any(clause.does(Role.LENGTH, Role.END) for _, clause in said):
        return Meaning(Intent.UNAVAILABLE, minutes=times.absence)
    if result is Says.PAUSE or (result in _REFUSALS and times.absence is not None and times.absence >= DAY):
        return Meaning(Intent.UNAVAILABLE, minutes=times.absence)
    intent = _INTENTS[result]
    if result is Says.COMING and not has_calls and _only_free(said) and not times.told:
        intent = Intent.AVAILABLE
    eta = times.arrival if intent in _WITH_ETA else None
    if eta is None and result is Says.YES and any(clause.does(Role.NOW) for _, clause in said):
        eta = 0
    return Meaning(intent, eta)


def _left_at(said: Sequence[Said]) -> bool:
    """Whether the time is when they left: "home since 5:30", not "at home, 15 min"."""
    return any(one is Says.LEFT and clause.does(Role.MOMENT, Role.LENGTH) for one, clause in said)


def _another_day(outcome: Says, said: Sequence[Said]) -> bool:
    """Whether who says yes means another day."""
    if outcome not in (Says.YES, Says.COMING, Says.SET_OUT):
        return False
    return any(
        piece.does(Role.TOMORROW, Role.AFTER_TOMORROW, Role.WEEKDAY)
        and not piece.does(Role.NEUTRAL, Role.TODAY)
        for one, clause in said
        for piece in clause.pieces
        if one not in (Says.NO, Says.NOT_COMING)
    )


def _only_free(said: Sequence[Said]) -> bool:
    return not any(clause.does(Role.COME, Role.YES) or not clause.pieces for one, clause in said)


def _trusted(meaning: Meaning, pieces: Sequence[Piece], digit: int | None) -> Meaning:
    """The meaning with its confidence; whatever might be a misspelt no makes a yes unclear."""
    words = sum(piece.words for piece in pieces)
    unknown = sum(piece.words for piece in pieces if not piece.known)
    guessed = sum(piece.words for piece in pieces if piece.guessed)
    confidence = 1 - (_UNKNOWN_COSTS * unknown + _GUESS_COSTS * guessed) / max(words, 1)
    understood = meaning.understood and 2 * unknown <= words
    if meaning.intent in _DENIABLE and any(piece.suspect for piece in pieces):
        return replace(_DOUBTED, understood=understood)
    if meaning.intent is Intent.UNCLEAR:
        return replace(meaning, understood=understood and _speaks(pieces))
    return replace(meaning, confidence=round(confidence, 2), understood=understood)


_DENIABLE = frozenset(
    {Intent.ACCEPT, Intent.EN_ROUTE, Intent.ON_SCENE, Intent.LEFT, Intent.AVAILABLE, Intent.OPT_IN}
)
