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
    """Whether it is somebody else who comes: "my brother can come"."""
    return any(first.does(Role.THEY) and second.does(*_COMES) for first, second in pairwise(pieces))


def only_but_not_coming(pieces: Sequence[Piece]) -> bool:
    """ "I can only apologise": what somebody can do is something else."""
    only = any(
        one.does(Role.ONLY) and other.does(*_COMES)
        for pair in pairwise(pieces)
        for one, other in (pair, pair[::-1])
    )
    timed = any(piece.does(Role.LENGTH, Role.MOMENT, Role.END, Role.NEEDED) for piece in pieces)
    unlike = any(not piece.known or piece.does(Role.REGRET) for piece in pieces)
    return only and unlike and not timed
