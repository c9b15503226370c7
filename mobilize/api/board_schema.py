"""How the board looks as JSON; what an authority is not to know is left out."""

from functools import cache

from marshmallow import Schema, fields

from mobilize.domain.delivery import DoubtEnding, ErrorClass, MessageState
from mobilize.domain.vocabulary import (
    AccountRole,
    CalloutStatus,
    EmergencyStatus,
    Hazard,
    Intent,
    RecipientState,
    Severity,
    Whereabouts,
)

from .alarms import AlarmSchema
from .fields import Instant


class BoardNeedSchema(Schema):
    """How far one need has come, in people; those arrived are among those assigned."""

    skill = fields.String()
    name = fields.String()
    headcount = fields.Integer()
    assigned = fields.Integer()
    arrived = fields.Integer()
    promised = fields.Float(allow_none=True, metadata={"description": "P(filled in time), at the launch"})
    fill_probability = fields.Float(
        allow_none=True, metadata={"description": "As it stands, if asking goes on"}
    )
    with_asked = fields.Float(allow_none=True, metadata={"description": "With those asked so far"})
    filled_at = Instant(allow_none=True)


class BoardRecipientSchema(Schema):
    """One person asked. Distances in metres to the rendezvous."""

    id = fields.Integer()
    volunteer_id = fields.Integer()
    name = fields.String()
    phone = fields.String()
    language = fields.String()
    skills = fields.List(fields.String())
    state = fields.Enum(RecipientState, by_value=True)
    need = fields.String(allow_none=True)
    distance_m = fields.Float()
    asked_at = Instant()
    answered_at = Instant(allow_none=True)
    eta_at = Instant(allow_none=True)
    message_id = fields.Integer(allow_none=True)
    message_state = fields.Enum(MessageState, by_value=True, allow_none=True)
    error_class = fields.Enum(ErrorClass, by_value=True, allow_none=True)
    reason = fields.String(
        allow_none=True, metadata={"description": "Why the text has not arrived, as far as anyone knows"}
    )
    doubt_ending = fields.Enum(DoubtEnding, by_value=True, allow_none=True)
    reply_code = fields.String()
    lat = fields.Float()
    lon = fields.Float()
    whereabouts = fields.Enum(
        Whereabouts,
        by_value=True,
        allow_none=True,
        metadata={"description": "Where the person is, as far as they have said"},
    )
    en_route_at = Instant(allow_none=True)
    arrived_at = Instant(allow_none=True)
    left_at = Instant(allow_none=True)
    check_out_by = Instant(
        allow_none=True, metadata={"description": "When the person should be home; null once they are"}
    )
    reminders = fields.Integer(metadata={"description": "Reminders since the person last answered"})


class BoardWaveSchema(Schema):
    """People asked together, and why that many."""

    number = fields.Integer()
    size = fields.Integer()
    reason = fields.String()
    fill_probability = fields.Float(allow_none=True)
    asked_at = Instant()


class BoardInboundSchema(Schema):
    """One text received, and what became of it."""

    at = Instant()
    name = fields.String()
    body = fields.String()
    intent = fields.Enum(Intent, by_value=True, allow_none=True)
    effect = fields.String(allow_none=True)


class BoardDoubtsSchema(Schema):
    """Texts of which it was not clear whether they were sent."""

    open = fields.Integer(metadata={"description": "Being looked up now"})
    sent_again = fields.Integer(metadata={"description": "Sent again without proof; may have come twice"})
    given_up = fields.Integer(metadata={"description": "Not sent again; nobody knows whether they came"})
    second_copies = fields.Integer(metadata={"description": "Reported by the provider beside the wanted one"})


class BoardCallsSchema(Schema):
    """Calls to people who stayed silent, by how they ended. A key that was pressed is the only answer."""

    called = fields.Integer(metadata={"description": "People called so far"})
    waiting = fields.Integer()
    under_way = fields.Integer()
    answered = fields.Integer(metadata={"description": "A key was pressed"})
    no_key = fields.Integer(
        metadata={"description": "Picked up, by a mailbox or by somebody who pressed nothing"}
    )
    no_answer = fields.Integer()
    busy = fields.Integer()
    failed = fields.Integer()
    cost = fields.Float(allow_none=True, metadata={"description": "Estimated; calls under way at their most"})
    cap = fields.Float(allow_none=True, metadata={"description": "What they may cost in all"})
    currency = fields.String()
    possible = fields.Boolean(metadata={"description": "Whether this installation can place calls"})


class BoardCalloutSchema(Schema):
    """The callout's own part of the board."""

    id = fields.Integer()
    status = fields.Enum(CalloutStatus, by_value=True)
    rendezvous = fields.String()
    rendezvous_lat = fields.Float()
    rendezvous_lon = fields.Float()
    arrive_by = Instant()
    launched_at = Instant(allow_none=True)
    filled_at = Instant(allow_none=True)
    ended_at = Instant(allow_none=True)
    promised = fields.Float(allow_none=True)
    fill_probability = fields.Float(allow_none=True)
    most_asked = fields.Integer(allow_none=True)
    asking_stopped_at = Instant(allow_none=True)
    collapsed_at = Instant(allow_none=True)
    waves = fields.List(fields.Nested(BoardWaveSchema))


class BoardEmergencySchema(Schema):
    """The emergency's part of the board."""

    id = fields.Integer()
    title = fields.String()
    hazard = fields.Enum(Hazard, by_value=True)
    severity = fields.Enum(Severity, by_value=True)
    status = fields.Enum(EmergencyStatus, by_value=True)
    drill = fields.Boolean()
    area = fields.Dict()


class BoardSchema(Schema):
    """Everything a coordinator watches while a callout runs."""

    callout = fields.Nested(BoardCalloutSchema)
    emergency = fields.Nested(BoardEmergencySchema)
    revision = fields.String()
    asked = fields.Integer()
    delivered = fields.Integer()
    counts = fields.Dict(keys=fields.Enum(RecipientState, by_value=True), values=fields.Integer())
    needs = fields.List(fields.Nested(BoardNeedSchema))
    reserve = fields.Integer()
    recipients = fields.List(fields.Nested(BoardRecipientSchema))
    whereabouts = fields.Dict(
        keys=fields.Enum(Whereabouts, by_value=True),
        values=fields.Integer(),
        metadata={"description": "How many of the people listed are where"},
    )
    messages_by_state = fields.Dict(keys=fields.Enum(MessageState, by_value=True), values=fields.Integer())
    doubts = fields.Nested(BoardDoubtsSchema)
    unclear = fields.Integer()
    latest_inbound = fields.List(fields.Nested(BoardInboundSchema))
    alarms = fields.List(fields.Nested(AlarmSchema))
    calls = fields.Nested(BoardCallsSchema, allow_none=True)


#: An authority learns who comes to its request, not how to reach them or where they live.
_NOT_FOR_AUTHORITIES = (
    "recipients.volunteer_id",
    "recipients.phone",
    "recipients.language",
    "recipients.distance_m",
    "recipients.message_id",
    "recipients.message_state",
    "recipients.error_class",
    "recipients.reason",
    "recipients.doubt_ending",
    "recipients.reply_code",
    "recipients.lat",
    "recipients.lon",
    "recipients.check_out_by",
    "recipients.reminders",
    "latest_inbound",
    "unclear",
    "doubts",
    "alarms",
    "calls",
)


@cache
def board_schema_for(role: AccountRole) -> Schema:
    """The board's schema as far as a role may see it."""
    return BoardSchema(exclude=_NOT_FOR_AUTHORITIES if role is AccountRole.AUTHORITY else ())
