"""A volunteer's own page: what is known about them, and what they were asked."""

from flask import render_template
from flask.typing import ResponseReturnValue

from mobilize.domain.errors import NotFound
from mobilize.domain.vocabulary import AccountRole
from mobilize.models import Volunteer
from mobilize.services.access import find
from mobilize.services.guard import requires, viewer

from . import queries
from .blueprint import blp


@blp.get("/me")
@requires(AccountRole.VOLUNTEER)
def own() -> ResponseReturnValue:
    key = viewer().volunteer_id
    if key is None:
        raise NotFound("volunteer", "of this account")
    volunteer = find(viewer(), Volunteer, key)
    return render_template("web/own.html", volunteer=volunteer, asks=queries.asks(viewer(), volunteer))
