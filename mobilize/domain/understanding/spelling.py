"""Which known word a token is, in spite of a slip of the pen; and when not to guess.

A guess must never turn a no into a yes. So a token is taken for a word of coming only if it is nearer to it
than to any negative word; if it might as well be one, it is suspect, and a suspect token stands against a yes.
Distances are those of Damerau (optimal string alignment): dropped, added, changed, swapped letters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from .lexicon import DOUBTFUL, NEGATION, NEGATIVE, POSITIVE, Lexicon, Role

# One slip in four letters, two in eight.
_ONE_FROM, _TWO_FROM = 4, 8
_TRIPLED = re.compile(r"([^\W\d_])\1{2,}")
_DOUBLED = re.compile(r"([^\W\d_])\1+")


@dataclass(frozen=True, slots=True)
class Guess:
    """A word of a text: ``forms`` are the entries that it may stand for, the best first."""

    text: str
    forms: tuple[str, ...]
    guessed: bool = False
    suspect: bool = False


@lru_cache(maxsize=20_000)
def spell(token: str, lexicon: Lexicon) -> tuple[Guess, ...]:
    """One word of a text as known words (two, where the space was forgotten)."""
    bare = token.replace("'", "")
    if "'" in token and token not in lexicon.elided and _near(token, lexicon.apostrophes):
        if bare in lexicon.words and not lexicon.words[bare] & NEGATIVE:
            return (Guess(token, (), suspect=True),)
    if lexicon.prefixes and token.startswith("'") and _roles(bare, lexicon) & POSITIVE:
        return (Guess(token, (), suspect=True),)
    for form in _as_written(token, bare):
        known = _known(form, lexicon)
        if known:
            return (Guess(form, known),)
    return _parts(token, lexicon) or (_guess(bare, lexicon),)


def _as_written(token: str, bare: str) -> Iterator[str]:
    """The word itself, then with letters that were held down for emphasis: "yesss", "noo"."""
    yield bare
    if _TRIPLED.search(bare):
        yield _TRIPLED.sub(r"\1", bare)
        yield _TRIPLED.sub(r"\1\1", bare)
    if _DOUBLED.search(bare):
        yield _DOUBLED.sub(r"\1", bare)


def _known(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    exact = (word,) if word in lexicon.words else ()
    stems = (f"{word[:end]}*" for end in range(len(word), 2, -1))
    return exact + tuple(stem for stem in stems if stem in lexicon.stems)


def _parts(token: str, lexicon: Lexicon) -> tuple[Guess, ...]:
    """Words grown together: elided with an apostrophe ("j'arrive"), negated in front ("s'vij"), no space."""
    head, mark, tail = token.partition("'")
    if mark and head and _known(head, lexicon) and _known(tail.replace("'", ""), lexicon):
        tail = tail.replace("'", "")
        return (Guess(head, _known(head, lexicon)), Guess(tail, _known(tail, lexicon)))
    bare = token.replace("'", "")
    for prefix in lexicon.prefixes:
        rest = bare.removeprefix(prefix)
        if rest != bare and len(rest) > 2 and _roles(rest, lexicon) & POSITIVE:
            return (Guess(prefix, (NEGATION,)), Guess(rest, _known(rest, lexicon)))
    splits = [
        (bare[:at], bare[at:])
        for at in range(2, len(bare) - 1)
        if max(at, len(bare) - at) > 2 and _alone(bare[:at], lexicon) and _alone(bare[at:], lexicon)
    ]
    # Of several ways to part it, one with a negation is the safe one.
    splits.sort(key=lambda parts: not any(_roles(part, lexicon) & NEGATIVE for part in parts))
    if splits and len(bare) >= _ONE_FROM:
        return tuple(Guess(part, _known(part, lexicon), guessed=True) for part in splits[0])
    return ()


def _alone(word: str, lexicon: Lexicon) -> bool:
    return len(word) > 1 and bool(lexicon.words.get(word))


def _roles(word: str, lexicon: Lexicon) -> frozenset[Role]:
    return lexicon.words.get(word, frozenset())


def _guess(word: str, lexicon: Lexicon) -> Guess:
    """The nearest known word, unless a negative one is as near."""
    if len(word) < _ONE_FROM:
        return Guess(word, (), suspect=any(_one_off(word, known) for known in lexicon.negations))
    most = 2 if len(word) >= _TWO_FROM else 1
    best: dict[str, tuple[int, str]] = {}
    for known, distance, _ in process.extract(
        word, lexicon.words.keys(), scorer=OSA.distance, score_cutoff=most, limit=12
    ):
        if len(known) > 2:
            kind = _kind(lexicon.words[known])
            best[kind] = min(best.get(kind, (9, "")), (int(distance), known))
    if not best:
        return Guess(word, ())
    nearest = min(distance for distance, _ in best.values())
    kinds = [kind for kind, (distance, _) in best.items() if distance == nearest]
    danger = min((best[kind][0] for kind in ("negative", "doubtful") if kind in best), default=9)
    if len(kinds) == 1 and (kinds[0] in ("negative", "doubtful") or danger > nearest):
        known = best[kinds[0]][1]
        return Guess(word, _known(known, lexicon), guessed=True)
    return Guess(word, (), suspect=danger <= nearest)


def _kind(roles: frozenset[Role]) -> str:
    if roles & NEGATIVE:
        return "negative"
    if roles & DOUBTFUL:
        return "doubtful"
    return "positive" if roles & POSITIVE else "plain"


def _near(token: str, words: frozenset[str]) -> bool:
    return any(_one_off(token, word) for word in words)


def _one_off(token: str, word: str) -> bool:
    return bool(OSA.distance(token, word, score_cutoff=1) <= 1)
