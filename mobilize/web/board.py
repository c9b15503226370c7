"""The page of a callout: its plan before the launch, the live board after it."""

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue

from mobilize.domain.vocabulary import AccountRole, CalloutStatus, RecipientState
from mobilize.models import Callout
from mobilize.services import board, heartbeats, plans
from mobilize.services.access import find
from mobilize.services.board import Board, RecipientRow
from mobilize.services.guard import requires, viewer

from .blueprint import WATCHES, blp
from .forms import ActionForm, AskMoreForm

#: Who comes stands on top; within a state the earliest arrival, then the nearest.
_ORDER = [
    RecipientState.ARRIVED,
    RecipientState.ACCEPTED,
    RecipientState.LIMITED,
    RecipientState.ASKED,
    RecipientState.WITHDRAWN,
    RecipientState.DECLINED,
    RecipientState.UNREACHABLE,
    RecipientState.STOOD_DOWN,
]
#: More rows than this are one click away; a page with thousands could not be refreshed every 2 s.
SHOWN = 150


@blp.get("/callouts/<int:callout_id>")
@requires(*WATCHES)
def show_callout(callout_id: int) -> ResponseReturnValue:
    callout = find(viewer(), Callout, callout_id)
    if callout.status is CalloutStatus.DRAFT:
        return _plan(callout)
    found = board.board(viewer(), callout_id)
    return render_template("web/board.html", ask_more=AskMoreForm(), stand_down=ActionForm(), **_parts(found))


def _plan(callout: Callout) -> ResponseReturnValue:
    """What a launch would do. Those who may only watch see that there is nothing to watch yet."""
    if viewer().role is not AccountRole.AUTHORITY:
        texts = plans.texts(viewer(), callout.id)
        plan = plans.plan(viewer(), callout.id)
        return render_template("web/plan.html", callout=callout, plan=plan, texts=texts)
    return render_template("web/plan.html", callout=callout, plan=None, texts=[])


@blp.get("/callouts/<int:callout_id>/board")
@requires(*WATCHES)
def refresh_board(callout_id: int) -> Response:
    """The changing part of the board; 304 while nothing has changed."""
    found = board.board(viewer(), callout_id)
    tag = _tag(found)
    if request.if_none_match.contains(tag):
        response = Response(status=304)
    else:
        response = make_response(render_template("web/board_live.html", **_parts(found)))
    if "running" in request.args and not found.callout.status.running:
        # The commands beside the board no longer apply: load the whole page again.
        response = Response(status=200, headers={"HX-Refresh": "true"})
    return _tagged(response, tag)


@blp.get("/callouts/<int:callout_id>/map.json")
@requires(*WATCHES)
def map_data(callout_id: int) -> Response:
    found = board.board(viewer(), callout_id)
    tag = _tag(found)
    if request.if_none_match.contains(tag):
        return _tagged(Response(status=304), tag)
    return _tagged(jsonify(_map(found)), tag)


def _tag(found: Board) -> str:
    """The board's revision, and what can change without it: the alarms, the filter, the engine's life."""
    alarms = "-".join(f"{alarm.kind}{alarm.raised_at:%s}" for alarm in found.alarms)
    return f"{found.revision}-{alarms}-{request.args.get('state', '')}-{heartbeats.engine_seen():d}"


def _tagged(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _parts(found: Board) -> dict[str, Any]:
    rows = sorted(found.recipients, key=_rank)
    states = {state: found.counts[state] for state in _ORDER if found.counts.get(state)}
    chosen = request.args.get("state")
    if chosen:
        rows = [row for row in rows if row.state == chosen]
    return {
        "board": found,
        "tag": _tag(found),
        "callout": found.callout,
        "emergency": found.emergency,
        "zone": found.emergency.section.time_zone,
        "states": states,
        "chosen": chosen if chosen in states else None,
        "rows": rows[:SHOWN],
        "more": max(0, len(rows) - SHOWN),
        "engine_silent": not heartbeats.engine_seen(),
    }


def _rank(row: RecipientRow) -> tuple[int, float, float]:
    eta = row.eta_at.timestamp() if row.eta_at else float("inf")
    return _ORDER.index(row.state), eta, row.distance_m


def _map(found: Board) -> dict[str, Any]:
    callout = found.callout
    return {
        "area": found.emergency.area,
        "rendezvous": {"lat": callout.rendezvous_lat, "lon": callout.rendezvous_lon, "name": callout.rendezvous},
        "people": _people(found.recipients),
    }


def _people(rows: Sequence[RecipientRow]) -> list[dict[str, Any]]:
    return [{"lat": row.lat, "lon": row.lon, "state": row.state.value, "name": row.name} for row in rows]
