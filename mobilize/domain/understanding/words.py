"""A text as a row of pieces: words and expressions with what they do, numbers, and the marks between them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .letters import fold
from .lexicon import END_OF_CLAUSE, NEGATIVE, POSITIVE, Branch, Lexicon, Role, Sense, signs
from .spelling import Guess, spell

# Longest first: dates, clock times, decimals, plain numbers, words with their apostrophes, marks.
_TOKEN = re.compile(
    r"""
    (?P<date>(?<![\d.])(?:\d{4}-\d\d?-\d\d?|\d\d?\.\d\d?\.(?:\d{4}|\d\d)?|\d\d?/\d\d?/\d{2,4})(?!\d))
  | (?P<clock>(?<![\d:.,])(?:[01]?\d|2[0-3])(?:[:.]|\s?h\s?)[0-5]\d(?!\d|[.,:]\d))
  | (?P<odd>(?<!\S)[+-]\d+|\d+(?:[.,:]\d+)+)
  | (?P<mixed>\d+[^\W\d_]+|[^\W\d_]+\d[^\W\d_]+|[^\W\d_]{2,}\d(?![\d.:,]))
  | (?P<number>\d+(?:/\d+)?)
  | (?P<word>'?[^\W\d_]+(?:'+[^\W\d_]+)*'?)
  | (?P<mark>[^\w\s]|\n|\x00)
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_FIGURES = re.compile(r"\d+")
# A question mark that came for an apostrophe: "can?t".
_LOST_APOSTROPHE = re.compile(r"(?<=[^\W\d_])\?(?=[^\W\d_])")

