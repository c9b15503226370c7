"""Where somebody says they are, and who comes: what stands beside a yes and may take it back.

No list holds all places. A word that nobody knows behind "in", "from" or "to" may be one, and a yes with one
is doubted: "yes, in Spain". A time with it makes it plain: "coming to Bergen, 20 min".
"""

from collections.abc import Sequence
from itertools import pairwise

from .lexicon import Role
from .words import Piece

_SHORTEST_PLACE = 3
_COMES = (Role.COME, Role.SET_OUT, Role.ARRIVED, Role.FREE)
#: What a guess may make of the name of a place: "Rome" is no "home".
_SAYS_NOTHING = frozenset(
    {Role.NEUTRAL, Role.OTHER, Role.NEEDED, Role.POLITE, Role.IN, Role.AT, Role.TO, Role.PLACE}
)


def names_a_place(pieces: Sequence[Piece]) -> bool:
    """Whether a word that is not known stands behind a word like "in"."""
    for at, piece in enumerate(pieces):
        if not piece.does(Role.PLACE):
            continue
        behind = pieces[at + 1 : at + 3]
        if behind and _may_be_a_name(behind[0]):
            return True
        small = len(behind) == 2 and behind[0].roles == {Role.NEUTRAL} and not behind[0].guessed
        if small and not behind[1].known and _may_be_a_name(behind[1]):
            return True
    return False


def _may_be_a_name(piece: Piece) -> bool:
    if not piece.words or len(piece.text) < _SHORTEST_PLACE:
        return False
    return not piece.known or (piece.guessed and piece.roles <= _SAYS_NOTHING)


def others_come(pieces: Sequence[Piece]) -> bool:
    """Whether it is somebody else who comes: "my brother can come", "può venire mia sorella"."""
    for at, piece in enumerate(pieces):
        if piece.does(Role.THEY):
            behind = pieces[at + 1 : at + 3]
            small = len(behind) == 2 and behind[0].roles <= {Role.NEUTRAL, Role.NOW}
            before = at > 0 and pieces[at - 1].does(Role.COME)
            if before or any(one.does(*_COMES) for one in (behind if small else behind[:1])):
                return True
    return False


def only_but_not_coming(pieces: Sequence[Piece]) -> bool:
    """ "I can only apologise": what somebody can do is something else."""
    if any(piece.does(Role.LENGTH, Role.MOMENT, Role.END, Role.NEEDED) for piece in pieces):
        return False
    for at, pair in enumerate(pairwise(pieces)):
        limits = any(
            one.does(Role.ONLY) and other.does(Role.COME, Role.FREE) for one, other in (pair, pair[::-1])
        )
        if limits and any(not piece.known or piece.does(Role.REGRET) for piece in pieces[at + 2 : at + 3]):
            return True
    return False
