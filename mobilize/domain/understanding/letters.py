"""Letters as all ways to write them come to one: capitals, accents, scripts, digits, apostrophes.

The word lists go through the same `fold` as the texts, so it may be coarse: German "ä" is "a" here.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import islice, product

# Letters that do not come apart into a plain one and a mark.
_LETTERS = str.maketrans(
    {
        **dict.fromkeys("’‘ʼʻ`´′＇‛\ufffd", "'"),
        "ı": "i",
        "ł": "l",
        "đ": "d",
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "ё": "е",
        "ð": "d",
        "þ": "th",
        # Arabic: forms of alif, ya and ta marbuta that people do not keep apart; Persian and Urdu keyboards.
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ئ": "ي",
        "ؤ": "و",
        "ة": "ه",
        "ک": "ك",
        "ـ": None,
        "؟": "?",
        "،": ",",
        "؛": ";",
        "¿": "?",
        "¡": "!",
        "⁄": "/",
        "–": "-",
        "—": "-",
        "‐": "-",
        "‑": "-",
        "−": "-",
        "\u20e3": None,
    }
)
# A line through letters takes a word back: "y̶e̶s̶" is no yes. It stays, as a sign that no word has.
_STRUCK = re.compile("[\u0334-\u0338]")

_SERBIAN = str.maketrans(
    dict(zip("абвгдежзијклмнопрстћуфхцчш", "abvgdezzijklmnoprstcufhccs", strict=True))
    | {"љ": "lj", "њ": "nj", "џ": "dz", "ђ": "d"}
)
_GREEK_QUESTION = str.maketrans({";": "?"})

# How Greeks write a letter, or a pair of letters, on a Latin keyboard; the commonest first.
_GREEKLISH = {
    "ου": ("ou", "u"), "ει": ("ei", "i"), "οι": ("oi", "i"), "αι": ("ai", "e"), "αυ": ("au", "av"),
    "ευ": ("eu", "ev"), "μπ": ("mp", "b"), "ντ": ("nt", "d"), "γκ": ("gk", "g"), "γγ": ("gg", "ng"),
    "α": ("a",), "β": ("v", "b"), "γ": ("g",), "δ": ("d",), "ε": ("e",), "ζ": ("z",), "η": ("i", "h"),
    "θ": ("th", "8"), "ι": ("i",), "κ": ("k",), "λ": ("l",), "μ": ("m",), "ν": ("n",), "ξ": ("x", "ks", "3"),
    "ο": ("o",), "π": ("p",), "ρ": ("r",), "σ": ("s",), "τ": ("t",), "υ": ("y", "i", "u"), "φ": ("f", "ph"),
    "χ": ("x", "h", "ch"), "ψ": ("ps",), "ω": ("o", "w"),
}  # fmt: skip
_GREEK_PARTS = re.compile("|".join(sorted(_GREEKLISH, key=len, reverse=True)) + "|.")
_MOST_SPELLINGS = 32


def fold(text: str, language: str = "") -> str:
    """Small letters without accents, plain digits and apostrophes; Serbian in Latin letters."""
    # Apostrophes first: compatibility forms turn an acute accent into a space and a mark.
    plain = unicodedata.normalize("NFKC", text.translate(_LETTERS)).casefold()
    plain = "".join(map(_bare, unicodedata.normalize("NFKD", plain))).translate(_LETTERS)
    if language == "sr":
        return plain.translate(_SERBIAN)
    return plain.translate(_GREEK_QUESTION) if language == "el" else plain


@lru_cache(maxsize=4096)
def _bare(character: str) -> str:
    """The character without what is no letter: marks, joiners, skin tones; digits of all scripts as ours."""
    if character.isascii():
        return character
    if _STRUCK.match(character):
        return "\x00"
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf", "Sk") or "\ufe00" <= character <= "\ufe0f":
        return ""
    return str(unicodedata.decimal(character)) if category == "Nd" else character


def spellings(word: str, language: str) -> set[str]:
    """A word of the lists, folded, in the ways that people write its letters.

    German umlauts also as "ae"; Greek also in Latin letters.
    """
    found = {fold(word, language)}
    if language in ("de", "tr") and any(letter in word for letter in "äöü"):
        wide = word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
        found.add(fold(wide, language))
    if language == "el":
        words = found.copy().pop().split()
        most = _MOST_SPELLINGS if len(words) == 1 else _MOST_SPELLINGS // 4
        choices = product(*(_latin(one, most) for one in words))
        found |= {" ".join(choice) for choice in islice(choices, 2 * _MOST_SPELLINGS)}
    return found


def _latin(greek: str, most: int) -> list[str]:
    parts = [_GREEKLISH.get(part, (part,)) for part in _GREEK_PARTS.findall(greek)]
    return list(dict.fromkeys("".join(choice) for choice in islice(product(*parts), most)))
