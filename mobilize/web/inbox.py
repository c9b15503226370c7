"""The page of texts received."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mobilize.domain.vocabulary import Intent
from mobilize.services.guard import requires, viewer

from . import queries
from .blueprint import LEADS, blp


@blp.get("/inbox")
@requires(*LEADS)
def inbox() -> ResponseReturnValue:
    intent = Intent.UNCLEAR if request.args.get("only") == "unclear" else None
    texts = queries.inbound(viewer(), intent, request.args.get("before", type=int))
    return render_template(
        "web/inbox.html",
        texts=texts,
        only=intent,
        zone=queries.zone_of(viewer()),
        older=texts[-1].id if len(texts) == queries.PAGE else None,
    )
