"""What each clause of a text says, and what the clauses say together.

A clause ends at a comma, a stop or a word that turns ("but"). Inside a clause order hardly matters, so the
rules hold in all languages: a negation beside a verb of coming is a refusal, wherever it stands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from .elsewhere import names_a_place, only_but_not_coming, others_come
from .lexicon import Role
from .words import Piece


class Says(StrEnum):
    """What one clause says."""

    NOTHING = "nothing"
    YES = "yes"  # a bare word; may only mean that the text was read
    COMING = "coming"
    SET_OUT = "set_out"
    ARRIVED = "arrived"
    LEFT = "left"
    WISH = "wish"  # would come, if only
    HARDLY = "hardly"  # something is denied that may be coming
    NO = "no"  # a bare word, or a negation with nothing that it denies
    NOT_COMING = "not_coming"
    REASON = "reason"
    REGRET = "regret"
    AWAY = "away"
    LIMITED = "limited"
    BACK = "back"
    NO_TEXTS = "no_texts"
    PAUSE = "pause"  # no texts for a time
    DOUBT = "doubt"
    CONDITION = "condition"  # "if the car starts"; "maybe I can come"
    CONFLICT = "conflict"  # contradicts itself
    OBSTACLE = "obstacle"  # a yes, and something in its way
    PLACE = "place"  # where somebody is, perhaps far away
    QUESTION = "question"
    UNKNOWN = "unknown"  # words that nothing is known of


@dataclass(frozen=True, slots=True)
class Clause:
    """The pieces of a clause. ``turns``: it follows a "but"."""

    pieces: tuple[Piece, ...]
    turns: bool
    asked: bool

    def does(self, *roles: Role) -> bool:
        return any(piece.does(*roles) for piece in self.pieces)

    @property
    def unknown(self) -> int:
        return sum(not piece.known for piece in self.pieces)

    @property
    def suspect(self) -> bool:
        return any(piece.suspect for piece in self.pieces)


_FOR_A_TIME = (Role.LENGTH, Role.END)
# "I am ill"; longer, "ill" is "I'll".
_SHORT = 3
_SHORTEST_PLACE = 4
_TIMES = (Role.LENGTH, Role.MOMENT, Role.END)


def clauses(pieces: Sequence[Piece]) -> Iterator[Clause]:
    """The clauses of a text that say anything; a condition reaches over a comma."""
    found: list[Piece] = []
    turns = False
    for piece in pieces:
        breaks = piece.does(Role.BREAK, Role.ASKED, Role.BUT) and not piece.does(Role.AND, Role.COME)
        if not breaks:
            found.append(piece)
            continue
        if found:
            yield Clause(tuple(found), turns, piece.does(Role.ASKED))
            turns = False
        found = []
        turns = turns or piece.does(Role.BUT)
    if found:
        yield Clause(tuple(found), turns, asked=False)
    elif turns and pieces[-1].does(Role.REGRET):
        yield Clause((pieces[-1],), True, asked=False)  # "yes, unfortunately"


def says(clause: Clause) -> Says:
    """What a clause says by itself."""
    about = _about_texts(clause) or _about_certainty(clause)
    if about is not None:
        return about
    if clause.does(Role.NOT, Role.CANNOT):
        return _denied(clause)
    if clause.does(Role.ANOTHER_TIME):
        return Says.CONFLICT if clause.does(*_COMES) else Says.NO  # "next time"
    return _refused(clause) if clause.does(Role.NO) else _told(clause)


_COMES = (Role.YES, Role.COME, Role.SET_OUT, Role.FREE)


def _about_texts(clause: Clause) -> Says | None:
    if _no_texts(clause):
        return Says.PAUSE if clause.does(*_FOR_A_TIME) else Says.NO_TEXTS
    leaves = clause.does(Role.STOP_VERBS) and clause.does(Role.TEXTS) and clause.does(Role.COME, Role.SET_OUT)
    unwanted = clause.does(Role.TEXTS, Role.STOP) and clause.does(Role.YES) and _stops(clause)
    # "I'm leaving your list"; "yes please remove me"; and "no stop", of which nobody knows whether the call
    # or the texts are meant.
    guessed = clause.does(Role.TEXTS) and any(piece.guessed and piece.does(*_COMES) for piece in clause.pieces)
    return Says.CONFLICT if leaves or unwanted or guessed or _stops_or_answers(clause) else None


def _about_certainty(clause: Clause) -> Says | None:
    """Conditions, wishes, doubts and questions."""
    if clause.does(Role.LIMITED) or (clause.does(Role.IF, Role.ONLY) and clause.does(Role.NEEDED)):
        return Says.LIMITED
    if clause.does(Role.WISH) and not clause.does(Role.IF, Role.CANNOT) and not clause.asked:
        return Says.NO if clause.does(Role.NO, Role.AWAY, Role.REASON) else Says.WISH
    if clause.asked:
        return Says.QUESTION
    if _doubts(clause):
        return Says.CONDITION if clause.does(Role.IF, Role.COME, Role.YES) else Says.DOUBT
    if others_come(clause.pieces) or only_but_not_coming(clause.pieces):
        return Says.DOUBT
    return Says.QUESTION if _asks(clause) else None


def _asks(clause: Clause) -> bool:
    """Whether it begins like a question; "dann kann ich kommen" has the words of one in the middle."""
    answers = clause.does(Role.NOT, Role.CANNOT, Role.NO, Role.YES, Role.COME)
    return any(
        piece.does(Role.QUESTION)
        and (piece.words == 1 or at < 2)
        # Without accents Spanish "qué" is "que": in an answer it joins.
        and not (answers and piece.does(Role.NEUTRAL, Role.AND))
        for at, piece in enumerate(clause.pieces)
    )


def _doubts(clause: Clause) -> bool:
    """Doubt about coming; "maybe 20 min" only doubts the time."""
    # Spanish "si" is "if", and yes without its accent.
    if any(piece.does(Role.IF) and not piece.does(Role.YES) for piece in clause.pieces):
        return True
    for at, piece in enumerate(clause.pieces):
        if piece.does(Role.DOUBT):
            after = clause.pieces[at + 1 : at + 2]
            if clause.does(Role.DELAY) and not clause.does(Role.COME):
                continue  # "might be late"
            timed = bool(after) and after[0].does(Role.LENGTH, Role.MOMENT)
            if not (timed and clause.does(Role.COME, Role.YES, Role.SET_OUT, Role.ARRIVED)):
                return True
    return False


def _no_texts(clause: Clause) -> bool:
    """A wish for no more texts: "stop texting me", "do not write any more"."""
    if any(piece.does(Role.STOP) and piece.words > 1 for piece in clause.pieces):
        return not clause.does(Role.COME, Role.YES, Role.SET_OUT)
    stops = clause.does(Role.STOP_VERBS)
    if not clause.does(Role.TEXTS) or clause.does(Role.WISH) or (clause.does(Role.RECEIVED) and not stops):
        return False
    if clause.does(Role.COME, Role.YES, Role.SET_OUT, Role.CANNOT):
        return False
    return stops or clause.does(Role.NOT, Role.STOP)


def _stops_or_answers(clause: Clause) -> bool:
    answers = clause.does(Role.NO, Role.YES) and clause.does(Role.STOP_VERBS)
    return answers and all(piece.does(Role.NO, Role.YES, Role.STOP_VERBS) for piece in clause.pieces)


def _denied(clause: Clause) -> Says:
    """A clause with a negation: which verb does it deny?"""
    if clause.does(Role.NOT) and not clause.does(Role.COME, Role.FREE) and _stops(clause):
        return Says.NOTHING  # "don't stop"
    if clause.does(Role.FAIL) and not clause.does(Role.NO, Role.REASON, Role.AWAY):
        # "No way I'd miss it"
        return Says.CONFLICT if clause.does(*_COMES) else Says.NOTHING
    if _denies_a_no(clause):
        return Says.NOTHING
    if clause.does(Role.COME):
        return Says.NOT_COMING
    for_a_time = clause.does(*_FOR_A_TIME)
    if clause.does(Role.FREE):
        return Says.AWAY if for_a_time else Says.NOT_COMING
    if clause.does(Role.SET_OUT, Role.ARRIVED) or _is_back(clause):
        return Says.NOT_COMING if clause.does(Role.CANNOT) else Says.CONFLICT
    if clause.does(Role.LEFT):
        return Says.NOT_COMING if clause.does(Role.CANNOT) else Says.NOTHING  # "not going home yet"
    return Says.AWAY if clause.does(Role.AWAY) and for_a_time else _denied_otherwise(clause)


def _denies_a_no(clause: Clause) -> bool:
    """ "I never say no": a negation right before words that refuse."""
    return any(
        one.does(Role.NOT) and not one.does(Role.NO, Role.NEUTRAL) and other.does(Role.NO) and other.words > 1
        for one, other in pairwise(clause.pieces)
    )


def _denied_otherwise(clause: Clause) -> Says:
    """A negation with no verb of coming: "can't find the link", "no car", "not me"."""
    refuses = any(piece.does(Role.NO) and not piece.does(Role.NOT) for piece in clause.pieces)
    if clause.does(Role.OTHER) and not refuses and not clause.does(Role.YES):
        return Says.HARDLY if clause.does(Role.CANNOT) and not clause.does(Role.RECEIVED) else Says.NOTHING
    if clause.does(Role.CANNOT):
        return Says.HARDLY if clause.unknown else Says.NOT_COMING
    if clause.does(Role.AWAY, Role.NO, Role.REASON):
        return Says.NO
    if clause.does(Role.YES):
        return Says.CONFLICT
    only_denies = all(piece.does(Role.NOT, Role.POLITE) or not piece.words for piece in clause.pieces)
    return Says.NO if only_denies else Says.HARDLY


def _stops(clause: Clause) -> bool:
    return any(
        piece.does(Role.STOP_VERBS, Role.STOP) and not piece.does(Role.NOT, Role.CANNOT)
        for piece in clause.pieces
    )


def _refused(clause: Clause) -> Says:
    """A clause with a word like "no". Beside a yes or a verb of coming nobody knows what it denies."""
    if clause.does(Role.YES, Role.COME, Role.FREE, Role.SET_OUT, Role.ARRIVED):
        return Says.COMING if clause.does(Role.COME) and _doubled(clause) else Says.CONFLICT
    return Says.NO


def _doubled(clause: Clause) -> bool:
    """ "No no I'm coming" waves an objection away."""
    first = clause.pieces[0]
    words = first.text.split()
    return first.does(Role.NO) and len(words) == 2 and words[0] == words[1] and not clause.does(Role.NOT)


def _told(clause: Clause) -> Says:
    comes = clause.does(*_COMES)
    back = _is_back(clause)
    if back and not comes:
        return Says.BACK  # "back from holiday"
    # "ill" is "I'll" without its apostrophe where somebody comes.
    at_length = comes or len(clause.pieces) > _SHORT or _will(clause)
    if any(piece.does(Role.AWAY) and not (at_length and piece.does(Role.NEUTRAL)) for piece in clause.pieces):
        return Says.CONFLICT if comes else Says.AWAY
    going = clause.does(Role.YES, Role.COME, Role.SET_OUT) and clause.does(Role.REASON)
    if going and not clause.does(Role.LENGTH, Role.MOMENT):
        return Says.CONFLICT  # "on my way to work"
    if clause.does(Role.COME) and clause.does(Role.AGO) and clause.does(Role.LENGTH, Role.MOMENT):
        return Says.ARRIVED  # "llegamos hace cinco minutos"
    more = comes or clause.does(Role.REASON)
    if any(piece.does(Role.ARRIVED) and not (more and piece.does(Role.NEUTRAL)) for piece in clause.pieces):
        here = Says.OBSTACLE if names_a_place(clause.pieces) else Says.ARRIVED  # "here in Rome"
        return Says.COMING if _is_to_come(clause) else here
    place = _told_where(clause)
    if place is not None:
        return place
    if back:
        return Says.BACK
    return _told_plainly(clause)


def _will(clause: Clause) -> bool:
    """ "I'll take" without its apostrophe."""
    first, behind = clause.pieces[0], clause.pieces[1:2]
    return (
        first.does(Role.AWAY)
        and first.does(Role.NEUTRAL)
        and any(piece.words and piece.roles <= {Role.NEUTRAL} for piece in behind)
    )


def _is_back(clause: Clause) -> bool:
    return any(piece.does(Role.ON) and not piece.does(Role.NEUTRAL) for piece in clause.pieces)


def _told_where(clause: Clause) -> Says | None:
    """A yes with a place that may be another, or a time that is no arrival."""
    comes, timed = clause.does(*_COMES), clause.does(Role.LENGTH, Role.MOMENT)
    if clause.does(Role.SET_OUT) and not clause.does(Role.COME, Role.YES) and _elsewhere(clause):
        return Says.CONFLICT
    if clause.does(Role.LEFT) and clause.does(Role.COME):
        return Says.CONFLICT  # "komme um 9 heim"
    if comes and not timed and names_a_place(clause.pieces):
        return Says.OBSTACLE  # "yes, from Madrid"
    if clause.does(Role.FINISH) and timed and not comes:
        return Says.NOTHING  # "I finish at 8"
    return None


def _told_plainly(clause: Clause) -> Says:
    timed = clause.does(Role.LENGTH, Role.MOMENT)
    for role, said in (
        (Role.SET_OUT, Says.SET_OUT),
        (Role.COME, Says.COMING),
        (Role.FREE, Says.COMING),
        (Role.YES, Says.YES),
        (Role.LEFT, Says.LEFT),
        (Role.REASON, Says.REASON),
        (Role.REGRET, Says.REGRET),
    ):
        if clause.does(role):
            sorry = said is Says.YES and clause.does(Role.REGRET)
            return Says.OBSTACLE if sorry and not timed else said
    if not timed and names_a_place(clause.pieces):
        return Says.PLACE
    return Says.UNKNOWN if clause.unknown else Says.NOTHING


def _elsewhere(clause: Clause) -> bool:
    """Whether a place may be told that is another: "driving to Scotland"."""
    places = any(not piece.known and len(piece.text) >= _SHORTEST_PLACE for piece in clause.pieces)
    return places and not clause.does(Role.LENGTH, Role.MOMENT)


def _is_to_come(clause: Clause) -> bool:
    """Whether a time lies ahead: "bin um 6 da" is no arrival yet; a clock time that passed is one."""
    return any(
        piece.does(Role.LENGTH) or (piece.does(Role.MOMENT) and bool(piece.values)) for piece in clause.pieces
    )
