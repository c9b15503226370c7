"""What the clauses of a text say together: later ones add to earlier ones, or take them back.

A refusal holds against whatever comes after it, but for "no, I'm coming" (a bare no, then a verb of coming).
What contradicts itself, and a yes with an obstacle that is not overcome, says nothing certain.
"""

from collections.abc import Callable, Mapping, Sequence

from .clauses import Clause, Says
from .lexicon import Role

Said = tuple[Says, Clause]

#: Strong: in so many words. A bare yes may only mean that the text was read.
STRONG = frozenset({Says.COMING, Says.SET_OUT, Says.ARRIVED})
_POSITIVE = STRONG | {Says.YES}
_REFUSING = frozenset({Says.NO, Says.HARDLY, Says.NOT_COMING, Says.AWAY})
_SAYS_LITTLE = frozenset({Says.NOTHING, Says.LIMITED, Says.QUESTION})
_LIMITABLE = frozenset(
    {Says.YES, Says.COMING, Says.REASON, Says.DOUBT, Says.CONDITION, Says.WISH, Says.CONFLICT} | _REFUSING
)
_TIMES = (Role.LENGTH, Role.MOMENT)
_DAY = 24 * 60


def outcome(said: Sequence[Said]) -> Says | None:
    """What is left when all is said; ``None`` if nothing speaks of coming or not."""
    state: Says | None = None
    if _tells_days(said):
        said = [(_only_paused(one, clause), clause) for one, clause in said]
    for one, clause in said:
        after = _next(state, one, clause)
        doubted = state is Says.YES and one is Says.UNKNOWN and _was_read(said)
        state = Says.OBSTACLE if doubted else after
    if any(one is Says.LIMITED for one, _ in said):
        return Says.LIMITED if state is None or state in _LIMITABLE else Says.CONFLICT
    return state


def _was_read(said: Sequence[Said]) -> bool:
    """Whether the yes may only say that the text was read: "yes, I've read it. My husband is in hospital"."""
    yes = [clause for one, clause in said if one is Says.YES]
    return any(piece.does(Role.POLITE) and piece.words > 1 for clause in yes for piece in clause.pieces)


def _tells_days(said: Sequence[Said]) -> bool:
    """Whether somebody is away for days: "off to Spain for ten days, do not call"."""
    return any(
        piece.does(Role.LENGTH, Role.END) and max(piece.values.values(), default=0) >= _DAY
        for _, clause in said
        for piece in clause.pieces
    )


def _only_paused(one: Says, clause: Clause) -> Says:
    denies = clause.does(Role.NOT) and not any(
        piece.does(Role.STOP_VERBS) and not piece.does(Role.NOT) for piece in clause.pieces
    )
    return Says.PAUSE if one is Says.NO_TEXTS and denies else one


def _next(state: Says | None, one: Says, clause: Clause) -> Says | None:
    if one is Says.UNKNOWN or (one is Says.NOTHING and clause.turns):
        return _after_something_else(state, one, clause)
    if one in _SAYS_LITTLE:
        return state
    if one is Says.PLACE:
        return _after_place(state, clause)
    if one is Says.REGRET:
        return Says.OBSTACLE if state is Says.YES else state  # "yes, I saw it, sorry"
    if state is None or state is one:
        # In "i cha leider nid" the negation has lost its verb: it is no bare no.
        loose = one is Says.NO and clause.turns and not clause.does(Role.NO)
        return Says.NOT_COMING if loose else one
    if one is Says.NO_TEXTS and state is Says.AWAY and not clause.does(Role.STOP_VERBS):
        return state  # "away until Friday, do not text me"; but "I moved, take me off the list"
    if Says.PAUSE in (state, one):
        return Says.CONFLICT if _POSITIVE & {state, one} else Says.PAUSE
    if Says.NO_TEXTS in (state, one):
        return Says.CONFLICT if _POSITIVE & {state, one} else Says.NO_TEXTS
    return _AFTER[one](state, clause)


def _after_something_else(state: Says | None, one: Says, clause: Clause) -> Says | None:
    """ "Yes, but ..." something that does not speak of coming, or that nobody knows."""
    if not clause.turns or clause.does(*_TIMES, Role.END):
        return state
    if state is Says.WISH:
        return Says.NO
    if one is Says.UNKNOWN and state in _POSITIVE:
        return Says.OBSTACLE
    if one is Says.UNKNOWN and state is Says.REASON:
        return Says.CONFLICT  # "I was asleep, but" who knows what
    if state is Says.YES and clause.does(Role.NOT):
        return Says.OBSTACLE  # "yes, but I'm in Bologna and not back tonight"
    return Says.OBSTACLE if state is Says.YES and not clause.does(Role.DELAY, Role.IN, Role.NOW) else state


def _after_place(state: Says | None, clause: Clause) -> Says | None:
    """ "Yes, in Spain"; "I'd be glad to, but I'm in Rome"."""
    if state is Says.WISH and clause.turns:
        return Says.NO
    far = state is Says.YES or (state in _POSITIVE and clause.turns)
    return Says.OBSTACLE if far else state


