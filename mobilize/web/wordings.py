"""Pages of a section's wordings: all texts in a language, and one of them being reworded."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from mobilize.domain.errors import InvalidInput
from mobilize.domain.placeholders import placeholders_of
from mobilize.domain.sentences import LANGUAGE_NAMES, language_of
from mobilize.extensions import db
from mobilize.models import Section
from mobilize.services import sections, wordings
from mobilize.services.access import find
from mobilize.services.guard import requires, viewer
from mobilize.services.wordings import Trial

from .blueprint import LEADS, blp
from .forms import put_errors
from .text_labels import grouped


class WordingForm(FlaskForm):  # type: ignore[misc]
    """A section's own sentence."""

    text = TextAreaField("Own wording", [InputRequired("Write a sentence."), Length(max=5000)])


@blp.get("/wordings")
@requires(*LEADS)
def list_wordings() -> ResponseReturnValue:
    """All texts of a section in a language."""
    chosen = request.args.get("section", type=int)
    led = sections.every(viewer())
    section = find(viewer(), Section, chosen) if chosen is not None else next(iter(led), None)
    if section is None:
        return render_template("web/wordings.html", section=None)
    language = language_of(request.args.get("language", section.language))
    found = {worded.name: worded for worded in wordings.listed(viewer(), section.id, language)}
    return render_template(
        "web/wordings.html",
        section=section,
        sections=led,
        language=language,
        languages=LANGUAGE_NAMES,
        groups={title: [found[name] for name in names] for title, names in grouped().items()},
    )


@blp.get("/sections/<int:section_id>/wordings/<language>/<name>")
@requires(*LEADS)
def show_wording(section_id: int, language: str, name: str) -> ResponseReturnValue:
    worded = wordings.one(viewer(), section_id, language, name)
    return _page(section_id, language, name, WordingForm(text=worded.in_force))


@blp.post("/sections/<int:section_id>/wordings/<language>/<name>")
@requires(*LEADS)
def save_wording(section_id: int, language: str, name: str) -> ResponseReturnValue:
    form = WordingForm()
    if form.validate():
        try:
            wordings.save(viewer(), section_id, language, name, form.text.data)
            return _back(section_id, language, name)
        except InvalidInput as error:
            db.session.rollback()
            put_errors(form, error)
    return _page(section_id, language, name, form), 422


@blp.post("/sections/<int:section_id>/wordings/<language>/<name>/preview")
@requires(*LEADS)
def try_wording(section_id: int, language: str, name: str) -> ResponseReturnValue:
    """How the sentence would read as it stands in the form."""
    trial: Trial | None = None
    problems: dict[str, list[str]] = {}
    try:
        trial = wordings.tried(viewer(), section_id, language, name, WordingForm().text.data or "")
    except InvalidInput as error:
        problems = error.errors
    return render_template("web/wording_trial.html", trial=trial, problems=problems, language=language)


@blp.post("/sections/<int:section_id>/wordings/<language>/<name>/standard")
@requires(*LEADS)
def use_standard_wording(section_id: int, language: str, name: str) -> ResponseReturnValue:
    wordings.remove(viewer(), section_id, language, name)
    return _back(section_id, language, name)


def _page(section_id: int, language: str, name: str, form: WordingForm) -> str:
    return render_template(
        "web/wording.html",
        section=find(viewer(), Section, section_id),
        worded=wordings.one(viewer(), section_id, language, name),
        called=LANGUAGE_NAMES[language],
        placeholders=placeholders_of(name),
        form=form,
    )


def _back(section_id: int, language: str, name: str) -> ResponseReturnValue:
    return redirect(url_for("web.list_wordings", section=section_id, language=language, _anchor=name))
