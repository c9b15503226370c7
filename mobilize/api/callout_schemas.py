"""What callouts, their plans, texts and looks look like to programs."""

import math

from marshmallow import Schema, fields, validate

from mobilize.domain.rewording import MAX_CHARACTERS
from mobilize.domain.vocabulary import CalloutMode, CalloutStatus
from mobilize.services import callouts
from mobilize.services import reach as reach_service

from .fields import Instant, latitude, longitude, soon
from .moments import MomentSchema
from .paging import PageQuery

_HEADCOUNT = validate.Range(
    min=1, max=callouts.LARGEST_HEADCOUNT, error=f"must be between 1 and {callouts.LARGEST_HEADCOUNT}"
)


_SURE = validate.Range(
    min=0, max=1, min_inclusive=False, max_inclusive=False, error="must be between 0 and 1, as in 0.95"
)
_MOST = validate.Range(min=1, max=callouts.MOST_ASKED, error=f"must be between 1 and {callouts.MOST_ASKED}")
_PATIENCE = validate.Range(min=1, max=callouts.MOST_PATIENCE)


class NeedIn(Schema):
    """A skill, by its code, how many people, and how sure, if not as sure as the callout."""

    skill = fields.String(required=True, validate=validate.Length(min=1, max=32))
    headcount = fields.Integer(required=True, strict=True, validate=_HEADCOUNT)
    confidence = fields.Float(load_default=None, allow_none=True, validate=_SURE)


class CalloutIn(Schema):
    """What is asked for. Without a wording, everyone gets the standard one in their language."""

    emergency_id = fields.Integer(required=True, strict=True)
    needs = fields.List(fields.Nested(NeedIn), required=True, validate=validate.Length(min=1, max=50))
    rendezvous = fields.String(required=True, validate=validate.Length(min=1, max=200))
    rendezvous_lat = latitude()
    rendezvous_lon = longitude()
    arrive_by = Instant(required=True, validate=soon)
    mode = fields.Enum(CalloutMode, by_value=True, load_default=CalloutMode.PHASED)
    confidence = fields.Float(load_default=0.95, validate=_SURE)
    most_asked = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_MOST)
    wording = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=MAX_CHARACTERS))
    bring = fields.String(
        load_default=None, allow_none=True, validate=validate.Length(max=callouts.LONGEST_BRING)
    )
    with_link = fields.Boolean(load_default=False)
    voice_after_minutes = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_PATIENCE)


class NeedSchema(Schema):
    """A need, and how likely it is filled in time: at the launch, if asking goes on, with those asked."""

    id = fields.Integer()
    skill = fields.String(attribute="skill.code")
    headcount = fields.Integer()
    confidence = fields.Float(allow_none=True)
    promised = fields.Float(allow_none=True)
    fill_probability = fields.Float(allow_none=True)
    with_asked = fields.Float(allow_none=True)
    filled_at = Instant(allow_none=True)


class CalloutSchema(Schema):
    """A callout."""

    id = fields.Integer()
    emergency_id = fields.Integer()
    status = fields.Enum(CalloutStatus, by_value=True)
    mode = fields.Enum(CalloutMode, by_value=True)
    confidence = fields.Float()
    most_asked = fields.Integer(allow_none=True)
    asking_stopped_at = Instant(allow_none=True)
    promised = fields.Float(allow_none=True, metadata={"description": "P(all needs in time), at the launch"})
    fill_probability = fields.Float(allow_none=True, metadata={"description": "The same as it stands"})
    collapsed_at = Instant(allow_none=True, metadata={"description": "Since when replies have collapsed"})
    wording = fields.String(allow_none=True)
    bring = fields.String(allow_none=True)
    with_link = fields.Boolean(metadata={"description": "Whether call-outs carry a link to answer by"})
    voice_after_minutes = fields.Integer(
        allow_none=True, metadata={"description": "Minutes of silence after which people are called by voice"}
    )
    rendezvous = fields.String()
    rendezvous_lat = fields.Float()
    rendezvous_lon = fields.Float()
    arrive_by = Instant()
    created_at = Instant()
    launched_at = Instant(allow_none=True)
    filled_at = Instant(allow_none=True)
    ended_at = Instant(allow_none=True)
    revision = fields.Integer()
    needs = fields.List(fields.Nested(NeedSchema))


class ChoiceSchema(Schema):
    """What one confidence costs in people; ``confidence`` null is everyone."""

    confidence = fields.Float(allow_none=True)
    at_once = fields.Integer()
    low = fields.Integer(metadata={"description": "Asked in the end, in a good night"})
    middle = fields.Integer(metadata={"description": "In a usual night"})
    high = fields.Integer(metadata={"description": "In a bad night"})
    sure = fields.Float()


class CostSchema(Schema):
    """What the first wave costs, by the price table of the installation."""

    amount = fields.Float()
    currency = fields.String()
    without_price = fields.Integer(metadata={"description": "Segments of which the table knows no price"})


class TravelSchema(Schema):
    """Minutes from the call to the arrival of the first wave's people, preparation included."""

    first = fields.Integer()
    middle = fields.Integer()
    last = fields.Integer()
    routed = fields.Integer(metadata={"description": "How many a routing server told; the rest is estimated"})


