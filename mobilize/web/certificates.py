"""The page of certificates that lapse soon or lapsed lately."""

from flask import render_template
from flask.typing import ResponseReturnValue

from mobilize.services import lapses
from mobilize.services.guard import requires, viewer
from mobilize.services.runtime import settings

from .blueprint import LEADS, blp

#: Days ahead, and back.
SHOWN = 60


@blp.get("/certificates")
@requires(*LEADS)
def show_certificates() -> ResponseReturnValue:
    found = lapses.lapsing(viewer(), SHOWN)
    return render_template(
        "web/certificates.html",
        soon=[one for one in found if one.days_left >= 0],
        lapsed=[one for one in reversed(found) if one.days_left < 0],
        days=SHOWN,
        notice_days=settings().certificate_notice_days,
    )
