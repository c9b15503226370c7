"""Before anything is sent: who could be asked, what they would read, what it takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from mobilize.domain import sms
from mobilize.domain.waves import NeedProgress, next_wave
from mobilize.extensions import db
from mobilize.models import Callout, Emergency, Volunteer

from . import access, asking, callouts, outbox, selection
from .access import Viewer
from .runtime import settings
from .selection import Candidate

LANGUAGES = ("en", "it", "sq")


@dataclass(frozen=True, slots=True)
class Plan:
    """A dry run of a launch. Nothing was sent and nothing was changed."""

    examined: int
    eligible: int
    excluded: Mapping[str, int]
    eligible_by_need: Mapping[str, int]
    first_wave: int
    segments_per_text: Mapping[str, int]
    texts: int
    segments: int


@dataclass(frozen=True, slots=True)
class Preview:
    """One text as a volunteer of that language will read it."""

    language: str
    body: str
    encoding: str
    segments: int


def plan(viewer: Viewer, callout_id: int) -> Plan:
    """Who may be called and who not and why; how many the first wave asks; texts and segments of it."""
    callout = access.find(viewer, Callout, callout_id)
    found = selection.select_for(callout)
    decision = next_wave(
        callout.mode,
        [NeedProgress(need.skill_id, need.headcount, 0) for need in callout.needs],
        factor=settings().wave_factor,
        silent=0,
    )
    first = asking.choose(found.ranked, decision.wanted) if decision else []
    per_language = {p.language: p.segments for p in _previews(callout)}
    languages = _languages(first)
    return Plan(
        examined=found.examined,
        eligible=len(found.ranked),
        excluded={reason.value: count for reason, count in found.excluded.items()},
        eligible_by_need={
            need.skill.code: sum(need.skill_id in c.skill_ids for c in found.ranked) for need in callout.needs
        },
        first_wave=len(first),
        segments_per_text=per_language,
        texts=len(first),
        segments=sum(per_language.get(lang, per_language["en"]) * n for lang, n in languages.items()),
    )


def _languages(chosen: Sequence[Candidate]) -> Counter[str]:
    found: Counter[str] = Counter()
    ids = [candidate.volunteer_id for candidate in chosen]
    for start in range(0, len(ids), outbox.CHUNK):
        part = ids[start : start + outbox.CHUNK]
        found.update(db.session.scalars(select(Volunteer.language).where(Volunteer.id.in_(part))))
    return found


def preview(viewer: Viewer, wish: callouts.CalloutDraft) -> list[Preview]:
    """The texts of a callout that is still being written, one for each language. Stores nothing."""
    emergency = access.find(viewer, Emergency, wish.emergency_id)
    return _previews(callouts.compose(emergency, wish))


def texts(viewer: Viewer, callout_id: int) -> list[Preview]:
    """The texts of a stored callout, one for each language."""
    return _previews(access.find(viewer, Callout, callout_id))


def _previews(callout: Callout) -> list[Preview]:
    previews = []
    for language in LANGUAGES:
        body = asking.body_for(callout, language, callout.emergency.section.time_zone, "")
        measure = sms.measure(body)
        previews.append(Preview(language, body, measure.encoding, measure.segments))
    return previews