class PlanSchema(Schema):
    """A dry run: who could be asked, who not and why, how sure it is, and what the first wave takes."""

    sure = fields.Float()
    sure_by_need = fields.Dict(keys=fields.String(), values=fields.Float())
    reason = fields.String()
    answers = fields.List(fields.Nested(MomentSchema))
    choices = fields.List(fields.Nested(ChoiceSchema))
    cost = fields.Nested(CostSchema, allow_none=True)
    travel = fields.Nested(TravelSchema, allow_none=True)
    minutes = fields.Function(
        lambda plan: None if math.isinf(plan.minutes) else round(plan.minutes, 2),
        metadata={"type": "number", "nullable": True, "description": "null: senders have no limit"},
    )

    examined = fields.Integer()
    eligible = fields.Integer()
    excluded = fields.Dict(keys=fields.String(), values=fields.Integer())
    eligible_by_need = fields.Dict(keys=fields.String(), values=fields.Integer())
    first_wave = fields.Integer()
    segments_per_text = fields.Dict(keys=fields.String(), values=fields.Integer())
    languages = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "Of the first wave's people"}
    )
    texts = fields.Integer()
    segments = fields.Integer()


class TextSchema(Schema):
    """One text as a volunteer of that language will read it."""

    language = fields.String()
    name = fields.String(metadata={"description": "Which text, as `acknowledgement.accepted`"})
    body = fields.String()
    encoding = fields.String()
    segments = fields.Integer()
    left = fields.Integer(metadata={"description": "Units that the last segment still holds"})


class PreviewSchema(TextSchema):
    """The call-out in one language, and how many people may be called in it now."""

    people = fields.Integer()


class PairSchema(Schema):
    """A text for who has one call open, and for who needs a letter; null where no letter stands in it."""

    name = fields.String()
    plain = fields.Nested(TextSchema)
    lettered = fields.Nested(TextSchema, allow_none=True)


class SpokenSchema(Schema):
    """A language among the people who may be called, and every text in it."""

    language = fields.String()
    people = fields.Integer()
    instead_of = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "People who read it since their own language is missing, by that language"},
    )
    usual = fields.List(fields.Nested(PairSchema), metadata={"description": "What every callout sends"})
    rare = fields.List(fields.Nested(PairSchema), metadata={"description": "What follows rarer answers"})


class TextsSchema(Schema):
    """All texts of a callout, the most spoken language first."""

    people = fields.Integer()
    time_zone = fields.String(metadata={"description": "In which instants are told here"})
    languages = fields.List(fields.Nested(SpokenSchema))


class CalloutQuery(PageQuery):
    """Which callouts."""

    emergency_id = fields.Integer()
    status = fields.Enum(CalloutStatus, by_value=True)


class CountIn(Schema):
    """How many more people to ask."""

    count = fields.Integer(required=True, strict=True, validate=_HEADCOUNT)


class LimitIn(Schema):
    """How many people may be asked at most; null is no limit."""

    most_asked = fields.Integer(required=True, allow_none=True, strict=True, validate=_MOST)


class AskedSchema(Schema):
    """How many were asked; fewer than wished if nobody else may be called."""

    asked = fields.Integer()


class ExplainQuery(Schema):
    """Whom the question is about."""

    volunteer_id = fields.Integer(required=True)


class ReasonSchema(Schema):
    """Why a volunteer may not be called: a code for programs and the words for it."""

    code = fields.String(attribute="value")
    sentence = fields.String()


class SightingSchema(Schema):
    """What one look at the people said about a volunteer."""

    at = Instant()
    examined = fields.Boolean(metadata={"description": "false: no needed skill in the area, by any place"})
    may_be_called = fields.Boolean()
    reasons = fields.List(fields.Nested(ReasonSchema))


class AskedInSchema(Schema):
    """That the volunteer was asked: in which wave and when."""

    wave = fields.Integer()
    at = Instant()


class ExplanationSchema(Schema):
    """Whether a volunteer may or could be called, all the reasons if not, and since when."""

    volunteer_id = fields.Integer()
    as_of = Instant(attribute="latest.at")
    may_be_called = fields.Boolean(attribute="latest.may_be_called")
    reasons = fields.List(fields.Nested(ReasonSchema), attribute="latest.reasons")
    decided_now = fields.Function(
        lambda told: told.current is not None,
        metadata={"type": "boolean", "description": "true: a draft, or no look of this callout examined them"},
    )
    looks = fields.List(fields.Nested(SightingSchema))
    asked = fields.Nested(AskedInSchema, allow_none=True)


class ReachQuery(Schema):
    """How many people are wanted, and how far to look at most."""

    eligible = fields.Integer(required=True, validate=validate.Range(min=1, max=reach_service.MOST))
    limit_m = fields.Float(load_default=reach_service.USUAL_LIMIT_M)


class RingSchema(Schema):
    """A circle that was looked into."""

    radius_m = fields.Float()
    examined = fields.Integer()
    eligible = fields.Integer()


class ReachSchema(Schema):
    """The radius around the rendezvous within which that many may be called, or the limit."""

    wanted = fields.Integer()
    radius_m = fields.Float()
    enough = fields.Boolean()
    eligible = fields.Integer()
    examined = fields.Integer()
    by_need = fields.Dict(keys=fields.String(), values=fields.Integer())
    rings = fields.List(fields.Nested(RingSchema))