def _after_coming(state: Says, one: Says, clause: Clause) -> Says:
    if state is Says.NOT_COMING:
        # "Can't, on my way to the airport"; but "can't now, coming in 2 hours" is none of both.
        return state if one is Says.SET_OUT and not clause.turns and not clause.does(*_TIMES) else Says.CONFLICT
    if state in (Says.CONDITION, Says.CONFLICT):
        return one if clause.turns and state is Says.CONDITION else Says.CONFLICT
    if state in (Says.SET_OUT, Says.ARRIVED) and one is Says.COMING:
        return state
    return one


def _after_yes(state: Says, clause: Clause) -> Says:
    if state in (Says.LEFT, Says.REASON, Says.BACK):
        return Says.YES
    return state if state in STRONG or state is Says.OBSTACLE else Says.CONFLICT


def _after_no(state: Says, clause: Clause) -> Says:
    if state in STRONG and not clause.turns and _denies_something(clause):
        return state  # "coming, no traffic"
    if state in _POSITIVE or state is Says.BACK:
        return Says.NOT_COMING if clause.turns else Says.CONFLICT
    return state if state in (Says.NOT_COMING, Says.AWAY) else Says.NO


def _denies_something(clause: Clause) -> bool:
    return any(piece.words and not piece.does(Role.NO, Role.NOT, Role.POLITE) for piece in clause.pieces)


def _after_hardly(state: Says, clause: Clause) -> Says:
    if state in STRONG and not clause.turns:
        return state if not clause.does(Role.CANNOT) else Says.CONFLICT
    if state in _POSITIVE or state in (Says.BACK, Says.LEFT, Says.OBSTACLE):
        return Says.NO if clause.turns and state is Says.YES else Says.CONFLICT
    return state if state in _REFUSING or state is Says.CONDITION else Says.HARDLY


def _after_not_coming(state: Says, clause: Clause) -> Says:
    # "Coming, can't be there before 7": a time that is not kept may not be a refusal.
    timed = clause.does(*_TIMES, Role.NOW) and state in STRONG and not clause.turns
    return Says.CONFLICT if timed else Says.NOT_COMING


def _after_away(state: Says, clause: Clause) -> Says:
    if state in _POSITIVE:
        return Says.AWAY if clause.turns else Says.CONFLICT
    if state is Says.OBSTACLE:
        return state
    if state is Says.NOT_COMING and not clause.does(Role.END, Role.LENGTH):
        return state
    if state in (Says.CONDITION, Says.CONFLICT) and not clause.turns:
        return state
    return Says.AWAY


def _after_reason(state: Says, clause: Clause) -> Says:
    if state is Says.YES:
        return Says.OBSTACLE
    if state in STRONG:
        return Says.OBSTACLE if clause.turns else state
    if state is Says.WISH or (state in (Says.DOUBT, Says.CONDITION) and clause.turns):
        return Says.NO
    return Says.REASON if state in (Says.LEFT, Says.BACK) else state


def _after_doubt(state: Says, one: Says, clause: Clause) -> Says:
    if one is Says.CONFLICT and clause.turns and state is Says.AWAY:
        return one  # "just off the shift, but count on me" with a word that may deny it
    return state if state in _REFUSING or state is Says.CONFLICT else one


def _after_left(state: Says, clause: Clause) -> Says:
    return Says.LEFT if state in (Says.SET_OUT, Says.ARRIVED, Says.REASON) else state


def _after_back(state: Says, clause: Clause) -> Says:
    if state in (Says.REASON, Says.LEFT):
        return Says.BACK
    return state if state in STRONG else Says.CONFLICT


def _after_wish(state: Says, clause: Clause) -> Says:
    return Says.NO if state in (Says.REASON, Says.HARDLY) else state


_AFTER: Mapping[Says, Callable[[Says, Clause], Says]] = {
    Says.COMING: lambda state, clause: _after_coming(state, Says.COMING, clause),
    Says.SET_OUT: lambda state, clause: _after_coming(state, Says.SET_OUT, clause),
    Says.ARRIVED: lambda state, clause: _after_coming(state, Says.ARRIVED, clause),
    Says.YES: _after_yes,
    Says.NO: _after_no,
    Says.HARDLY: _after_hardly,
    Says.NOT_COMING: _after_not_coming,
    Says.AWAY: _after_away,
    Says.REASON: _after_reason,
    Says.WISH: _after_wish,
    Says.OBSTACLE: lambda state, clause: state if state in STRONG else Says.OBSTACLE,
    Says.DOUBT: lambda state, clause: _after_doubt(state, Says.DOUBT, clause),
    Says.CONDITION: lambda state, clause: _after_doubt(state, Says.CONDITION, clause),
    Says.CONFLICT: lambda state, clause: _after_doubt(state, Says.CONFLICT, clause),
    Says.LEFT: _after_left,
    Says.BACK: _after_back,
}
