"""What thumbs, hurry and telephones do to a text, its meaning left alone; the same for the same seed."""

import random
import re
import unicodedata
from collections.abc import Callable, Mapping

from mobilize.domain.understanding.letters import fold
from mobilize.domain.understanding.lexicon import lexicon, primary

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")

#: Signs that say nothing for or against.
EMOJI = ("🙏", "🙂", "😅", "❤️", "🚒", "🌊", "👋🏽", "🔥")
_NEIGHBOURS: Mapping[str, str] = {
    letter: "".join(row[max(at - 1, 0) : at + 2].replace(letter, ""))
    for row in (
        "qwertyuiop",
        "asdfghjkl",
        "zxcvbnm",
        "йцукенгшщзхъ",
        "фывапролджэ",
        "ячсмитьбю",
        "ςερτυθιοπ",
        "ασδφγηξκλ",
        "ζχψωβνμ",
    )
    for at, letter in enumerate(row)
}
#: A slip in a word of fewer letters may make another word of it, and nobody could tell.
SHORTEST = 4


def upper(text: str, rng: random.Random) -> str:
    return text.upper()


def without_accents(text: str, rng: random.Random) -> str:
    return "".join(
        letter for letter in unicodedata.normalize("NFD", text) if unicodedata.category(letter) != "Mn"
    )


def doubled_spaces(text: str, rng: random.Random) -> str:
    return f" {text.replace(' ', '  ')} "


def emoji(text: str, rng: random.Random) -> str:
    sign = rng.choice(EMOJI)
    return f"{text} {sign}" if rng.random() < 0.7 else f"{sign} {text}"


def slip(text: str, rng: random.Random) -> str:
    """One slip of the thumb in one word: letters swapped, one left out, doubled or mistaken.

    Nobody can know a word that a slip made another word ("je pars", "je pas"): `is_another_word` tells, and
    such texts are left out. That is the only exception.
    """
    places = [(start, end) for start, end in _words(text) if end - start >= SHORTEST]
    if not places:
        return text
    start, end = rng.choice(places)
    at = rng.randrange(start, end)
    letter = text[at]
    kind = rng.randrange(4)
    if kind == 0 and at + 1 < end:
        return text[:at] + text[at + 1] + letter + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2 and letter.lower() in _NEIGHBOURS:
        return text[:at] + rng.choice(_NEIGHBOURS[letter.lower()]) + text[at + 1 :]
    return text[:at] + letter + text[at:]


def _words(text: str) -> list[tuple[int, int]]:
    """Where the words are; an apostrophe is inside a word."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for at, letter in enumerate(f"{text} "):
        inside = letter.isalpha() or (letter in "'’" and start is not None)
        if inside and start is None:
            start = at
        elif not inside and start is not None:
            found.append((start, at))
            start = None
    return found


def is_another_word(before: str, after: str, language: str) -> bool:
    """Whether a damaged text has a word that the lists know, and the text did not have."""
    own = primary(language)
    words = lexicon(own, "en") if own != "en" else lexicon("en")
    new = set(_WORD.findall(fold(after, own))) - set(_WORD.findall(fold(before, own)))
    return any(words.words.get(word.replace("'", "")) for word in new)


SLIPS: Mapping[str, Callable[[str, random.Random], str]] = {
    "upper case": upper,
    "no accents": without_accents,
    "doubled spaces": doubled_spaces,
    "emoji": emoji,
    "a slip": slip,
}
