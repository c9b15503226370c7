"""Skills: what can be asked for."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields

from mobilize.domain.vocabulary import AccountRole
from mobilize.models import Skill
from mobilize.services import guard, skills
from mobilize.services.skills import SkillDraft

from .blueprint import Blueprint

blp = Blueprint("skills", __name__, url_prefix="/api/v1/skills", description="What can be asked for")


class SkillIn(Schema):
    """A new skill. Its code is stable; needs and files name it by that."""

    code = fields.String(required=True, metadata={"example": "medic"})
    name = fields.String(required=True)
    requires_certificate = fields.Boolean(
        load_default=False, metadata={"description": "Counts only with a verified certificate"}
    )


class SkillSchema(SkillIn):
    """A skill."""

    id = fields.Integer()


@blp.route("")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY, AccountRole.VOLUNTEER)
@blp.response(200, SkillSchema(many=True))
def listed() -> Sequence[Skill]:
    """All skills, by code."""
    return skills.every(guard.viewer())


@blp.route("", methods=["POST"])
@guard.requires()
@blp.arguments(SkillIn)
@blp.response(201, SkillSchema)
def create(found: dict[str, Any]) -> Skill:
    """Add a skill."""
    return skills.create(guard.viewer(), SkillDraft(**found))
