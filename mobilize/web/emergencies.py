"""Pages of emergencies: the list, the declaration, one emergency."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice

from mobilize.domain.errors import Conflict, InvalidInput, NotAllowed
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Emergency
from mobilize.services import emergencies
from mobilize.services.access import Viewer, find
from mobilize.services.guard import requires, viewer

from . import queries
from .blueprint import EVERYONE, LEADS, WATCHES, blp
from .forms import DeclareForm, put_errors


@blp.get("/")
@requires(*EVERYONE)
def home() -> ResponseReturnValue:
    """Each role's first page."""
    if viewer().role is AccountRole.VOLUNTEER:
        return redirect(url_for("web.own"))
    return redirect(url_for("web.list_emergencies"))


@blp.get("/emergencies")
@requires(*WATCHES)
def list_emergencies() -> ResponseReturnValue:
    found = queries.emergencies(viewer())
    return render_template("web/emergencies.html", emergencies=found, progress=queries.progress(found))


def _declare_form(by: Viewer) -> DeclareForm:
    form = DeclareForm()
    sections = queries.sections(by)
    form.section_id.choices = [SelectChoice(str(section.id), section.name) for section in sections]
    known = queries.authorities(by)
    form.authority_id.choices = [
        SelectChoice("", "Nobody: our own decision"),
        *(SelectChoice(str(a.id), f"{a.name} ({a.country})") for a in known),
    ]
    if request.method == "GET" and sections:
        form.country.data = sections[0].country
    return form


@blp.get("/emergencies/new")
@requires(*LEADS)
def new_emergency() -> ResponseReturnValue:
    return render_template("web/declare.html", form=_declare_form(viewer()))


@blp.post("/emergencies/new")
@requires(*LEADS)
def declare_emergency() -> ResponseReturnValue:
    form = _declare_form(viewer())
    if form.validate():
        try:
            emergency = emergencies.declare(viewer(), form.draft())
            return redirect(url_for("web.show_emergency", emergency_id=emergency.id))
        except (InvalidInput, NotAllowed, Conflict) as error:
            db.session.rollback()
            put_errors(form, error, {"area": "area_form", "radius_m": "radius_km"})
    return render_template("web/declare.html", form=form), 422


@blp.get("/emergencies/<int:emergency_id>")
@requires(*WATCHES)
def show_emergency(emergency_id: int) -> ResponseReturnValue:
    emergency = find(viewer(), Emergency, emergency_id)
    listed = queries.callouts(viewer(), emergency)
    return render_template("web/emergency.html", emergency=emergency, callouts=listed)


@blp.post("/emergencies/<int:emergency_id>/end")
@requires(*LEADS)
def end_emergency(emergency_id: int) -> ResponseReturnValue:
    emergencies.end(viewer(), emergency_id)
    return redirect(url_for("web.show_emergency", emergency_id=emergency_id))


@blp.post("/emergencies/<int:emergency_id>/cancel")
@requires(*LEADS)
def cancel_emergency(emergency_id: int) -> ResponseReturnValue:
    emergencies.cancel(viewer(), emergency_id)
    return redirect(url_for("web.show_emergency", emergency_id=emergency_id))
