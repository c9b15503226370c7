"""Refusals as pages: the one place where the error tree becomes HTML.

`InvalidInput` normally stays within the view, beside the fields (`forms.py`); one that arrives here
had no form to be shown on.
"""

from collections.abc import Mapping
from http import HTTPStatus

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from mobilize.domain.errors import Conflict, InvalidInput, MobilizeError, NotAllowed, NotFound, SignInRequired
from mobilize.extensions import db

from .blueprint import blp

_STATUS: Mapping[type[MobilizeError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
}
_TITLES = {
    HTTPStatus.UNPROCESSABLE_ENTITY: "This cannot be accepted",
    HTTPStatus.FORBIDDEN: "Not for this account",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.CONFLICT: "Not possible now",
    HTTPStatus.BAD_REQUEST: "The page was too old or incomplete",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
}


def page(status: HTTPStatus, message: str) -> ResponseReturnValue:
    """An error page; what the request had begun in the database is undone first."""
    db.session.rollback()
    title = _TITLES.get(status, status.phrase)
    return render_template("web/error.html", title=title, message=message, status=status.value), status


@blp.errorhandler(SignInRequired)
def ask_to_sign_in(error: SignInRequired) -> ResponseReturnValue:
    """Back to where the person was after signing in; a form's target cannot be gone back to."""
    sign_in = url_for("security.login", next=request.full_path.rstrip("?") if request.method == "GET" else None)
    if "HX-Request" in request.headers:
        # A fragment must not be filled with the sign-in page.
        return "", HTTPStatus.UNAUTHORIZED, {"HX-Redirect": url_for("security.login")}
    return redirect(sign_in)


@blp.errorhandler(MobilizeError)
def refuse(error: MobilizeError) -> ResponseReturnValue:
    return page(_STATUS.get(type(error), HTTPStatus.BAD_REQUEST), str(error))


@blp.app_errorhandler(HTTPStatus.BAD_REQUEST)
@blp.app_errorhandler(HTTPStatus.NOT_FOUND)
@blp.app_errorhandler(HTTPStatus.METHOD_NOT_ALLOWED)
@blp.app_errorhandler(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
@blp.app_errorhandler(HTTPStatus.TOO_MANY_REQUESTS)
@blp.app_errorhandler(HTTPStatus.INTERNAL_SERVER_ERROR)
def refuse_request(error: HTTPException) -> ResponseReturnValue:
    """What Flask itself refuses. No blueprint owns an unknown address, so these are the application's."""
    return page(HTTPStatus(error.code or 500), error.description or "")
