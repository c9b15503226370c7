"""REST under ``/api/v1``: one module per resource, its marshmallow schemas beside it.

flask-smorest describes what the schemas say as OpenAPI at ``/api/v1/openapi.json``.
"""

import pkgutil
from importlib import import_module

from flask import Flask

from mobilize.extensions import api

from . import errors

_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token from POST /api/v1/tokens. The pages use their session and the header X-CSRFToken.",
}


def init_app(app: Flask) -> None:
    """Register every resource: each module of this package that has a blueprint ``blp``."""
    app.config.update(
        API_TITLE="Mobilize",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api/v1",
        API_SPEC_OPTIONS={
            "info": {"description": "Calls volunteers to an emergency and knows who is coming."},
            "security": [{"bearerAuth": []}],
        },
    )
    api.ERROR_SCHEMA = errors.ErrorSchema
    api.init_app(app)
    api.spec.components.security_scheme("bearerAuth", _BEARER)
    errors.init_app(app)
    for module in pkgutil.iter_modules(__path__):
        blueprint = getattr(import_module(f"{__name__}.{module.name}"), "blp", None)
        if blueprint is not None:
            api.register_blueprint(blueprint)
