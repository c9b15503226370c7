"""Callouts: preview, draft, plan, launch, ask more, stand down, and the board."""

from typing import Any

from flask import Response

from mobilize.domain.vocabulary import AccountRole
from mobilize.models import Callout
from mobilize.services import access, board, callouts, guard, plans, previews, snapshots
from mobilize.services import reach as reach_service
from mobilize.services.callouts import CalloutDraft, NeedDraft
from mobilize.services.plans import Plan
from mobilize.services.previews import Preview, Texts
from mobilize.services.reach import Reach
from mobilize.services.snapshots import Told

from .blueprint import Blueprint
from .board_schema import board_schema_for
from .callout_schemas import (
    AskedSchema,
    CalloutIn,
    CalloutQuery,
    CalloutSchema,
    CountIn,
    ExplainQuery,
    ExplanationSchema,
    LimitIn,
    PlanSchema,
    PreviewSchema,
    ReachQuery,
    ReachSchema,
    TextsSchema,
)
from .etags import tagged
from .paging import Page, page_schema, paginate

blp = Blueprint(
    "callouts",
    __name__,
    url_prefix="/api/v1/callouts",
    description="Requests for volunteers within an emergency",
)


def _draft(found: dict[str, Any]) -> CalloutDraft:
    needs = tuple(NeedDraft(**need) for need in found.pop("needs"))
    return CalloutDraft(needs=needs, **found)


@blp.route("", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(CalloutIn)
@blp.response(201, CalloutSchema)
def draft(found: dict[str, Any]) -> Callout:
    """Write a callout down without asking anyone."""
    return callouts.draft(guard.viewer(), _draft(found))


@blp.route("/preview", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(CalloutIn)
@blp.response(200, PreviewSchema(many=True))
def preview(found: dict[str, Any]) -> list[Preview]:
    """The call-out of a callout that is still being written, in each language. Stores nothing."""
    return previews.calls_of(guard.viewer(), _draft(found))


@blp.route("")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY)
@blp.arguments(CalloutQuery, location="query")
@blp.response(200, page_schema(CalloutSchema))
def listed(found: dict[str, Any]) -> Page[Callout]:
    """List callouts, newest first."""
    page, per_page = found.pop("page"), found.pop("per_page")
    query = access.visible(guard.viewer(), Callout).filter_by(**found).order_by(Callout.id.desc())
    return paginate(query, page=page, per_page=per_page)


@blp.route("/<int:callout_id>")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY)
@blp.response(200, CalloutSchema)
def read(callout_id: int) -> Callout:
    """One callout."""
    return access.find(guard.viewer(), Callout, callout_id)


@blp.route("/<int:callout_id>/plan")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, PlanSchema)
def plan(callout_id: int) -> Plan:
    """Who could be asked and what it takes. Nothing is sent."""
    return plans.plan(guard.viewer(), callout_id)


@blp.route("/<int:callout_id>/texts")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, TextsSchema)
def texts(callout_id: int) -> Texts:
    """Every text that the callout will send, exactly, to the people who may be called now."""
    return previews.of_callout(guard.viewer(), callout_id)


@blp.route("/<int:callout_id>/launch", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, CalloutSchema)
def launch(callout_id: int) -> Callout:
    """Ask the first wave."""
    return callouts.launch(guard.viewer(), callout_id)


@blp.route("/<int:callout_id>/ask-more", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(CountIn)
@blp.response(200, AskedSchema)
def ask_more(found: dict[str, Any], callout_id: int) -> dict[str, int]:
    """Ask more people, the next in rank."""
    return {"asked": callouts.ask_more(guard.viewer(), callout_id, found["count"])}


@blp.route("/<int:callout_id>/stop-asking", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, CalloutSchema)
def stop_asking(callout_id: int) -> Callout:
    """Ask nobody more until it is resumed; those asked may still answer."""
    return callouts.stop_asking(guard.viewer(), callout_id)


@blp.route("/<int:callout_id>/resume-asking", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, CalloutSchema)
def resume_asking(callout_id: int) -> Callout:
    """Let the callout ask people again by itself."""
    return callouts.resume_asking(guard.viewer(), callout_id)


@blp.route("/<int:callout_id>/limit", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(LimitIn)
@blp.response(200, CalloutSchema)
def limit(found: dict[str, int | None], callout_id: int) -> Callout:
    """Set how many people may be asked at most."""
    return callouts.limit(guard.viewer(), callout_id, found["most_asked"])


@blp.route("/<int:callout_id>/stand-down", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, CalloutSchema)
def stand_down(callout_id: int) -> Callout:
    """End it: unsent texts are stopped, and everyone who was reached is told."""
    return callouts.stand_down(guard.viewer(), callout_id)


@blp.route("/<int:callout_id>/board")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY)
@blp.response(200, board_schema_for(AccountRole.COORDINATOR))
@blp.alt_response(304, description="Nothing changed since the version in If-None-Match")
def show_board(callout_id: int) -> Response:
    """The callout as it stands. Poll it with If-None-Match: an unchanged board costs one header."""
    viewer = guard.viewer()
    schema = board_schema_for(viewer.role)
    return tagged(board.revision(viewer, callout_id), lambda: schema.dump(board.board(viewer, callout_id)))


@blp.route("/<int:callout_id>/explain")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(ExplainQuery, location="query")
@blp.response(200, ExplanationSchema)
def explain(found: dict[str, int], callout_id: int) -> Told:
    """Why was this volunteer called or not? As it stood at each look of a launched callout, or now."""
    return snapshots.told(guard.viewer(), callout_id, found["volunteer_id"])


@blp.route("/<int:callout_id>/reach")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(ReachQuery, location="query")
@blp.response(200, ReachSchema)
def reach(found: dict[str, Any], callout_id: int) -> Reach:
    """How far around the rendezvous to look until so many people may be called."""
    return reach_service.reach(guard.viewer(), callout_id, found["eligible"], found["limit_m"])
