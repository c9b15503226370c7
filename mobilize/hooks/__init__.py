"""Signed webhooks: verify, store once, acknowledge. Understanding comes after, in the engine."""

from flask import Flask

from mobilize.extensions import csrf

from . import twilio


def init_app(app: Flask) -> None:
    # A webhook carries a signature instead of a session, so there is nothing to forge a request with.
    csrf.exempt(twilio.blp)
    app.register_blueprint(twilio.blp)
