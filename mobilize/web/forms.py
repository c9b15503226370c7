"""The forms of the pages, and how a refusal by a service finds its field.

Forms only parse: what a service would refuse anyway is refused there, once, with its message.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    Field,
    FieldList,
    FloatField,
    Form,
    FormField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from mobilize.domain.errors import InvalidInput, MobilizeError
from mobilize.domain.vocabulary import CalloutMode, Certainty, Hazard, Severity, Urgency
from mobilize.services.callouts import LONGEST_BRING, MOST_PATIENCE, CalloutDraft, NeedDraft
from mobilize.services.emergencies import EmergencyDraft
from mobilize.services.forecasts import Question

from .show import label

Choices = list[SelectChoice]
_LATITUDE = (InputRequired("Give the latitude, or click on the map."), NumberRange(-90, 90))
_LONGITUDE = (InputRequired("Give the longitude, or click on the map."), NumberRange(-180, 180))


def _choices(words: Iterable[StrEnum]) -> Choices:
    return [SelectChoice(word.value, label(word).capitalize()) for word in words]


def put_errors(form: FlaskForm, error: MobilizeError, fields: Mapping[str, str] | None = None) -> None:
    """Show a service's refusal beside the fields it names; ``fields`` maps its names to the form's.

    A name that the form lacks, and a refusal that names no field, go to the top of the form.
    """
    if not isinstance(error, InvalidInput):
        form.form_errors.append(str(error))
        return
    for name, found in error.errors.items():
        field = _field(form, (fields or {}).get(name, name))
        if field is None:
            form.form_errors.extend(f"{name}: {message}" for message in found)
        else:
            field.errors = [*field.errors, *found]


def _field(form: Form, path: str) -> Field | None:
    """A field by its dotted name (``needs.0.headcount``)."""
    found: Any = form
    for part in path.split("."):
        try:
            found = found[int(part)] if part.isdigit() else found[part]
        except (KeyError, IndexError, TypeError):
            return None
    return None if isinstance(found, Form) else found


class ConfidenceForm(FlaskForm):  # type: ignore[misc]
    """How sure a draft wants to be."""

    confidence = FloatField("Confidence", [InputRequired("Choose how sure it should be.")])


class LimitForm(FlaskForm):  # type: ignore[misc]
    """How many people may be asked at most; empty is no limit."""

    most_asked = IntegerField(
        "Ask at most", [Optional(), NumberRange(1, 1_000_000, "Between 1 and 1,000,000.")]
    )


class ForecastForm(FlaskForm):  # type: ignore[misc]
    """Who would arrive by when. Sent by GET: it changes nothing, and its address can be passed on."""

    skill = SelectField("Skill", validate_choice=False)
    wanted = IntegerField("How many", [InputRequired("Say how many.")], default=10)
    within_min = IntegerField("Within minutes", [InputRequired("Say within how many minutes.")], default=60)
    in_hours = FloatField("Called in hours", [Optional()], default=0.0)
    lat = FloatField("Latitude", _LATITUDE)
    lon = FloatField("Longitude", _LONGITUDE)
    radius_km = FloatField(
        "Radius, km", [InputRequired("Say how far around."), NumberRange(0.1, 500)], default=25
    )

    def question(self) -> Question:
        return Question(
            lat=self.lat.data,
            lon=self.lon.data,
            radius_m=self.radius_km.data * 1000,
            skill=self.skill.data or "",
            wanted=self.wanted.data,
            within_min=self.within_min.data,
            in_hours=self.in_hours.data or 0.0,
        )


class AskMoreForm(FlaskForm):  # type: ignore[misc]
    count = IntegerField("How many more", [InputRequired(), NumberRange(1, 10_000)], default=10)


class TypeForm(FlaskForm):  # type: ignore[misc]
    """A text typed on a simulated phone."""

    body = StringField("Text", [InputRequired("Type something."), Length(max=1600)])


class DeclareForm(FlaskForm):  # type: ignore[misc]
    """Declare an emergency. The area is a circle, or a geometry pasted as GeoJSON."""

    title = StringField("Title", [InputRequired("Give it a title."), Length(max=120)])
    section_id = SelectField("Section", coerce=int)
    country = StringField("Country", [InputRequired("Give the country."), Length(2, 2, "Two letters, as AL.")])
    hazard = SelectField("Hazard", choices=_choices(Hazard))
    severity = SelectField("Severity", choices=_choices(Severity))
    urgency = SelectField("Urgency", choices=_choices(Urgency))
    certainty = SelectField("Certainty", choices=_choices(Certainty))
    authority_id = SelectField("Requested by", coerce=lambda value: int(value) if value else None)
    description = TextAreaField("What happened", [Optional(), Length(max=5000)])
    drill = BooleanField("This is a drill: every text says so")
    area_form = RadioField(
        "Area",
        choices=[SelectChoice("circle", "A circle"), SelectChoice("geojson", "GeoJSON")],
        default="circle",
    )
    lat = FloatField("Latitude", [Optional(), NumberRange(-90, 90)])
    lon = FloatField("Longitude", [Optional(), NumberRange(-180, 180)])
    radius_km = FloatField("Radius, km", [Optional(), NumberRange(0.1, 1000)], default=25)
    geojson = TextAreaField("Polygon or MultiPolygon (longitude, latitude)", [Optional(), Length(max=500_000)])

    @property
    def area(self) -> dict[str, Any]:
        """The area in the domain's form. Raises `InvalidInput` for text that is no JSON object."""
        if self.area_form.data == "circle":
            return self._circle()
        try:
            found = json.loads(self.geojson.data or "")
        except ValueError as problem:
            raise InvalidInput("area", f"is not JSON: {problem}. Paste a GeoJSON geometry.") from None
        if not isinstance(found, dict):
            raise InvalidInput("area", "must be a GeoJSON object with type and coordinates.")
        geometry = found.get("geometry", found)
        return geometry if isinstance(geometry, dict) else found

    def _circle(self) -> dict[str, Any]:
        if self.lat.data is None or self.lon.data is None or self.radius_km.data is None:
            raise InvalidInput(
                "area", "needs latitude, longitude and radius; a click on the map sets the centre."
            )
        return {
            "type": "circle",
            "lat": self.lat.data,
            "lon": self.lon.data,
            "radius_m": self.radius_km.data * 1000,
        }

    def draft(self) -> EmergencyDraft:
        return EmergencyDraft(
            section_id=self.section_id.data,
            country=self.country.data.upper(),
            title=self.title.data,
            hazard=Hazard(self.hazard.data),
            severity=Severity(self.severity.data),
            urgency=Urgency(self.urgency.data),
            certainty=Certainty(self.certainty.data),
            area=self.area,
            description=self.description.data or None,
            authority_id=self.authority_id.data,
            drill=self.drill.data,
        )


