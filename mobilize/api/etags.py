"""Entity tags for what is polled: an unchanged answer costs a header, not a body."""

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify, request


def tagged(tag: str, body: Callable[[], Any]) -> Response:
    """304 if the client has this version already, else the body as JSON with its tag.

    ``body`` is called only when it is needed.
    """
    response = Response(status=304) if request.if_none_match.contains(tag) else jsonify(body())
    response.set_etag(tag)
    # Private data: keep it in no shared cache, and ask again each time.
    response.headers["Cache-Control"] = "private, no-cache"
    return response
