"""What a section writes in place of the standard sentences; sections below inherit it.

Whoever words a text asks `own`. A section's sentences are read once for each transaction, since a
wave or a stand-down words thousands of texts, and never kept longer: another process may change them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import event, select
from sqlalchemy.orm import Session, SessionTransaction

from mobilize.domain import rewording, sms
from mobilize.domain.errors import NotFound
from mobilize.domain.sentences import LANGUAGES, TEMPLATES, language_of, standard
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Section, Wording

from . import access, audit
from .access import Viewer
from .runtime import now

_KEPT = "wordings"


@dataclass(frozen=True, slots=True)
class Example:
    """How a text reads with values of ordinary length, and what it takes."""

    body: str
    encoding: str
    segments: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """One text of a section in one language.

    ``own`` is the section's sentence, ``inherited`` that of the nearest section above which has one
    (``inherited_from``, by its name); ``example`` is worded by what is in force.
    """

    name: str
    language: str
    standard: str
    own: str | None
    inherited: str | None
    inherited_from: str | None
    changed_at: datetime | None
    example: Example

    @property
    def in_force(self) -> str:
        return self.own or self.inherited or self.standard


def own(section: Section, language: str) -> Mapping[str, str]:
    """The sentences in force for a section's people in place of the standard ones, by the texts' names."""
    kept: dict[str, dict[str, dict[str, str]]] = db.session().info.setdefault(_KEPT, {})
    if section.path not in kept:
        by_language: dict[str, dict[str, str]] = {}
        for found in _line(section):
            by_language.setdefault(found.language, {})[found.name] = found.text
        kept[section.path] = by_language
    return kept[section.path].get(language_of(language), sms.STANDARD)


@event.listens_for(db.session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_KEPT, None)


def listed(viewer: Viewer, section_id: int, language: str) -> list[Worded]:
    """Every text of a section in a language, as it stands."""
    access.require(viewer, AccountRole.COORDINATOR)
    section = access.find(viewer, Section, section_id)
    _check_known(language)
    return _worded(section, language, TEMPLATES)


def one(viewer: Viewer, section_id: int, language: str, name: str) -> Worded:
    """One text of a section, or `NotFound`."""
    access.require(viewer, AccountRole.COORDINATOR)
    section = access.find(viewer, Section, section_id)
    _check_known(language, name)
    [found] = _worded(section, language, [name])
    return found


def example(section: Section, language: str, name: str, text: str | None) -> Example:
    """How a text of a section would read with this sentence, or with the standard one."""
    values = replace(rewording.USUAL, section=section.short_name)
    return _measured(rewording.example(language, name, text, values))


def _measured(body: str) -> Example:
    measure = sms.measure(body)
    return Example(body, measure.encoding, measure.segments, measure.left)


@dataclass(frozen=True, slots=True)
class Trial:
    """A sentence that is being written: with values of ordinary length, and with the longest there may be."""

    usual: Example
    longest: Example


def tried(viewer: Viewer, section_id: int, language: str, name: str, text: str) -> Trial:
    """How a sentence would read. Raises what `save` would; stores nothing."""
    access.require(viewer, AccountRole.COORDINATOR)
    section = access.find(viewer, Section, section_id)
    _check_known(language, name)
    rewording.check_own(language, name, text)
    longest = rewording.filled_to_the_brim(language, name, text)
    return Trial(example(section, language, name, text), _measured(longest))


def save(viewer: Viewer, section_id: int, language: str, name: str, text: str) -> Worded:
    """Write a section's own sentence for a text. One transaction."""
    section = _held(viewer, section_id)
    _check_known(language, name)
    text = text.strip()
    rewording.check_own(language, name, text)
    found = _of(section, language, name)
    before = found.text if found else None
    if found is None:
        found = Wording(section_id=section.id, language=language, name=name)
        db.session.add(found)
    found.text, found.changed_at, found.changed_by_id = text, now(), viewer.account_id
    _record(viewer, "wording.save", found, before, text)
    db.session.commit()
    return one(viewer, section_id, language, name)


def remove(viewer: Viewer, section_id: int, language: str, name: str) -> None:
    """Use the sentence from above again, in the end the standard one. One transaction."""
    section = _held(viewer, section_id)
    _check_known(language, name)
    found = _of(section, language, name)
    if found is not None:
        db.session.delete(found)
        _record(viewer, "wording.remove", found, found.text, None)
    db.session.commit()


def _held(viewer: Viewer, section_id: int) -> Section:
    """The section, so that two people cannot write its sentences at once."""
    access.require(viewer, AccountRole.COORDINATOR)
    section = access.find(viewer, Section, section_id)
    db.session.refresh(section, with_for_update=True)
    return section


def _check_known(language: str, name: str = "callout") -> None:
    if language not in LANGUAGES:
        raise NotFound("language", language)
    if name not in TEMPLATES:
        raise NotFound("text", name)


def _of(section: Section, language: str, name: str) -> Wording | None:
    return db.session.scalars(
        select(Wording).filter_by(section_id=section.id, language=language, name=name)
    ).one_or_none()


def _line(section: Section) -> list[Wording]:
    """The sentences of a section and of those above it, from the root down: what comes later prevails."""
    ids = [int(part) for part in section.path.strip("/").split("/")]
    found = db.session.scalars(select(Wording).where(Wording.section_id.in_(ids)))
    return sorted(found, key=lambda wording: ids.index(wording.section_id))


def _worded(section: Section, language: str, names: Sequence[str]) -> list[Worded]:
    line = [wording for wording in _line(section) if wording.language == language]
    here = {w.name: w for w in line if w.section_id == section.id}
    above = {w.name: w for w in line if w.section_id != section.id}
    owners = select(Section.id, Section.name).where(Section.id.in_({w.section_id for w in above.values()}))
    called = {row.id: row.name for row in db.session.execute(owners)}

    def worded(name: str) -> Worded:
        own, inherited = here.get(name), above.get(name)
        in_force = own or inherited
        return Worded(
            name=name,
            language=language,
            standard=standard(language, name),
            own=own.text if own else None,
            inherited=inherited.text if inherited else None,
            inherited_from=called[inherited.section_id] if inherited else None,
            changed_at=in_force.changed_at if in_force else None,
            example=example(section, language, name, in_force.text if in_force else None),
        )

    return [worded(name) for name in names]


def _record(viewer: Viewer, action: str, wording: Wording, before: str | None, after: str | None) -> None:
    about = {"language": wording.language, "name": wording.name}
    audit.record(
        viewer,
        action,
        "section",
        wording.section_id,
        before=about | {"text": before} if before is not None else None,
        after=about | {"text": after} if after is not None else None,
    )
