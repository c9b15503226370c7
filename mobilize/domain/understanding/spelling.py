"""Which known words a token may be, in spite of a slip of the pen; and when not to guess.

A guess must never turn a no into a yes. So a token is taken for a word of coming only if it is nearer to it
than to any negative word; if it might as well be one, it is suspect, and a suspect token stands against a yes.
Distances are those of Damerau (optimal string alignment): dropped, added, changed, swapped letters.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from .lexicon import DOUBTFUL, NEGATION, NEGATIVE, POSITIVE, Lexicon, Role

# One slip in three letters, two in eight.
_ONE_FROM, _TWO_FROM = 3, 8
_MOST_FORMS = 8
# Small words that are written onto the front of others: Arabic "and", "so", "the", "with the", "to the" ...
_CLITICS = {"ar": ("وال", "فال", "بال", "عال", "لل", "ال", "و", "ف", "ب")}
_TRIPLED = re.compile(r"([^\W\d_])\1{2,}")
_EACH_DOUBLED = re.compile(r"([^\W\d_])\1+")
_DOUBLED = re.compile(r"([^\W\d_])\1+$")


@dataclass(frozen=True, slots=True)
class Guess:
    """A word of a text. ``forms`` are the entries that it is, ``guesses`` those that it may be, best first.

    ``inside`` are what it may be only as a part of an expression, whose other words tell.
    ``suspect``: it may be a misspelt negation. ``hopeful``: it may be a misspelt word of coming.
    ``stray``: it is listed only as a part of expressions, and outside of them may be a misspelt negation.
    """

    text: str
    forms: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    suspect: bool = False
    hopeful: bool = False
    stray: bool = False


@lru_cache(maxsize=20_000)
def spell(token: str, lexicon: Lexicon) -> tuple[Guess, ...]:
    """One word of a text as known words (several, where the space was forgotten)."""
    bare = token.replace("'", "")
    if _may_hide_a_prefix(token, lexicon):
        return (Guess(token, suspect=True),)
    if "'" in token and token not in lexicon.elided and not _elided(token, lexicon):
        meant = next((word for word in lexicon.apostrophes if _one_off(token, word)), None)
        if meant is not None and not lexicon.words.get(bare, frozenset()) & NEGATIVE:
            return _misspelt_negation(token, bare, meant, lexicon)
    for form in _as_written(token, bare):
        known = _known(form, lexicon)
        if known:
            stray = _is_stray(form, lexicon)
            return (Guess(form, known, inside=_inside_expressions(form, lexicon), stray=stray),)
    head, mark, tail = token.partition("'")
    if mark and len(tail) > _ONE_FROM and _known(head, lexicon) and not _elided(token, lexicon):
        return (Guess(head, _known(head, lexicon)), *_guess(tail.replace("'", ""), lexicon))  # "j'arriv"
    return _elided(token, lexicon) or _guess(bare, lexicon)


def _may_hide_a_prefix(token: str, lexicon: Lexicon) -> bool:
    """Whether a negation that is written onto the front is lost or misspelt: "'mundem", "d'mundem"."""
    head, mark, tail = token.partition("'")
    if not (lexicon.prefixes and mark and len(head) < 2) or head in lexicon.prefixes:
        return False
    return token not in lexicon.elided and bool(lexicon.words.get(tail, frozenset()) & POSITIVE)


def _misspelt_negation(token: str, bare: str, meant: str, lexicon: Lexicon) -> tuple[Guess, ...]:
    """ "can'r" is "can't"; but "can'" might be "can" too."""
    if bare in lexicon.words:
        return (Guess(token, suspect=True),)
    return (Guess(token, guesses=_known(meant.replace("'", ""), lexicon), suspect=True),)


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
    found = exact + tuple(stem for stem in stems if stem in lexicon.stems)
    ends = (f"*{word[start:]}" for start in range(1, len(word) - 1))
    return found or tuple(ending for ending in ends if ending in lexicon.endings)


def _is_stray(word: str, lexicon: Lexicon) -> bool:
    """French "plu" is in "il a plu" only, and in "je peux plu" it is "plus"."""
    part_only = len(word) > 1 and word in lexicon.words and not lexicon.words[word]
    return part_only and any(_one_off(word, known) for known in lexicon.negations)


def _inside_expressions(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    """What else a word may be that means nothing by itself: Spanish "problems" in "no hay problems"."""
    if lexicon.words.get(word) or word not in lexicon.words or len(word) <= _ONE_FROM:
        return ()
    return tuple(known for _, known in _candidates(word, lexicon, 1) if known != word)


def _elided(token: str, lexicon: Lexicon) -> tuple[Guess, ...]:
    """Words grown together by an apostrophe ("j'arrive"), or a negation in front ("s'vij", "svij")."""
    head, mark, tail = token.partition("'")
    tail = tail.replace("'", "")
    if mark and len(tail) > 2 and head and _known(head, lexicon) and _known(tail, lexicon):
        return (Guess(head, _known(head, lexicon)), Guess(tail, _known(tail, lexicon)))
    bare = token.replace("'", "")
    for clitic in _CLITICS.get(lexicon.name, ()):
        rest = bare.removeprefix(clitic)
        if rest != bare and len(rest) > 2 and _known(rest, lexicon):
            return (Guess(rest, _known(rest, lexicon)),)
    for prefix in lexicon.prefixes:
        rest = bare.removeprefix(prefix)
        if rest != bare and len(rest) > 2 and lexicon.words.get(rest, frozenset()) & POSITIVE:
            return (Guess(prefix, (NEGATION,)), Guess(rest, _known(rest, lexicon)))
    return ()


def _parts(bare: str, lexicon: Lexicon) -> tuple[Guess, ...]:
    """Two words without the space between them; of several ways, one with a negation is the safe one."""
    splits = [
        (bare[:at], bare[at:])
        for at in range(2, len(bare) - 1)
        if max(at, len(bare) - at) > 2 and lexicon.words.get(bare[:at]) and lexicon.words.get(bare[at:])
    ]
    if not splits:
        return ()
    splits.sort(key=lambda parts: not any(lexicon.words[part] & NEGATIVE for part in parts))
    return tuple(Guess(part, guesses=_known(part, lexicon)) for part in splits[0])


def _guess(word: str, lexicon: Lexicon) -> tuple[Guess, ...]:
    """The nearest known words, unless a negative one is as near."""
    short = len(word) <= _ONE_FROM and any(_one_off(word, known) for known in lexicon.negations)
    if len(word) < _ONE_FROM or short:
        inside = tuple(known for _, known in _candidates(word, lexicon, 1)) if len(word) > 1 else ()
        hopeful = any(_kind(lexicon.words[known]) == "positive" for known in inside)
        return (Guess(word, inside=inside, suspect=short, hopeful=hopeful),)
    found = _candidates(word, lexicon, 1)
    parts = () if found else _parts(word, lexicon)
    if parts:
        return parts
    if not found and len(word) >= _TWO_FROM:
        found = _candidates(word, lexicon, 2)
    near = [one for one in found if not _too_far_fetched(word, one[1], lexicon)]
    weighed = _weighed(word, near, lexicon)
    return (replace(weighed, inside=tuple(dict.fromkeys([*weighed.inside, *(known for _, known in found)]))),)


def _weighed(word: str, found: Sequence[tuple[int, str]], lexicon: Lexicon) -> Guess:
    if not found:
        return Guess(word)
    kinds = {_kind(lexicon.words[known]) for _, known in found}
    hopeful = "positive" in kinds
    forms = tuple(dict.fromkeys(form for _, known in found for form in _known(known, lexicon)))
    likeliest = {_kind(lexicon.words[known]) for rank, known in found if rank == found[0][0]}
    if len(kinds) > 1 and likeliest == {"negative"} and found[0][0] == 0:
        negative = tuple(known for _, known in found if _kind(lexicon.words[known]) == "negative")
        return Guess(word, guesses=negative, inside=forms, suspect=True, hopeful=hopeful)  # "nien"
    if len(kinds) > 1 and kinds & {"negative", "doubtful"}:
        return Guess(word, inside=forms, suspect=True, hopeful=hopeful)
    if len(kinds) > 1 and hopeful and _kind(lexicon.words[found[0][1]]) != "positive":
        plain = tuple(known for _, known in found if _kind(lexicon.words[known]) == "plain")
        return Guess(word, guesses=plain, inside=forms, hopeful=True)
    return Guess(word, guesses=forms, hopeful=hopeful)


def _candidates(word: str, lexicon: Lexicon, most: int) -> list[tuple[int, str]]:
    """Known words at exactly the least distance, at most ``most``, the likeliest slips first."""
    choices = [
        known
        for length in range(len(word) - most, len(word) + most + 1)
        for known in lexicon.by_length.get(length, ())
    ]
    found = process.extract(word, choices, scorer=OSA.distance, score_cutoff=most, limit=None)
    ranked = sorted((_rank(word, known), known) for known, _, _ in found)
    wary = [one for one in ranked[_MOST_FORMS:] if _denies_or_doubts(one[1], lexicon)]
    return ranked[:_MOST_FORMS] + wary


def _denies_or_doubts(known: str, lexicon: Lexicon) -> bool:
    return _kind(lexicon.words[known]) in ("negative", "doubtful")


def _too_far_fetched(word: str, known: str, lexicon: Lexicon) -> bool:
    """Three letters tell too little for one to be wrong, four for the first: "Rome" is not "home".

    But whatever might deny or doubt is near enough.
    """
    if len(word) > _ONE_FROM + 1 or _denies_or_doubts(known, lexicon) or _rank(word, known) % 3 < 2:
        return False
    return len(word) <= _ONE_FROM or word[0] != known[0]


def _rank(word: str, known: str) -> int:
    """Swapped letters are likelier than a lost one, and the first letter is seldom wrong."""
    swapped = sorted(word) == sorted(known) or _EACH_DOUBLED.sub(r"\1", word) == known
    return (0 if swapped else 1 if len(known) > len(word) else 2) + (0 if word[0] == known[0] else 3)


def _kind(roles: frozenset[Role]) -> str:
    if roles & NEGATIVE:
        return "negative"
    if roles & (DOUBTFUL | {Role.REASON}):
        return "doubtful"
    return "positive" if roles & POSITIVE else "plain"


def _one_off(token: str, word: str) -> bool:
    return abs(len(token) - len(word)) <= 1 and bool(OSA.distance(token, word, score_cutoff=1) <= 1)
