"""Pages of a callout until it is launched: draft, preview of the texts, plan; and its commands."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms.fields.choices import SelectChoice

from mobilize.domain import sms
from mobilize.domain.errors import Conflict, InvalidInput
from mobilize.extensions import db
from mobilize.models import Callout, Emergency
from mobilize.services import callouts, check_outs, previews
from mobilize.services.access import find
from mobilize.services.guard import requires, viewer
from mobilize.services.previews import Texts
from mobilize.services.runtime import now

from . import queries
from .blueprint import LEADS, blp
from .forms import AskMoreForm, CalloutForm, ConfidenceForm, LimitForm, put_errors

_PLACEHOLDERS = " ".join(f"{{{name}}}" for name in sms.PLACEHOLDERS)


def _form() -> CalloutForm:
    form = CalloutForm()
    form.offer([SelectChoice(skill.code, skill.name) for skill in queries.skills(viewer())])
    return form


@blp.get("/emergencies/<int:emergency_id>/callouts/new")
@requires(*LEADS)
def new_callout(emergency_id: int) -> ResponseReturnValue:
    emergency = find(viewer(), Emergency, emergency_id)
    form = _form()
    soon = now().astimezone(ZoneInfo(emergency.section.time_zone)) + timedelta(hours=4)
    form.arrive_by.data = soon.replace(minute=0, second=0, microsecond=0, tzinfo=None)
    if emergency.area.get("type") == "circle":
        form.rendezvous_lat.data, form.rendezvous_lon.data = emergency.area["lat"], emergency.area["lon"]
    return render_template("web/callout_form.html", form=form, emergency=emergency, placeholders=_PLACEHOLDERS)


@blp.post("/emergencies/<int:emergency_id>/callouts/new")
@requires(*LEADS)
def draft_callout(emergency_id: int) -> ResponseReturnValue:
    emergency = find(viewer(), Emergency, emergency_id)
    form = _form()
    if form.validate():
        try:
            callout = callouts.draft(viewer(), form.draft(emergency.id, emergency.section.time_zone))
            return redirect(url_for("web.show_callout", callout_id=callout.id))
        except (InvalidInput, Conflict) as error:
            db.session.rollback()
            put_errors(form, error, form.renamed)
    return render_template(
        "web/callout_form.html", form=form, emergency=emergency, placeholders=_PLACEHOLDERS
    ), 422


@blp.post("/emergencies/<int:emergency_id>/callouts/preview")
@requires(*LEADS)
def preview_texts(emergency_id: int) -> ResponseReturnValue:
    """The texts as they would read now, for the form while it is being filled in."""
    emergency = find(viewer(), Emergency, emergency_id)
    sketch = _form().sketch(emergency.id, emergency.section.time_zone, now())
    texts: Texts | None = None
    problems: dict[str, list[str]] = {}
    try:
        texts = previews.sketch(viewer(), sketch)
    except InvalidInput as error:
        problems = error.errors
    return render_template("web/preview.html", texts=texts, problems=problems)


@blp.get("/callouts/<int:callout_id>/texts")
@requires(*LEADS)
def show_texts(callout_id: int) -> ResponseReturnValue:
    """Every text that the callout will send, exactly, in each language of the people who may be called."""
    callout = find(viewer(), Callout, callout_id)
    return render_template(
        "web/callout_texts.html", callout=callout, texts=previews.of_callout(viewer(), callout_id)
    )


@blp.post("/callouts/<int:callout_id>/launch")
@requires(*LEADS)
def launch_callout(callout_id: int) -> ResponseReturnValue:
    callouts.launch(viewer(), callout_id)
    return redirect(url_for("web.show_callout", callout_id=callout_id))


def _check(form: FlaskForm) -> None:
    """A command's form has no page of its own to show its errors on."""
    if not form.validate():
        raise InvalidInput({name: list(found) for name, found in form.errors.items() if name})


@blp.post("/callouts/<int:callout_id>/ask-more")
@requires(*LEADS)
def ask_more(callout_id: int) -> ResponseReturnValue:
    form = AskMoreForm()
    _check(form)
    callouts.ask_more(viewer(), callout_id, form.count.data)
    return redirect(url_for("web.show_callout", callout_id=callout_id))


@blp.post("/callouts/<int:callout_id>/confidence")
@requires(*LEADS)
def choose_confidence(callout_id: int) -> ResponseReturnValue:
    form = ConfidenceForm()
    _check(form)
    callouts.set_confidence(viewer(), callout_id, form.confidence.data)
    return redirect(url_for("web.show_callout", callout_id=callout_id))


@blp.post("/callouts/<int:callout_id>/stop-asking")
@requires(*LEADS)
def stop_asking(callout_id: int) -> ResponseReturnValue:
    callouts.stop_asking(viewer(), callout_id)
    return redirect(url_for("web.show_callout", callout_id=callout_id))


@blp.post("/callouts/<int:callout_id>/resume-asking")
@requires(*LEADS)
def resume_asking(callout_id: int) -> ResponseReturnValue:
    callouts.resume_asking(viewer(), callout_id)
    return redirect(url_for("web.show_callout", callout_id=callout_id))


@blp.post("/callouts/<int:callout_id>/limit")
@requires(*LEADS)
def limit_asking(callout_id: int) -> ResponseReturnValue:
    form = LimitForm()
    _check(form)
    callouts.limit(viewer(), callout_id, form.most_asked.data)
    return redirect(url_for("web.show_callout", callout_id=callout_id))


@blp.post("/callouts/<int:callout_id>/stand-down")
@requires(*LEADS)
def stand_down(callout_id: int) -> ResponseReturnValue:
    callouts.stand_down(viewer(), callout_id)
    return redirect(url_for("web.show_callout", callout_id=callout_id))


@blp.post("/recipients/<int:recipient_id>/check-out")
@requires(*LEADS)
def check_out(recipient_id: int) -> ResponseReturnValue:
    """Somebody is known to be out of the field, after a phone call."""
    recipient = check_outs.check_out(viewer(), recipient_id)
    return redirect(url_for("web.show_callout", callout_id=recipient.callout_id))
