"""The inbox: texts received, raw and as understood, and what a person does about them."""

import uuid
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from mobilize.domain.errors import Conflict, InvalidInput
from mobilize.domain.segments import measure
from mobilize.domain.vocabulary import Intent
from mobilize.extensions import db
from mobilize.models import Callout, Volunteer
from mobilize.services import corrections, hand, inbox_views, volunteers
from mobilize.services.access import LARGEST_KEY, find
from mobilize.services.corrections import Superseded
from mobilize.services.guard import requires, viewer
from mobilize.services.inbox_views import Row, Shelf, Wish
from mobilize.services.volunteers import Criteria

from . import queries
from .blueprint import LEADS, blp
from .inbox_forms import CorrectForm, LinkForm, MoveForm, ReplyForm, SettleForm

#: What a text can be corrected to by one click, in the order of the buttons.
READINGS = (
    Intent.ACCEPT,
    Intent.DECLINE,
    Intent.LIMITED,
    Intent.EN_ROUTE,
    Intent.ON_SCENE,
    Intent.LEFT,
    Intent.UNAVAILABLE,
    Intent.OPT_OUT,
    Intent.UNCLEAR,
)
#: More people than this share a fragment of a name: then one must say more of it.
SUGGESTED = 8


@blp.get("/inbox")
@requires(*LEADS)
def inbox() -> ResponseReturnValue:
    wish = _wish()
    rows = inbox_views.rows(viewer(), wish, queries.PAGE)
    return render_template("web/inbox.html", **_list_parts(wish, rows), done=_done(rows))


@blp.get("/inbox/live")
@requires(*LEADS)
def refresh_inbox() -> Response:
    """The list alone; a browser that has it already is told so."""
    wish = _wish()
    rows = inbox_views.rows(viewer(), wish, queries.PAGE)
    tag = _tag(rows)
    if request.if_none_match.contains(tag):
        response = Response(status=304)
    else:
        response = make_response(render_template("web/inbox_refresh.html", **_list_parts(wish, rows)))
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blp.get("/inbox/<int:inbound_id>")
@requires(*LEADS)
def show_inbound(inbound_id: int) -> ResponseReturnValue:
    return _page(inbound_id)


@blp.get("/inbox/<int:inbound_id>/conversation")
@requires(*LEADS)
def refresh_conversation(inbound_id: int) -> ResponseReturnValue:
    found = inbox_views.conversation(viewer(), inbound_id)
    return render_template("web/conversation.html", conversation=found, row=found.row, zone=_zone())


@blp.post("/inbox/measure")
@requires(*LEADS)
def measure_reply() -> ResponseReturnValue:
    """How many segments a text takes, while it is being typed."""
    body = hand.as_sent(request.form.get("body", ""))
    return render_template("web/measure.html", size=measure(body), most=hand.MOST_SEGMENTS)


@blp.post("/inbox/<int:inbound_id>/correct")
@requires(*LEADS)
def correct_inbound(inbound_id: int) -> ResponseReturnValue:
    form = CorrectForm()

    def act() -> None:
        corrections.correct(
            viewer(),
            inbound_id,
            form.reading(inbox_views.row(viewer(), inbound_id).text),
            recipient_id=form.recipient_id.data,
            despite_newer=form.despite_newer.data,
        )

    return _do(inbound_id, form, act)


@blp.post("/inbox/<int:inbound_id>/reassign")
@requires(*LEADS)
def reassign_inbound(inbound_id: int) -> ResponseReturnValue:
    form = MoveForm()
    return _do(
        inbound_id,
        form,
        lambda: corrections.reassign(
            viewer(), inbound_id, form.recipient_id.data, despite_newer=form.despite_newer.data
        ),
    )


@blp.post("/inbox/<int:inbound_id>/reply")
@requires(*LEADS)
def reply_to_inbound(inbound_id: int) -> ResponseReturnValue:
    form = ReplyForm()
    return _do(
        inbound_id,
        form,
        lambda: hand.reply(viewer(), inbound_id, form.body.data or "", form.key.data or ""),
    )


@blp.post("/inbox/<int:inbound_id>/link")
@requires(*LEADS)
def link_inbound(inbound_id: int) -> ResponseReturnValue:
    form = LinkForm()
    return _do(inbound_id, form, lambda: hand.link(viewer(), inbound_id, form.volunteer_id.data))


@blp.post("/inbox/<int:inbound_id>/settle")
@requires(*LEADS)
def settle_inbound(inbound_id: int) -> ResponseReturnValue:
    form = SettleForm()
    return _do(inbound_id, form, lambda: hand.settle(viewer(), inbound_id, form.note.data))


