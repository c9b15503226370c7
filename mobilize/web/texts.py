"""The page of one text: what happened to it, step by step."""

from flask import render_template
from flask.typing import ResponseReturnValue

from mobilize.services import board
from mobilize.services.guard import requires, viewer

from . import queries
from .blueprint import LEADS, blp


@blp.get("/texts/<int:message_id>")
@requires(*LEADS)
def show_text(message_id: int) -> ResponseReturnValue:
    story = board.story(viewer(), message_id)
    return render_template("web/text.html", story=story, text=story.message, zone=queries.zone_of(viewer()))