#: The confidences that are offered; the interface for programs takes any.
_SURE = [SelectChoice(f"{share:g}", f"{share:.0%}") for share in (0.80, 0.90, 0.95, 0.99)]


class NeedForm(Form):  # type: ignore[misc]
    """One row of what is needed; a row without a skill is not used."""

    # The service knows the skills, and says so of one that it does not know.
    skill = SelectField("Skill", validate_choice=False)
    headcount = IntegerField("People", [Optional(), NumberRange(1, 10_000, "Between 1 and 10,000.")])
    confidence = SelectField("Sure", choices=[SelectChoice("", "as below"), *_SURE], validate_choice=False)


def _need(row: Any) -> NeedDraft:
    try:
        confidence = float(row.confidence.data) if row.confidence.data else None
    except ValueError:
        confidence = 0.0  # which the service refuses, naming the field
    return NeedDraft(row.skill.data or "", row.headcount.data or 0, confidence)


class CalloutForm(FlaskForm):  # type: ignore[misc]
    """A callout to draft. ``arrive_by`` is wall-clock time in the emergency's section."""

    needs = FieldList(FormField(NeedForm), min_entries=4, max_entries=12)
    rendezvous = StringField("Rendezvous", [InputRequired("Say where people are to report."), Length(max=200)])
    rendezvous_lat = FloatField("Latitude", _LATITUDE)
    rendezvous_lon = FloatField("Longitude", _LONGITUDE)
    arrive_by = DateTimeLocalField("Arrive by", [InputRequired("Say until when.")], format=["%Y-%m-%dT%H:%M"])
    mode = RadioField("Ask", choices=_choices(CalloutMode), default=CalloutMode.PHASED.value)
    confidence = RadioField("How sure", choices=_SURE, default="0.95", coerce=float)
    most_asked = IntegerField(
        "Ask at most", [Optional(), NumberRange(1, 1_000_000, "Between 1 and 1,000,000.")]
    )
    bring = StringField("What to bring", [Optional(), Length(max=LONGEST_BRING)])
    with_link = BooleanField("Put a link into the texts, to answer on a page")
    voice_after_minutes = IntegerField(
        "Call silent people after (minutes)",
        [Optional(), NumberRange(1, MOST_PATIENCE, f"Between 1 and {MOST_PATIENCE}.")],
    )
    wording = TextAreaField("Wording", [Optional(), Length(max=5000)])

    def offer(self, skills: Choices) -> None:
        """Fill the list of skills of every row."""
        for row in self.needs:
            row.form.skill.choices = [SelectChoice("", "–"), *skills]

    @property
    def used(self) -> list[int]:
        """The rows that name a skill or a headcount."""
        return [i for i, row in enumerate(self.needs) if row.form.skill.data or row.form.headcount.data]

    @property
    def renamed(self) -> dict[str, str]:
        """The service's names of need fields -> the form's, since unused rows are left out."""
        return {
            f"needs.{position}.{name}": f"needs.{row}.{name}"
            for position, row in enumerate(self.used)
            for name in ("skill", "headcount", "confidence")
        }

    def draft(self, emergency_id: int, zone: str) -> CalloutDraft:
        rows = [self.needs[i].form for i in self.used]
        return CalloutDraft(
            emergency_id=emergency_id,
            needs=tuple(_need(row) for row in rows),
            rendezvous=self.rendezvous.data,
            rendezvous_lat=self.rendezvous_lat.data,
            rendezvous_lon=self.rendezvous_lon.data,
            arrive_by=self.arrive_by.data.replace(tzinfo=ZoneInfo(zone)),
            mode=CalloutMode(self.mode.data),
            confidence=self.confidence.data,
            most_asked=self.most_asked.data,
            wording=(self.wording.data or "").strip() or None,
            bring=self.bring.data,
            with_link=self.with_link.data,
            voice_after_minutes=self.voice_after_minutes.data,
        )

    def sketch(self, emergency_id: int, zone: str, at: datetime) -> CalloutDraft:
        """A draft for the preview of the texts while the form is incomplete; gaps are filled for show."""
        soon = (at + timedelta(hours=4)).astimezone(ZoneInfo(zone))
        rows = [self.needs[i].form for i in self.used if self.needs[i].form.skill.data]
        first_skill = self.needs[0].form.skill.choices[-1].value
        return CalloutDraft(
            emergency_id=emergency_id,
            needs=tuple(NeedDraft(row.skill.data, row.headcount.data or 1) for row in rows)
            or (NeedDraft(first_skill, 1),),
            rendezvous=self.rendezvous.data or "…",
            rendezvous_lat=self.rendezvous_lat.data or 0.0,
            rendezvous_lon=self.rendezvous_lon.data or 0.0,
            arrive_by=self.arrive_by.data.replace(tzinfo=ZoneInfo(zone)) if self.arrive_by.data else soon,
            wording=(self.wording.data or "").strip() or None,
            bring=self.bring.data,
            with_link=self.with_link.data,
        )
