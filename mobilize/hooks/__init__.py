"""Signed webhooks: verify, store once, acknowledge. Understanding comes after, in the engine."""

from flask import Flask

from .door import Door


def init_app(app: Flask) -> None:
    """Put the webhooks' door before the application; see ``docs/decisions/0007-webhooks.md`` for why."""
    app.wsgi_app = Door(app)  # type: ignore[method-assign]
