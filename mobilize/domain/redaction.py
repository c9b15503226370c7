"""Taking out of a text what could tell whose it is: numbers, codes of links, and the writer's own names."""

import re
import unicodedata
from collections.abc import Iterable

NUMBER, NAME, CODE = "[number]", "[name]", "[code]"
# Six digits in a row; or eight and more that are grouped as people write phone numbers.
_NUMBERS = re.compile(r"\+?\d{6,}|(?:\+|\(|\b)\d(?:[ ./()\-]{0,2}\d){7,}")
#: The code of a link, alone or in its address; by it anybody could answer for the person (`links`).
_CODES = re.compile(r"(?:https?://)?\S*/c/\S+|\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[0-9A-Za-z]{12}\b")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
#: A shorter name is too often a word of its own.
_SHORTEST_NAME = 2


def redacted(text: str, names: Iterable[str]) -> str:
    """The text with numbers, codes and names replaced. Names are found whatever their accents and capitals.

    Names of others, and addresses, stay: a person must look before a text leaves the house.
    """
    secret = {bare(word) for name in names for word in _WORD.findall(name) if len(word) >= _SHORTEST_NAME}
    text = _NUMBERS.sub(NUMBER, _CODES.sub(CODE, text))
    return _WORD.sub(lambda found: NAME if bare(found[0]) in secret else found[0], text)


def bare(word: str) -> str:
    """A word without accents and capitals."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
