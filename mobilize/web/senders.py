"""The page of the senders, and alarms: what holds texts back, since when, and what a person can do."""

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mobilize.domain.errors import InvalidInput
from mobilize.services import alarms, heartbeats, senders
from mobilize.services.guard import requires, viewer
from mobilize.services.senders import Overview, SenderStatus

from . import queries
from .blueprint import LEADS, blp


@blp.get("/senders")
@requires(*LEADS)
def show_senders() -> ResponseReturnValue:
    return render_template("web/senders.html", **_parts())


@blp.get("/senders/live")
@requires(*LEADS)
def refresh_senders() -> ResponseReturnValue:
    """The changing part of the page."""
    return render_template("web/senders_live.html", **_parts())


@blp.post("/senders/pause")
@requires()
def pause_sender() -> ResponseReturnValue:
    senders.pause_by_hand(viewer(), _subject())
    return redirect(url_for("web.show_senders"))


@blp.post("/senders/resume")
@requires(*LEADS)
def resume_sender() -> ResponseReturnValue:
    senders.resume(viewer(), _subject())
    return redirect(url_for("web.show_senders"))


@blp.get("/alarms")
@requires(*LEADS)
def refresh_alarms() -> ResponseReturnValue:
    """The band of alarms alone, for pages that stay open."""
    return render_template("web/alarms_live.html")


@blp.post("/alarms/<int:alarm_id>/acknowledge")
@requires(*LEADS)
def acknowledge_alarm(alarm_id: int) -> ResponseReturnValue:
    alarms.acknowledge(viewer(), alarm_id)
    return redirect(url_for("web.show_senders"))


def _subject() -> str:
    """What is to be paused or resumed; names hold colons, plus signs and blanks, so it is a field."""
    subject = request.form.get("sender", "").strip()
    if not subject:
        raise InvalidInput("sender", "is missing; name a provider, a sender or a country as the page shows it.")
    return subject


def _parts() -> dict[str, Any]:
    found = senders.overview(viewer())
    return {
        "overview": found,
        "providers": _by_provider(found),
        "engines": heartbeats.engines(),
        "zone": queries.zone_of(viewer()),
    }


def _by_provider(found: Overview) -> Mapping[str, list[SenderStatus]]:
    """Senders under their provider, in the order in which they are used."""
    grouped: dict[str, list[SenderStatus]] = {}
    for sender in found.senders:
        grouped.setdefault(sender.provider, []).append(sender)
    return grouped
