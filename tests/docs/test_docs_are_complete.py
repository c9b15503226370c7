"""The documents name every setting and every command, and no others."""

import re
from collections.abc import Mapping
from pathlib import Path

import click

from config import ROOT, SettingsSchema
from mobilize import create_app
from tests.conftest import make_settings

DOCS = ROOT / "docs"
#: Commands that Flask and its extensions bring along; their own documents describe them.
FOREIGN = {"db", "routes", "run", "shell", "roles", "users", "openapi", "limiter"}


def _headings(path: Path, pattern: str) -> set[str]:
    return set(re.findall(pattern, path.read_text(), flags=re.MULTILINE))


def _commands() -> set[str]:
    found = set()
    for name, command in create_app(make_settings()).cli.commands.items():
        if name in FOREIGN:
            continue
        if isinstance(command, click.Group):
            found |= {f"flask {name} {sub}" for sub in command.commands}
        else:
            found.add(f"flask {name}")
    return found


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    documented = _headings(DOCS / "settings.md", r"^\| `([A-Z_]+)` \|")
    assert documented == set(SettingsSchema().fields)


def _written(default: object) -> str:
    """A default as one would write it in the environment."""
    if default is None or default == ():
        return ""
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    if isinstance(default, Mapping):
        return "`" + ",".join(f"{name}={value:g}" for name, value in default.items()) + "`"
    return f"`{default}`"


def test_documented_defaults_are_the_real_ones() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", (DOCS / "settings.md").read_text(), re.MULTILINE)
    for name, told in rows:
        field = SettingsSchema().fields[name]
        real = "required" if field.required else _written(field.load_default)
        assert told.strip() == real, name


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    documented = _headings(DOCS / "commands.md", r"^## `(flask [a-z-]+(?: [a-z-]+)?)")
    assert documented == _commands()


def test_every_command_tells_what_it_does() -> None:
    for name, command in create_app(make_settings()).cli.commands.items():
        assert name in FOREIGN or command.help, f"flask {name} has no help"


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
