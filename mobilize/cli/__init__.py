"""The commands of ``flask``, one module per noun."""

import pkgutil
from importlib import import_module

from flask import Flask


def init_app(app: Flask) -> None:
    """Register what every module of this package lists in ``commands``."""
    for module in pkgutil.iter_modules(__path__):
        for command in getattr(import_module(f"{__name__}.{module.name}"), "commands", ()):
            app.cli.add_command(command)
