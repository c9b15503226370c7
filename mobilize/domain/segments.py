"""What a text costs on the air: its encoding, its units, its segments.

GSM-7 (3GPP TS 23.038) carries 160 units in one text and 153 in each part of a longer one;
anything outside its alphabet turns the whole text into UCS-2, with 70 and 67.
"""

import unicodedata
from dataclasses import dataclass

from smsutil import split
from smsutil.codecs import GSM_CHARSET

GSM_7 = "GSM-7"
UCS_2 = "UCS-2"

_ALPHABET = frozenset(GSM_CHARSET)

# What keyboards and word processors put in place of a plain sign.
_PLAIN_SIGNS = str.maketrans(
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
        one, of_several = (160, 153) if self.encoding == GSM_7 else (70, 67)
        return (one if self.segments <= 1 else of_several * self.segments) - self.units


def measure(body: str) -> Measure:
    """Encoding, segments and units of a text; an empty text has no segments."""
    if not body:
        return Measure(GSM_7, 0, 0)
    parts = split(body)
    if parts.encoding == "gsm0338":
        return Measure(GSM_7, len(parts.parts), parts.total_bytes)
    return Measure(UCS_2, len(parts.parts), parts.total_bytes // 2)


def economical(body: str) -> str:
    """The text in GSM-7 where leaving off accents and typographic signs makes that possible.

    If even then a character is left that GSM-7 lacks (Greek, Cyrillic, an emoji), spelling would be
    spoilt for nothing, and the text comes back as it was.
    """
    if _ALPHABET.issuperset(body):
        return body
    plain = "".join(map(_plain, body.translate(_PLAIN_SIGNS)))
    return plain if _ALPHABET.issuperset(plain) else body


def _plain(character: str) -> str:
    if character in _ALPHABET:
        return character
    bare = unicodedata.normalize("NFKD", character)
    return "".join(sign for sign in bare if not unicodedata.combining(sign))


def beyond_gsm_7(body: str) -> str:
    """The first character for which a text needs UCS-2 even without accents; empty if it needs none."""
    return next((sign for sign in body if not _ALPHABET.issuperset(economical(sign))), "")
