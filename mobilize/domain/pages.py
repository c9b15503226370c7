"""The words of the page behind a link, in the reader's language.

They are data: ``wordings/pages/<language>.toml``, one file a language, for native speakers to correct.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from types import MappingProxyType

__all__ = ["LANGUAGES", "language_of", "moment", "say"]

LANGUAGES = ("en", "it", "sq", "fr", "de", "es")

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def language_of(tag: str) -> str:
    """The language in which a reader of this BCP 47 tag gets the page; English where we have none."""
    primary = tag.replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


def say(language: str, name: str, **words: object) -> str:
    """One sentence; ``words`` stand in its placeholders, as they are."""
    return _PLACEHOLDER.sub(lambda match: str(words[match[1]]), _read(language_of(language))[name])


def moment(language: str, local: datetime) -> str:
    """A time of day and its date; ``local`` is in the reader's time zone."""
    months = _read(language_of(language))["months"].split()
    clock = f"{local:%H:%M}"
    return say(language, "moment", clock=clock, day=local.day, month=months[local.month - 1])


@cache
def _read(language: str) -> Mapping[str, str]:
    file = resources.files(__package__).joinpath("wordings", "pages", f"{language}.toml")
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8")))
