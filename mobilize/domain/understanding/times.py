"""Times in a row of pieces: lengths ("half an hour"), moments ("at 6"), ends ("until Friday").

Each becomes one piece with the role `LENGTH`, `MOMENT` or `END` and the minutes as its value. A number that
stands alone stays a number: only the rest of the text says whether it is an answer, or minutes.
"""

from collections.abc import Sequence
from datetime import datetime

from .ends import Times
from .words import Piece


def with_times(pieces: Sequence[Piece], now: datetime) -> list[Piece]:
    """The pieces, with each time as one. ``now`` is aware, on the volunteer's clock."""
    found: list[Piece] = []
    at = 0
    reader = Times(pieces, now)
    while at < len(pieces):
        far = reader.distance(at)
        if far is not None:
            found.append(far)
            at += 2
            continue
        time = reader.past(at) or reader.end(at) or reader.moment(at) or reader.length(at)
        if time is None:
            found.append(pieces[at])
            at += 1
            continue
        role, minutes, length = time
        text = " ".join(piece.text for piece in pieces[at : at + length])
        values = {} if minutes is None else {role: minutes}
        found.append(
            Piece(text, frozenset({role}), values, words=sum(p.words for p in pieces[at : at + length]))
        )
        at += length
    return found
