"""The blueprint of every resource: strict parsing of what comes in, and our one error shape."""

import json
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import flask_smorest
from flask import Request
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser, abort, is_json_request

from . import errors

View = TypeVar("View", bound=Callable[..., Any])


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class StrictParser(FlaskParser):
    """Refuses unknown fields everywhere, bodies of another type, and what Python's JSON adds to JSON (NaN)."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if body and not is_json_request(req):
            abort(415, messages="Send the body as application/json.")
        if not body:
            return {}
        try:
            return json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or str(error)
            where = (
                f" (line {error.lineno}, column {error.colno})"
                if isinstance(error, json.JSONDecodeError)
                else ""
            )
            abort(400, exc=error, messages=f"The body is not valid JSON: {reason}{where}.")


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """One resource under ``/api/v1``, named as in its address."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        errors.register_on(self)

    # flask-smorest is not annotated; its decorators hand on what they are given, as far as types go.

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        marked: Callable[[View], View] = super().route(rule, **options)
        return marked

    def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
        marked: Callable[[View], View] = super().arguments(schema, **options)
        return marked

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[View], View]:
        marked: Callable[[View], View] = super().response(status_code, schema, **options)
        return marked

    def alt_response(self, status_code: int, **options: Any) -> Callable[[View], View]:
        marked: Callable[[View], View] = super().alt_response(status_code, **options)
        return marked

    @staticmethod
    def doc(**options: Any) -> Callable[[View], View]:
        marked: Callable[[View], View] = flask_smorest.Blueprint.doc(**options)
        return marked