# "1/25" is "1 25"; "1/2" is no answer.
_CALL_AND_MINUTES = re.compile(r"^(\W*(?:[^\W\d_]\W?)?[1-5])/(?=[1-9]\d+\b(?!/))")
# "20'" are minutes.
_PRIME = re.compile(r"(?<=\d)'(?![^\W_])")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-/](?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class Piece:
    """``guessed``: read in spite of a slip of the pen. ``suspect``: unknown, and might be a misspelt no;
    ``hopeful``: unknown, and might be a misspelt word of coming.
    """

    text: str
    roles: frozenset[Role] = frozenset()
    values: Mapping[Role, int] = field(default_factory=dict)
    words: int = 1
    guessed: bool = False
    suspect: bool = False
    hopeful: bool = False

    @property
    def known(self) -> bool:
        return bool(self.roles)

    def does(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)


_BREAK = Piece("", frozenset({Role.BREAK}), words=0)
_ASKED = Piece("?", frozenset({Role.ASKED}), words=0)
_MARKS: Mapping[str, Piece] = {
    **dict.fromkeys('.,!:;()\n"…|/“”„«»[]*=~', _BREAK),
    "?": _ASKED,
    "-": Piece("-", frozenset({Role.DASH}), words=0),
    "\x00": Piece("\x00", suspect=True),
}


def pieces(text: str, lexicon: Lexicon) -> list[Piece]:
    """The text as pieces; words that nothing is known of are pieces without a role."""
    found: list[Piece | Guess] = []
    plain = _CALL_AND_MINUTES.sub(r"\1 ", fold(text, lexicon.name))
    plain = _PRIME.sub(" min", _LOST_APOSTROPHE.sub("'", plain))
    for match in _TOKEN.finditer(_HYPHEN.sub(" ", plain)):
        kind, token = match.lastgroup or "", match[0]
        if kind == "word":
            found += spell(token, lexicon)
        elif kind == "mixed":
            found += _mixed(token, lexicon)
        else:
            found += _marked(kind, token)
    return list(_expressions(found, lexicon))


def all_known(text: str, lexicon: Lexicon) -> bool:
    """Whether a lexicon has every word of a text as it stands; quicker than to read it."""
    words = _WORD.findall(fold(text, lexicon.name))
    return all(
        word.replace("'", "") in lexicon.words
        or any(word[:end] + "*" in lexicon.stems for end in range(len(word), 2, -1))
        or "'" in word
        for word in words
    )


def _mixed(token: str, lexicon: Lexicon) -> list[Piece | Guess]:
    """ "2nite" is a word if it is listed; "20min" is a number and a word."""
    digits = _FIGURES.search(token)
    middle = digits is not None and digits.start() > 0 and digits.end() < len(token)
    before, after = (token[: digits.start()], token[digits.end() :]) if digits else ("", "")
    counted = Role.UNIT in lexicon.words.get(after, frozenset())
    listed = lexicon.words.get(token) or (token in lexicon.words and not counted)
    if digits is None or middle or listed:
        return list(spell(token, lexicon))
    words: list[Piece | Guess] = [*spell(before, lexicon)] if before else []
    words += _marked("number", digits[0])
    return [*words, *spell(after, lexicon)] if after else words


def _marked(kind: str, found: str) -> Iterator[Piece | Guess]:
    if kind == "number":
        yield _number(found) if "/" not in found else Guess(found, (found,))
    elif kind == "clock":
        hour, minute = re.findall(r"\d+", found)
        yield Piece(found, frozenset({Role.CLOCK}), {Role.CLOCK: int(hour) * 60 + int(minute)})
    elif kind == "date":
        yield Piece(found, frozenset({Role.DATE}))
    elif kind == "odd":
        yield Piece(found)
    elif found in _MARKS:
        yield _MARKS[found]
    elif found in signs():
        yield Piece(found, frozenset({signs()[found]}), words=0)


def _number(figures: str) -> Piece:
    # Longer ones are telephone numbers.
    value = int(figures[:9])
    return Piece(figures, frozenset({Role.DIGITS, Role.NUMBER}), {Role.DIGITS: value, Role.NUMBER: value})


def _expressions(found: list[Piece | Guess], lexicon: Lexicon) -> Iterator[Piece]:
    """Words gathered into expressions, the longest first."""
    at = 0
    while at < len(found):
        here = found[at]
        if isinstance(here, Piece):
            yield here
            at += 1
            continue
        length, sense, guessed = _longest(found, at, lexicon.tree)
        if sense is None:
            yield Piece(here.text, suspect=here.suspect or here.stray, hopeful=here.hopeful)
        else:
            parts = [part for part in found[at : at + length] if isinstance(part, Guess)]
            suspect = any(part.suspect for part in parts) and not sense.roles & NEGATIVE
            hopeful = guessed and len(parts) == 1 and parts[0].hopeful
            text = " ".join(part.text for part in parts)
            yield Piece(text, sense.roles, sense.values, len(parts), guessed, suspect, hopeful)
        at += length


def _longest(found: list[Piece | Guess], at: int, tree: Branch) -> tuple[int, Sense | None, bool]:
    """How many words the longest expression has that begins here, what it means, and whether it is guessed."""
    best: tuple[int, Sense | None, bool] = (1, None, False)
    branches = [(tree, _SURE)]
    for ahead in range(at, len(found)):
        branches = list(_further(branches, found[ahead]))
        if not branches:
            break
        length = ahead - at + 1
        ends = _ends(found, ahead + 1)
        ended = [
            (branch.words[END_OF_CLAUSE], how) for branch, how in branches if END_OF_CLAUSE in branch.words
        ]
        for branch, how in [*(ended if ends else []), *branches]:
            if branch.sense is not None and _may_mean(branch.sense, how, length):
                best = (length, branch.sense, how > _SURE)
                break
    return best


def _ends(found: list[Piece | Guess], at: int) -> bool:
    """Whether a clause ends here, or only the letter of a call is left."""
    if at == len(found) or isinstance(found[at], Piece):
        return True
    return at + 1 == len(found) and len(found[at].text) == 1


# How an expression was found: as it stands; by guesses; by a word that is known only inside it; and that
# might have been a negation.
_SURE, _GUESSED, _BY_PART, _BY_SUSPECT = range(4)


def _may_mean(sense: Sense, how: int, length: int) -> bool:
    if how < _BY_PART:
        return True
    return length > 1 and (how == _BY_PART or not sense.roles & POSITIVE)


def _further(branches: list[tuple[Branch, int]], token: Piece | Guess) -> Iterator[tuple[Branch, int]]:
    """One word on, in each of its forms; what is sure comes before what is guessed, and decides."""
    if isinstance(token, Piece):
        token = Guess(token.text, (token.text,) if token.does(Role.DIGITS) else ())
    by_part = _BY_SUSPECT if token.suspect else _BY_PART
    for forms, way in ((token.forms, _SURE), (token.guesses, _GUESSED), (token.inside, by_part)):
        for branch, how in branches:
            for form in forms:
                if form in branch.words:
                    yield branch.words[form], max(how, way)
