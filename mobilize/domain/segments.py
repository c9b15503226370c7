"""What a text costs on the air: its encoding, its units, its segments.

GSM-7 (3GPP TS 23.038) carries 160 units in one text and 153 in each part of a longer one;
anything outside its alphabet turns the whole text into UCS-2, with 70 and 67.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from smsutil.codecs import GSM_CHARSET, GSM_EXT_CHARSET

GSM_7 = "GSM-7"
UCS_2 = "UCS-2"
#: Units in a text of one segment, and in each part of a longer one.
CAPACITY: Mapping[str, tuple[int, int]] = MappingProxyType({GSM_7: (160, 153), UCS_2: (70, 67)})

_ALPHABET = frozenset(GSM_CHARSET)
_EXTENSION = frozenset(GSM_EXT_CHARSET)

# What keyboards and word processors put in place of a plain sign.
PLAIN_SIGNS = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "…": "...", "•": "-",
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "\ufeff": "", "\t": " ",
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """``units`` are GSM-7 septets (an extension character is two) or UTF-16 code units (an emoji is two)."""

    encoding: str
    segments: int
    units: int

    @property
    def left(self) -> int:
        """How many more units the last segment holds."""
        one, each = CAPACITY[self.encoding]
        return (one if self.segments <= 1 else each * self.segments) - self.units


def measure(body: str) -> Measure:
    """Encoding, segments and units of a text; an empty text has no segments."""
    plain = _ALPHABET.issuperset(body)
    encoding = GSM_7 if plain else UCS_2
    double = [sign in _EXTENSION if plain else ord(sign) > 0xFFFF for sign in body]
    units = len(double) + sum(double)
    one, each = CAPACITY[encoding]
    if units <= one:
        return Measure(encoding, min(units, 1), units)
    return Measure(encoding, _parts(double, each) if any(double) else -(-units // each), units)


def _parts(double: Sequence[bool], each: int) -> int:
    """How many parts of so many units; a sign of two units is never cut."""
    parts, room = 1, each
    for is_double in double:
        size = 1 + is_double
        if size > room:
            parts, room = parts + 1, each
        room -= size
    return parts


def economical(body: str) -> str:
    """The text in GSM-7 where leaving off accents and typographic signs makes that possible.

    If even then a character is left that GSM-7 lacks (Greek, Cyrillic, an emoji), spelling would be
    spoilt for nothing, and the text comes back as it was.
    """
    if _ALPHABET.issuperset(body):
        return body
    plain = "".join(map(_plain, body.translate(PLAIN_SIGNS)))
    return plain if _ALPHABET.issuperset(plain) else body


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character in _ALPHABET:
        return character
    bare = unicodedata.normalize("NFKD", character)
    return "".join(sign for sign in bare if not unicodedata.combining(sign))


def beyond_gsm_7(body: str) -> str:
    """The first character for which a text needs UCS-2 even without accents; empty if it needs none."""
    return next((sign for sign in body if not _ALPHABET.issuperset(economical(sign))), "")