def _do(inbound_id: int, form: FlaskForm, act: Callable[[], object]) -> ResponseReturnValue:
    """Do what a form asks for and go back to where it stood; a refusal is shown beside the text."""
    try:
        if not form.validate():
            raise InvalidInput({name: list(found) for name, found in form.errors.items() if name})
        act()
    except Superseded as refusal:
        newer = refusal.newer.id
        db.session.rollback()
        return _confirmation(inbound_id, newer), 409
    except (InvalidInput, Conflict) as refusal:
        db.session.rollback()
        return _page(inbound_id, refusal), 422 if isinstance(refusal, InvalidInput) else 409
    return redirect(_back(inbound_id))


def _confirmation(inbound_id: int, newer_id: int) -> str:
    """Ask back: the person has answered since."""
    return render_template(
        "web/inbox_confirm.html",
        row=inbox_views.row(viewer(), inbound_id),
        newer=inbox_views.row(viewer(), newer_id).text,
        fields={k: v for k, v in request.form.items() if k not in ("csrf_token", "despite_newer")},
        back=_back_to(),
        zone=_zone(),
    )


def _page(inbound_id: int, refusal: Exception | None = None) -> str:
    """One text with its conversation and everything that can be done about it."""
    found = inbox_views.conversation(viewer(), inbound_id)
    who = _searched()
    return render_template(
        "web/inbound.html",
        conversation=found,
        row=found.row,
        readings=READINGS,
        refusal=_sentence(refusal),
        typed=request.form.get("body", ""),
        # Kept over a refusal: whatever was sent before it is not sent again.
        key=request.form.get("key") or uuid.uuid4().hex,
        who=who,
        people=_people(who),
        back=_back_to(),
        zone=_zone(),
    )


def _sentence(refusal: Exception | None) -> str:
    if isinstance(refusal, InvalidInput):
        return " ".join(f"{name.replace('_', ' ')}: {' '.join(told)}" for name, told in refusal.errors.items())
    return str(refusal or "")


def _people(who: str) -> Sequence[Volunteer]:
    """Whose phone it may be."""
    if not who:
        return []
    return db.session.scalars(volunteers.search(viewer(), Criteria(text=who)).limit(SUGGESTED)).all()


def _list_parts(wish: Wish, rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "rows": rows,
        "wish": wish,
        "shelves": tuple(Shelf),
        "callout": find(viewer(), Callout, wish.callout_id) if wish.callout_id else None,
        "readings": READINGS,
        "zone": _zone(),
        "older": rows[-1].text.id if len(rows) == queries.PAGE else None,
        "back": _back_to(),
        "tag": _tag(rows),
    }


def _done(rows: Sequence[Row]) -> Row | None:
    """The text that was just changed, when it is not on the list (any more): so that a slip can be undone."""
    done = request.args.get("done", type=_key)
    if done is None or any(row.text.id == done for row in rows):
        return None
    return inbox_views.row(viewer(), done)


def _wish() -> Wish:
    shelf = request.args.get("show", "")
    callout_id = request.args.get("callout", type=_key)
    if callout_id is not None:
        find(viewer(), Callout, callout_id)
    return Wish(
        shelf=Shelf(shelf) if shelf in set(Shelf) else Shelf.ALL,
        text=_searched(),
        callout_id=callout_id,
        before=request.args.get("before", type=_key),
    )


def _searched() -> str:
    return request.args.get("who", "").replace("\0", "").strip()[:100]


def _key(written: str) -> int:
    """The id of a row. Raises `ValueError` for what is none."""
    key = int(written)
    if not 0 < key <= LARGEST_KEY:
        raise ValueError(written)
    return key


def _tag(rows: Sequence[Row]) -> str:
    """Changes with everything that the list and the navigation show."""
    shown = zlib.crc32(repr([_shown(row) for row in rows]).encode())
    return f"{shown:08x}-{inbox_views.to_read_count(viewer())}"


def _shown(row: Row) -> tuple[object, ...]:
    text, place = row.text, row.place
    return (
        text.id,
        *(text.intent, text.eta_minutes, text.absent_minutes, text.effect),
        *(text.volunteer_id, text.corrected_at, text.settled_at),
        place and (place.id, place.state, place.eta_at, place.closed_at),
        [one.id for one in row.places],
        [(reply.id, reply.state) for reply in row.replies],
    )


def _zone() -> str:
    return queries.zone_of(viewer())


def _back_to() -> str:
    """The list that one came from: a page of ours, whatever the form says."""
    wished = request.form.get("back") or request.args.get("back") or ""
    if wished.startswith("/inbox?") or wished == "/inbox":
        return wished
    if request.endpoint in ("web.inbox", "web.refresh_inbox"):
        wanted = {name: value for name, value in request.args.items() if name != "done"}
        return url_for("web.inbox", **wanted)  # type: ignore[arg-type]
    return url_for("web.inbox")


def _back(inbound_id: int) -> str:
    """Where the form stood: the page of the text, or the list with the text marked."""
    if request.form.get("stay"):
        return url_for("web.show_inbound", inbound_id=inbound_id, back=_back_to())
    back = _back_to()
    return f"{back}{'&' if '?' in back else '?'}done={inbound_id}#t{inbound_id}"
