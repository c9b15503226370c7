"""Why was somebody called, or not: found by a name or a part of a phone number."""

from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mobilize.extensions import db
from mobilize.models import Callout, Volunteer
from mobilize.services import snapshots, volunteers
from mobilize.services.access import find
from mobilize.services.guard import requires, viewer
from mobilize.services.snapshots import Told
from mobilize.services.volunteers import Criteria

from .blueprint import LEADS, blp

#: More people than this share a fragment of a name: then one must say more of it.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """A person and why."""

    volunteer: Volunteer
    told: Told


@blp.get("/callouts/<int:callout_id>/why")
@requires(*LEADS)
def why(callout_id: int) -> ResponseReturnValue:
    callout = find(viewer(), Callout, callout_id)
    who = request.args.get("who", "").strip()[:100]
    found = _people(who) if who else []
    answers = [Answer(one, snapshots.told(viewer(), callout_id, one.id)) for one in found[:SHOWN]]
    return render_template(
        "web/why.html", callout=callout, who=who, answers=answers, too_many=len(found) > SHOWN
    )


def _people(who: str) -> list[Volunteer]:
    query = volunteers.search(viewer(), Criteria(text=who))
    return list(db.session.scalars(query.limit(SHOWN + 1)))
