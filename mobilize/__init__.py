"""Mobilize: calls volunteers to an emergency and knows who is coming.

`create_app` is the wiring, to be read from top to bottom. Which part may import which is written in
``docs/architecture.md`` and enforced by import-linter.
"""

from collections.abc import Sequence

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import ROOT, Settings, load_settings

from . import api, cli, hooks, logs, signin, web
from .extensions import csrf, db, limiter, migrate
from .gateways import make_geocoder, make_router, make_sms_gateways, make_voice_gateway
from .services import guard
from .services.ports import Clock, Geocoder, Router, SmsGateway, SystemClock, VoiceGateway
from .services.runtime import Runtime


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    gateways: Sequence[SmsGateway] | None = None,
    geocoder: Geocoder | None = None,
    router: Router | None = None,
    voice: VoiceGateway | None = None,
) -> Flask:
    """Build the application. Without arguments everything comes from the environment.

    Raises `config.SettingsError` when a setting is missing or wrong. Connects to nothing.
    """
    settings = settings or load_settings()
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        # A fault's text goes into the log; what was to be written holds phones, places and codes of links.
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        # A request may be this large; the volunteer import alone raises its own limit.
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    logs.init_app(app, settings)

    db.init_app(app)
    migrate.init_app(app, directory=str(ROOT / "migrations"))
    limiter.init_app(app)
    csrf.init_app(app)
    signin.init_app(app, settings)
    guard.init_app(app)

    clock = clock or SystemClock()
    app.extensions["mobilize"] = Runtime(
        settings=settings,
        clock=clock,
        gateways=make_sms_gateways(settings, clock) if gateways is None else gateways,
        geocoder=geocoder or make_geocoder(settings),
        router=router or make_router(settings, clock),
        voice=voice or make_voice_gateway(settings, clock),
    )

    api.init_app(app)
    hooks.init_app(app)
    if settings.trusted_proxies:
        # Only whose request it is: scheme and host are PUBLIC_URL's, whatever a proxy shows.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    web.init_app(app)
    cli.init_app(app)
    return app
