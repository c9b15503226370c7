"""Simulated phones as pages: read what reached a phone, and type an answer on it."""

from collections.abc import Sequence

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mobilize.domain.errors import NotFound
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.gateways.simulator import SimulatorGateway
from mobilize.models import SimulatedText, Volunteer
from mobilize.services.guard import requires, viewer
from mobilize.services.runtime import runtime, work_waiting

from . import queries
from .blueprint import LEADS, blp
from .forms import TypeForm

HOLDS = (*LEADS, AccountRole.VOLUNTEER)


def _simulator() -> SimulatorGateway:
    for gateway in runtime().gateways:
        if isinstance(gateway, SimulatorGateway):
            return gateway
    raise NotFound("page", "/phones (texts go to real phones here)")


def _owner(phone: str) -> Volunteer:
    """The phone's owner, if the viewer may see them."""
    owner = queries.owner_of(viewer(), phone)
    if owner is None:
        raise NotFound("phone", phone)
    return owner


@blp.get("/phones")
@requires(*HOLDS)
def list_phones() -> ResponseReturnValue:
    _simulator()
    return render_template("web/phones.html", phones=queries.phones(viewer()), zone=queries.zone_of(viewer()))


@blp.get("/phones/<phone>")
@requires(*HOLDS)
def show_phone(phone: str) -> ResponseReturnValue:
    return _page(phone, TypeForm())


@blp.get("/phones/<phone>/texts")
@requires(*HOLDS)
def refresh_phone(phone: str) -> ResponseReturnValue:
    _simulator()
    owner = _owner(phone)
    return render_template(
        "web/phone_texts.html",
        texts=queries.texts(phone),
        calls=queries.calls(phone),
        zone=owner.time_zone,
    )


@blp.post("/phones/<phone>")
@requires(*HOLDS)
def type_on_phone(phone: str) -> ResponseReturnValue:
    form = TypeForm()
    if not form.validate():
        return _page(phone, form), 422
    simulator = _simulator()
    _owner(phone)
    # The simulator keeps its own transactions, as a carrier would; ours must not stand in its way.
    db.session.rollback()
    simulator.type_on_phone(phone, form.body.data)
    work_waiting.send()
    return redirect(url_for("web.show_phone", phone=phone))


def _page(phone: str, form: TypeForm) -> str:
    _simulator()
    owner = _owner(phone)
    texts: Sequence[SimulatedText] = queries.texts(phone)
    calls = queries.calls(phone)
    return render_template(
        "web/phone.html", owner=owner, form=form, texts=texts, calls=calls, zone=owner.time_zone
    )
