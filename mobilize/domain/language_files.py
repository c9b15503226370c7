"""What we say and read in each language is data: TOML files, one a language, for native speakers to correct.

Here they are found and read. What stands in them is for the modules that use them.
"""

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any


def primary(tag: str) -> str:
    """The language of a BCP 47 tag, in small letters: "pt-BR" is "pt"."""
    return tag.replace("_", "-").partition("-")[0].lower()


def one_of(languages: Collection[str], tag: str) -> str:
    """The language of a BCP 47 tag if it is among these; English otherwise."""
    language = primary(tag)
    return language if language in languages else "en"


@cache
def read(*path: str) -> Mapping[str, Any]:
    """One file below this package, by its folders and its name without ending: ``wordings``, ``it``."""
    *folders, name = path
    file = resources.files(__package__).joinpath(*folders, f"{name}.toml")
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8")))
