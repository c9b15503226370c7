"""Sections: national and local branches, a tree."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex

import phonenumbers
from sqlalchemy.exc import IntegrityError

from mobilize.domain.errors import Conflict, InvalidInput, NotFound
from mobilize.domain.person import check_language, check_text, check_time_zone
from mobilize.extensions import db
from mobilize.models import Section

from . import access, audit
from .access import Viewer
from .skills import check_code

_LONGEST_PATH = 255


@dataclass(frozen=True, slots=True)
class SectionDraft:
    """``country`` is ISO 3166-1 alpha-2; language and time zone are what its volunteers start with."""

    code: str
    name: str
    short_name: str
    country: str
    language: str = "en"
    time_zone: str = "UTC"
    parent_id: int | None = None


def check_country(country: str) -> str:
    """An ISO 3166-1 alpha-2 code of a country that has telephones."""
    code = country.upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput("country", f"{country!r:.20} is not an ISO 3166-1 alpha-2 code; write it as AL.")
    return code


def create(viewer: Viewer, draft: SectionDraft) -> Section:
    access.require(viewer)
    parent = access.find(viewer, Section, draft.parent_id) if draft.parent_id is not None else None
    section = Section(
        code=check_code(draft.code),
        name=check_text("name", draft.name, 120),
        short_name=check_text("short_name", draft.short_name, 20),
        country=check_country(draft.country),
        language=check_language(draft.language),
        time_zone=check_time_zone(draft.time_zone),
        parent_id=parent.id if parent else None,
        path=f"/new-{token_hex(8)}/",  # the real one needs the id
    )
    db.session.add(section)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(f"There already is a section with the code {draft.code!r}; choose another.") from None
    _give_path(section, parent)
    audit.record(
        viewer, "section.create", "section", section.id, after={"code": section.code, "path": section.path}
    )
    db.session.commit()
    return section


def _give_path(section: Section, parent: Section | None) -> None:
    section.path = f"{parent.path if parent else '/'}{section.id}/"
    if len(section.path) > _LONGEST_PATH:
        db.session.rollback()
        raise InvalidInput("parent_id", "lies too deep in the tree; choose a section nearer to the root.")


def every(viewer: Viewer) -> Sequence[Section]:
    """The viewer's sections, each after its parent."""
    return db.session.scalars(access.visible(viewer, Section).order_by(Section.path)).all()


def by_code(viewer: Viewer, code: str) -> Section:
    """One of the viewer's sections, or `NotFound`."""
    section = db.session.scalars(access.visible(viewer, Section).where(Section.code == code)).one_or_none()
    if section is None:
        raise NotFound("section", code)
    return section
