"""What the clauses, times and numbers of a text come to together: one intent, or unclear."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..vocabulary import Intent
from .clauses import Clause, Says, clauses, says
from .lexicon import Role
from .numbers import SMALL, numbers_of, speaks
from .outcome import STRONG, Said, outcome
from .words import Piece

_REFUSAL = 2
_COMING = (*STRONG, Says.YES)
_DIGIT_SAYS = {1: Says.YES, 2: Says.NO, 3: Says.LIMITED, 4: Says.ARRIVED, 5: Says.LEFT}
#: How much a word that is not known, or only guessed, takes off the confidence of a text of one word.
_UNKNOWN_COSTS, _GUESS_COSTS = 0.8, 0.25


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
    numbers = numbers_of(_without_idle_signs(pieces))
    if numbers is None:
        return _DOUBTED
    digit = numbers.digit
    said = [(says(clause), clause) for clause in clauses(numbers.rest)]
    if digit is not None:
        said.insert(0, (_DIGIT_SAYS[digit], Clause((), False, False)))
        if numbers.rest and numbers.rest[0].does(Role.ASKED):
            return _DOUBTED
    result = outcome(said)
    if digit == _REFUSAL and result in _COMING:
        result = Says.CONFLICT
    if result is Says.REASON and _mostly_unread(said):
        result = Says.CONFLICT
    if result in (Says.NO, Says.HARDLY) and any(piece.hopeful for piece in pieces):
        result = Says.CONFLICT  # "no no, I'm cming"
    times = _times(said, numbers.minutes)
    meaning = _meaning(result, said, times, has_calls)
    return _trusted(meaning, pieces)


def _mostly_unread(said: Sequence[Said]) -> bool:
    """Whether a reason and what stands beside it have words that nobody knows: it may be over."""
    about = any(one is Says.REASON and clause.unknown for one, clause in said)
    return about and any(one is Says.UNKNOWN for one, _ in said)


def _without_idle_signs(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """A thumb up beside words only cheers; one down may contradict them."""
    if not speaks([piece for piece in pieces if piece.words]):
        return pieces
    return [piece for piece in pieces if piece.words or not piece.does(Role.YES)]


# ---- Words that count as the whole message ----


_WHOLE = {
    Role.STOP: Intent.OPT_OUT,
    Role.START: Intent.OPT_IN,
    Role.HELP: Intent.HELP,
    Role.STATUS: Intent.STATUS,
    Role.OFF: Intent.UNAVAILABLE,
    Role.ON: Intent.AVAILABLE,
}
_MOST_WORDS_OF_STATUS = 4


def _alone(pieces: Sequence[Piece]) -> Meaning | None:
    content = [piece for piece in pieces if piece.words and not piece.roles <= {Role.POLITE}]
    asks_status = any(piece.does(Role.STATUS) for piece in pieces)
    if any(piece.does(Role.ASKED) for piece in pieces) and not asks_status:
        return None
    if len(content) == 1:
        for role, intent in _WHOLE.items():
            if content[0].does(role):
                return Meaning(intent)
    asked = any(piece.does(Role.ASKED) for piece in pieces)
    # "Am I listed as away or available?"
    about = (Role.FREE, Role.AWAY, Role.OFF, Role.ON, Role.NO) if asked else ()
    asks = all(piece.does(Role.STATUS, Role.NEUTRAL, Role.QUESTION, Role.POLITE, *about) for piece in content)
    if asks and asks_status and len(content) <= _MOST_WORDS_OF_STATUS + len(about):
        return Meaning(Intent.STATUS)
    return _off(content)


def _off(content: Sequence[Piece]) -> Meaning | None:
    """ "OFF 3d", "I'm off until Friday": nothing but the word, a time and small words."""
    if not any(piece.does(Role.OFF) for piece in content):
        return None
    times = [piece for piece in content if piece.does(Role.LENGTH, Role.END)]
    others = [piece for piece in content if piece not in times and not piece.does(Role.OFF)]
    if times and all(piece.known and piece.roles <= SMALL for piece in others):
        return Meaning(Intent.UNAVAILABLE, minutes=_value(times[0]))
    return None


def _value(piece: Piece) -> int | None:
    return next(iter(piece.values.values()), None)


# ---- Times and the intent ----


@dataclass(frozen=True, slots=True)
class _Times:
    arrival: int | None
    told: bool
    absence: int | None
    promised: bool


def _times(said: Sequence[Said], bare: int | None) -> _Times:
    """When, if it is told in a clause that does not refuse; and for how long, if one does."""
    arrivals: list[tuple[bool, int | None]] = []
    absences: list[int | None] = []
    # "I finish at 8" is no arrival.
    shifts = any(one is Says.NOTHING and clause.does(Role.FINISH) for one, clause in said)
    for one, clause in said:
        for piece in clause.pieces:
            if piece.does(Role.LENGTH, Role.END):
                absences.append(_value(piece))
            too_long = piece.does(Role.LENGTH) and (_value(piece) or 0) >= DAY and str(DAY) not in piece.text
            if (
                piece.does(Role.LENGTH, Role.MOMENT)
                and not too_long
                and one
                not in (
                    Says.NO,
                    Says.NOT_COMING,
                    Says.AWAY,
                    Says.REASON,
                )
            ):
                arrivals.append((one in STRONG or one is Says.YES, _value(piece)))
    told = [timed for timed in arrivals if not shifts or timed[0]]
    if bare is not None:
        arrivals.append((True, bare))
    best = [minutes for strong, minutes in arrivals if strong] or [minutes for _, minutes in arrivals]
    known = [minutes for minutes in best if minutes is not None and minutes <= 24 * 60]
    return _Times(
        max(known, default=None),
        bool(told) or bare is not None,
        absences[0] if absences else None,
        any(strong for strong, _ in told),
    )


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
        result = _with_a_time(result, said, times)
    if result is None:
        return replace(_DOUBTED, understood=asked)
    if result in _UNCERTAIN or _another_day(result, said):
        return _DOUBTED
    if _is_absence(result, said, times):
        return Meaning(Intent.UNAVAILABLE, minutes=times.absence)
    intent = _INTENTS[result]
    if result is Says.COMING and not has_calls and _only_free(said) and not times.told:
        intent = Intent.AVAILABLE
    eta = times.arrival if intent in _WITH_ETA else None
    if eta is None and result is Says.YES and any(clause.does(Role.NOW) for _, clause in said):
        eta = 0
    return Meaning(intent, eta)


def _with_a_time(result: Says | None, said: Sequence[Said], times: _Times) -> Says | None:
    """A time to come says that somebody comes, if nothing else says more; it casts doubt on a faint no."""
    late = result is Says.ARRIVED and times.arrival is not None  # "bin in 20 da"
    turned = any(one is Says.NOT_COMING and clause.turns for one, clause in said)
    if result is Says.NOT_COMING and times.promised and not turned:
        return Says.CONFLICT  # "in 20 min, can't be sooner"
    if result in (None, Says.OBSTACLE) or late or (result is Says.LEFT and not _left_at(said)):
        return Says.COMING
    contradicted = said[0][0] is Says.NO and any(one is Says.CONFLICT for one, _ in said)
    if result in (Says.REASON, Says.HARDLY) or (result is Says.NO and (contradicted or not _bare_no(said))):
        return Says.CONFLICT  # "no car, 20 min"
    return result


def _is_absence(result: Says, said: Sequence[Said], times: _Times) -> bool:
    if result is Says.AWAY:
        return any(clause.does(Role.LENGTH, Role.END) for _, clause in said)
    for_days = times.absence is not None and times.absence >= DAY
    return result is Says.PAUSE or (result in _REFUSALS and for_days)


def _bare_no(said: Sequence[Said]) -> bool:
    return any(
        one is Says.NO
        and all(piece.does(Role.NO, Role.NOT, Role.POLITE) for piece in clause.pieces if piece.words)
        for one, clause in said
    )


def _left_at(said: Sequence[Said]) -> bool:
    """Whether the time is when they left: "home since 5:30", not "at home, 15 min"."""
    return any(one is Says.LEFT and clause.does(Role.MOMENT, Role.LENGTH) for one, clause in said)


def _another_day(outcome: Says, said: Sequence[Said]) -> bool:
    """Whether who says yes means another day."""
    if outcome not in (Says.YES, Says.COMING, Says.SET_OUT):
        return False
    return any(
        _tells_another_day(piece)
        for one, clause in said
        for piece in clause.pieces
        if one not in (Says.NO, Says.NOT_COMING)
    )


def _tells_another_day(piece: Piece) -> bool:
    if piece.does(Role.END):
        return (_value(piece) or 0) > DAY // 2  # "able to help tomorrow"
    if piece.does(Role.LENGTH):
        return (_value(piece) or 0) >= DAY and str(DAY) not in piece.text  # "coming in a week"
    named = piece.does(Role.TOMORROW, Role.AFTER_TOMORROW, Role.WEEKDAY)
    return named and not piece.does(Role.NEUTRAL, Role.TODAY)


def _only_free(said: Sequence[Said]) -> bool:
    return not any(clause.does(Role.COME, Role.YES) or not clause.pieces for one, clause in said)


def _trusted(meaning: Meaning, pieces: Sequence[Piece]) -> Meaning:
    """The meaning with its confidence; whatever might be a misspelt no makes a yes unclear."""
    words = sum(piece.words for piece in pieces)
    unknown = sum(piece.words for piece in pieces if not piece.known)
    guessed = sum(piece.words for piece in pieces if piece.guessed)
    confidence = 1 - (_UNKNOWN_COSTS * unknown + _GUESS_COSTS * guessed) / max(words, 1)
    understood = meaning.understood and 2 * unknown <= words
    if meaning.intent in _DENIABLE and any(piece.suspect for piece in pieces):
        return replace(_DOUBTED, understood=understood)
    if meaning.intent is Intent.UNCLEAR:
        return replace(meaning, understood=understood and speaks(pieces))
    return replace(meaning, confidence=round(confidence, 2), understood=understood)


_DENIABLE = frozenset(
    {Intent.ACCEPT, Intent.EN_ROUTE, Intent.ON_SCENE, Intent.LEFT, Intent.AVAILABLE, Intent.OPT_IN}
)
