"""The forms of the inbox. A button is a field: its name is what was pressed."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, NumberRange, Optional

from mobilize.domain.vocabulary import Intent
from mobilize.models import InboundMessage
from mobilize.services.corrections import ARRIVING, LONGEST_ABSENCE, Reading, reading_of


class CorrectForm(FlaskForm):  # type: ignore[misc]
    """What a text means. The minutes count where they make sense: to an arrival, or of an absence."""

    intent = SelectField("Meaning", choices=[intent.value for intent in Intent], coerce=Intent)
    minutes = IntegerField(
        "Minutes", [Optional(), NumberRange(0, LONGEST_ABSENCE, "Minutes are a whole number, 0 or more.")]
    )
    recipient_id = IntegerField("Call-out", [Optional()])
    despite_newer = BooleanField("The older text counts")

    def reading(self, inbound: InboundMessage) -> Reading:
        intent, minutes = self.intent.data, self.minutes.data
        if intent in ARRIVING:
            return Reading(intent, eta_minutes=minutes)
        if intent is not Intent.UNAVAILABLE:
            return Reading(intent)
        if minutes is None and inbound.intent is intent:
            return reading_of(inbound)  # the length of the absence is not repeated in the field
        return Reading(intent, absent_minutes=minutes)


class ReplyForm(FlaskForm):  # type: ignore[misc]
    """A text to the writer; the key names this sending, so that it happens once."""

    body = TextAreaField("Text")
    key = StringField("Key")


class MoveForm(FlaskForm):  # type: ignore[misc]
    """Another callout that the text is for."""

    recipient_id = IntegerField("Call-out", [InputRequired("Choose a call-out.")])
    despite_newer = BooleanField("The older text counts")


class LinkForm(FlaskForm):  # type: ignore[misc]
    """Whose phone it is."""

    volunteer_id = IntegerField("Volunteer", [InputRequired("Choose a person.")])


class SettleForm(FlaskForm):  # type: ignore[misc]
    """Dealt with, and how."""

    note = StringField("Note")
