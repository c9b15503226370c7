"""Wordings: what a section writes in place of the standard sentences."""

from collections.abc import Sequence

from marshmallow import Schema, fields, validate

from mobilize.domain.rewording import MAX_CHARACTERS
from mobilize.domain.vocabulary import AccountRole
from mobilize.services import guard, wordings
from mobilize.services.wordings import Worded

from .blueprint import Blueprint
from .fields import Instant

blp = Blueprint(
    "wordings",
    __name__,
    url_prefix="/api/v1/sections/<int:section_id>/wordings",
    description="What a section writes in place of the standard sentences",
)


class ExampleSchema(Schema):
    """How a text reads with values of ordinary length."""

    body = fields.String()
    encoding = fields.String()
    segments = fields.Integer()
    left = fields.Integer(metadata={"description": "Units that the last segment still holds"})


class WordedSchema(Schema):
    """One text of a section in one language."""

    name = fields.String(metadata={"example": "acknowledgement.accepted"})
    language = fields.String()
    standard = fields.String()
    own = fields.String(allow_none=True, metadata={"description": "The section's own sentence"})
    inherited = fields.String(allow_none=True, metadata={"description": "Of the nearest section above"})
    inherited_from = fields.String(allow_none=True)
    in_force = fields.String()
    changed_at = Instant(allow_none=True)
    example = fields.Nested(ExampleSchema)


class WordingIn(Schema):
    """A sentence with placeholders such as ``{section}``."""

    text = fields.String(required=True, validate=validate.Length(max=MAX_CHARACTERS))


class LanguageQuery(Schema):
    """In which language."""

    language = fields.String(load_default="en", metadata={"description": "One that we have", "example": "sq"})


@blp.route("")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(LanguageQuery, location="query")
@blp.response(200, WordedSchema(many=True))
def listed(found: dict[str, str], section_id: int) -> Sequence[Worded]:
    """Every text of a section in a language, as it stands."""
    return wordings.listed(guard.viewer(), section_id, found["language"])


@blp.route("/<language>/<name>")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, WordedSchema)
def read(section_id: int, language: str, name: str) -> Worded:
    """One text of a section."""
    return wordings.one(guard.viewer(), section_id, language, name)


@blp.route("/<language>/<name>", methods=["PUT"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(WordingIn)
@blp.response(200, WordedSchema)
def save(found: dict[str, str], section_id: int, language: str, name: str) -> Worded:
    """Write the section's own sentence. What could not be sent is refused, with the remedy."""
    return wordings.save(guard.viewer(), section_id, language, name, found["text"])


@blp.route("/<language>/<name>", methods=["DELETE"])
@guard.requires(AccountRole.COORDINATOR)
@blp.response(204)
def remove(section_id: int, language: str, name: str) -> None:
    """Use the sentence from above again, in the end the standard one."""
    wordings.remove(guard.viewer(), section_id, language, name)
