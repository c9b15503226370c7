"""Sections: national and local branches, a tree."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields

from mobilize.domain.vocabulary import AccountRole
from mobilize.models import Section
from mobilize.services import burden, guard, sections
from mobilize.services.burden import Burden
from mobilize.services.sections import SectionDraft

from .blueprint import Blueprint

blp = Blueprint("sections", __name__, url_prefix="/api/v1/sections", description="Branches, a tree")


class SectionIn(Schema):
    """A new section. Its volunteers start with its language and time zone."""

    code = fields.String(required=True, metadata={"example": "al-durres"})
    name = fields.String(required=True)
    short_name = fields.String(
        required=True, metadata={"description": "How its texts call it; at most 20 characters"}
    )
    country = fields.String(required=True, metadata={"description": "ISO 3166-1 alpha-2", "example": "AL"})
    language = fields.String(load_default="en", metadata={"description": "BCP 47"})
    time_zone = fields.String(load_default="UTC", metadata={"description": "IANA"})
    parent_id = fields.Integer(load_default=None, allow_none=True, strict=True)


class SectionSchema(SectionIn):
    """A section. ``path`` lists the ids from the root down, as ``/1/4/``."""

    id = fields.Integer()
    path = fields.String()


@blp.route("")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, SectionSchema(many=True))
def listed() -> Sequence[Section]:
    """The sections that your account leads, each after its parent."""
    return sections.every(guard.viewer())


@blp.route("", methods=["POST"])
@guard.requires()
@blp.arguments(SectionIn)
@blp.response(201, SectionSchema)
def create(found: dict[str, Any]) -> Section:
    """Add a section."""
    return sections.create(guard.viewer(), SectionDraft(**found))


class BurdenQuery(Schema):
    """Over how many days back."""

    days = fields.Integer(load_default=90)


class LoadSchema(Schema):
    """How asks fell on a group of people."""

    people = fields.Integer()
    asks = fields.Integer()
    mean = fields.Float()
    busiest_tenth = fields.Float(metadata={"description": "Share of all asks on the busiest tenth"})
    gini = fields.Float(metadata={"description": "0: everyone alike"})


class SectionBurdenSchema(Schema):
    """How asks fell on the active members of one section."""

    section = fields.String()
    name = fields.String()
    # `load` is a method of every schema.
    distribution = fields.Nested(LoadSchema, attribute="load")


class PersonBurdenSchema(Schema):
    """One person's part."""

    volunteer_id = fields.Integer()
    name = fields.String()
    section = fields.String()
    asked = fields.Integer()
    accepted = fields.Integer()
    arrived = fields.Integer()


class BurdenSchema(Schema):
    """Who carries the load."""

    days = fields.Integer()
    overall = fields.Nested(LoadSchema)
    sections = fields.List(fields.Nested(SectionBurdenSchema))
    busiest = fields.List(fields.Nested(PersonBurdenSchema))


@blp.route("/burden")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(BurdenQuery, location="query")
@blp.response(200, BurdenSchema)
def show_burden(found: dict[str, int]) -> Burden:
    """Who was asked how often: by section, and the people asked most."""
    return burden.burden(guard.viewer(), found["days"])
