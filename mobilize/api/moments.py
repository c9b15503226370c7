"""A forecast over time as JSON: used by the plan of a callout and by readiness."""

from marshmallow import Schema, fields


class MomentSchema(Schema):
    """How many by a moment: 10th, 50th and 90th percentile."""

    after_s = fields.Float()
    low = fields.Integer()
    middle = fields.Integer()
    high = fields.Integer()
