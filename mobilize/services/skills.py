"""Skills: what can be asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mobilize.domain.errors import Conflict, InvalidInput
from mobilize.domain.person import check_text
from mobilize.extensions import db
from mobilize.models import Skill

from . import access, audit
from .access import Viewer

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class SkillDraft:
    """``code`` is stable: files, needs and screens name the skill by it."""

    code: str
    name: str
    requires_certificate: bool = False


def check_code(code: str) -> str:
    """A short stable name for programs and files."""
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", "must be 1 to 32 of a-z, 0-9, - and _, and begin with a letter.")
    return code


def create(viewer: Viewer, draft: SkillDraft) -> Skill:
    access.require(viewer)
    skill = Skill(
        code=check_code(draft.code),
        name=check_text("name", draft.name, 80),
        requires_certificate=draft.requires_certificate,
    )
    db.session.add(skill)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(f"There already is a skill with the code {draft.code!r}; choose another.") from None
    audit.record(viewer, "skill.create", "skill", skill.id, after={"code": skill.code, "name": skill.name})
    db.session.commit()
    return skill


def every(viewer: Viewer) -> Sequence[Skill]:
    """All skills, by code."""
    return db.session.scalars(access.visible(viewer, Skill).order_by(Skill.code)).all()


def codes() -> dict[str, int]:
    """The ids of all skills by code."""
    return dict(db.session.execute(select(Skill.code, Skill.id)).all())
