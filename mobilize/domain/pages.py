"""The words of the page behind a link, in the reader's language.

They are data: ``wordings/pages/<language>.toml``, one file a language, for native speakers to correct.
"""

from collections.abc import Mapping
from datetime import datetime

from . import language_files
from .sentences import PLACEHOLDER

__all__ = ["LANGUAGES", "language_of", "moment", "say"]

LANGUAGES = ("en", "it", "sq", "fr", "de", "es")


def language_of(tag: str) -> str:
    """The language in which a reader of this BCP 47 tag gets the page; English where we have none."""
    return language_files.one_of(LANGUAGES, tag)


def say(language: str, name: str, **words: object) -> str:
    """One sentence; ``words`` stand in its placeholders, as they are."""
    return PLACEHOLDER.sub(lambda match: str(words[match[1]]), _sentences(language)[name])


def moment(language: str, local: datetime) -> str:
    """A time of day and its date; ``local`` is in the reader's time zone."""
    months = _sentences(language)["months"].split()
    clock = f"{local:%H:%M}"
    return say(language, "moment", clock=clock, day=local.day, month=months[local.month - 1])


def _sentences(language: str) -> Mapping[str, str]:
    return language_files.read("wordings", "pages", language_of(language))
