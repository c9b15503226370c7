"""The page of a callout: its plan before the launch, the live board after it."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue

from mobilize.domain.forecast import Choice
from mobilize.domain.vocabulary import AccountRole, CalloutMode, CalloutStatus, RecipientState, Whereabouts
from mobilize.models import Callout
from mobilize.services import board, plans, previews
from mobilize.services.access import find
from mobilize.services.board import Board
from mobilize.services.board_people import RecipientRow
from mobilize.services.guard import requires, viewer
from mobilize.services.plans import Plan
from mobilize.services.runtime import now

from .blueprint import WATCHES, blp
from .show import seconds

#: More rows than this are one click away; a page with thousands could not be refreshed every 2 s.
SHOWN = 150


@blp.get("/callouts/<int:callout_id>")
@requires(*WATCHES)
def show_callout(callout_id: int) -> ResponseReturnValue:
    callout = find(viewer(), Callout, callout_id)
    if callout.status is CalloutStatus.DRAFT:
        return _plan(callout)
    # The tag is read first: a change in between is then shown once more, not missed.
    tag = _tag(callout_id)
    found = board.board(viewer(), callout_id)
    return render_template("web/board.html", tag=tag, **_parts(found))


def _plan(callout: Callout) -> ResponseReturnValue:
    """What a launch would do. Those who may only watch see that there is nothing to watch yet."""
    if viewer().role is AccountRole.AUTHORITY:
        return render_template("web/plan.html", callout=callout, plan=None)
    plan = plans.plan(viewer(), callout.id)
    calls = [call for call in previews.calls(callout, plan.languages) if call.people]
    return render_template(
        "web/plan.html",
        callout=callout,
        plan=plan,
        chosen=_chosen_confidence(callout, plan),
        calls=sorted(calls, key=lambda call: -call.people),
    )


def _chosen_confidence(callout: Callout, plan: Plan) -> Choice | None:
    """The row of the plan's choices that the callout stands at; none for a confidence of one's own."""
    if callout.mode is CalloutMode.EVERYONE:
        return plan.choices[-1]
    return next((choice for choice in plan.choices if choice.confidence == callout.confidence), None)


@blp.get("/callouts/<int:callout_id>/board")
@requires(*WATCHES)
def refresh_board(callout_id: int) -> Response:
    """The changing part of the board; 304 while nothing has changed."""
    tag = _tag(callout_id)
    if request.if_none_match.contains(tag):
        return _tagged(Response(status=304), tag, find(viewer(), Callout, callout_id))
    found = board.board(viewer(), callout_id)
    response = make_response(render_template("web/board_live.html", **_parts(found)))
    if "running" in request.args and not found.callout.status.running:
        # The commands beside the board no longer apply: load the whole page again.
        response.headers["HX-Refresh"] = "true"
    return _tagged(response, tag, found.callout)


@blp.get("/callouts/<int:callout_id>/map.json")
@requires(*WATCHES)
def map_data(callout_id: int) -> Response:
    tag = _tag(callout_id)
    found = None if request.if_none_match.contains(tag) else board.board(viewer(), callout_id)
    response = jsonify(_map(found)) if found else Response(status=304)
    return _tagged(response, tag, find(viewer(), Callout, callout_id))


def _tag(callout_id: int) -> str:
    """The board's revision under the chosen filter."""
    return f"{board.revision(viewer(), callout_id)}-{_chosen() or 'all'}"


def _tagged(response: Response, tag: str, callout: Callout) -> Response:
    local = now().astimezone(ZoneInfo(callout.emergency.section.time_zone))
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Board-Time"] = seconds(local)
    return response


def _chosen() -> RecipientState | Whereabouts | None:
    """The answer, or the whereabouts, that the list of people is narrowed to."""
    word = request.args.get("state")
    if word in set(Whereabouts):
        return Whereabouts(word)
    return RecipientState(word) if word in set(RecipientState) else None


def _parts(found: Board) -> dict[str, Any]:
    rows = [row for row in found.recipients if _chosen() in (None, row.state, row.whereabouts)]
    return {
        "board": found,
        "callout": found.callout,
        "emergency": found.emergency,
        "zone": found.emergency.section.time_zone,
        "states": {state: found.counts[state] for state in RecipientState if found.counts.get(state)},
        "whereabouts": {
            where: found.whereabouts[where] for where in Whereabouts if found.whereabouts.get(where)
        },
        "chosen": _chosen(),
        "rows": rows[:SHOWN],
        "more": max(0, len(rows) - SHOWN),
    }


def _map(found: Board) -> dict[str, Any]:
    callout = found.callout
    return {
        "area": found.emergency.area,
        "rendezvous": {
            "lat": callout.rendezvous_lat,
            "lon": callout.rendezvous_lon,
            "name": callout.rendezvous,
        },
        "people": [_dot(row) for row in found.recipients],
    }


def _dot(row: RecipientRow) -> dict[str, Any]:
    return {"lat": row.lat, "lon": row.lon, "state": row.state.value, "name": row.name}
