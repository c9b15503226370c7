"""The exact texts of a callout before anybody is asked, in each language of the people who may be called.

Texts are worded here as they will be when they are sent. Two things stand in them that only the answer
of a person decides: the time they say they will be there, and the letters of several open calls.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from mobilize.domain import sms
from mobilize.domain.sentences import LANGUAGE_NAMES, LANGUAGES, TEMPLATES, language_of
from mobilize.domain.vocabulary import AccountRole
from mobilize.models import Callout, Emergency, Recipient, Volunteer

from . import access, asking, callouts, selection, wordings
from .access import Viewer
from .number_lists import numbers, read

#: The letters of two open calls, as the second one of a person shows them.
LETTERS = ("A", "B")

#: What every callout sends; the others follow answers that few people give.
USUAL = (
    "callout",
    "acknowledgement.accepted",
    "acknowledgement.reserve",
    "acknowledgement.limited",
    "acknowledgement.declined",
    "question.one",
    "question.several",
    "reminder.silent",
    "reminder.overdue",
    "reminder.check_out",
    "stand_down.silent",
    "stand_down.coming",
    "stand_down.on_scene",
)
RARE = tuple(name for name in TEMPLATES if name not in USUAL and not name.startswith("notice."))


@dataclass(frozen=True, slots=True)
class Preview:
    """One text as a volunteer of that language will read it; ``people``: how many would be asked in it."""

    language: str
    name: str
    body: str
    encoding: str
    segments: int
    left: int
    people: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A text for who has one call open, and for who needs a letter; ``None`` where no letter stands in it."""

    name: str
    plain: Preview
    lettered: Preview | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language among the people who may be called.

    ``instead_of``: languages that we lack, whose people read this one; how many they are by their tags.
    """

    language: str
    called: str
    people: int
    instead_of: Mapping[str, int]
    usual: Sequence[Pair]
    rare: Sequence[Pair]

    @property
    def most_segments(self) -> int:
        """Of the texts that every callout sends."""
        return max(pair.plain.segments for pair in self.usual)


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of a callout, the most spoken language first; instants are told in ``time_zone``."""

    people: int
    time_zone: str
    languages: Sequence[Spoken]


def of_callout(viewer: Viewer, callout_id: int) -> Texts:
    """Every text that a callout will send, to those who were asked and to those who may be called now."""
    access.require(viewer, AccountRole.COORDINATOR)
    callout = access.find(viewer, Callout, callout_id)
    asked = read(select(Recipient.volunteer_id).where(Recipient.callout_id == callout.id))
    return _texts(callout, people_by_tag(callout) + tags_of(row[0] for row in asked), USUAL, RARE)


def sketch(viewer: Viewer, wish: callouts.CalloutDraft) -> Texts:
    """The texts that a callout's own words stand in, while it is still being written. Stores nothing."""
    emergency = access.find(viewer, Emergency, wish.emergency_id)
    callout = callouts.compose(emergency, wish)
    return _texts(callout, people_by_tag(callout), USUAL[:2], ())


def calls_of(viewer: Viewer, wish: callouts.CalloutDraft) -> list[Preview]:
    """The call-out alone, in every language, for a callout that is still being written. Stores nothing."""
    emergency = access.find(viewer, Emergency, wish.emergency_id)
    callout = callouts.compose(emergency, wish)
    return calls(callout, people_by_tag(callout))


def calls(callout: Callout, people: Mapping[str, int]) -> list[Preview]:
    """The call-out alone, in every language; ``people`` by their language's tag."""
    spoken = _by_language(people)
    return [
        _preview(callout, language, "callout", "", sum(spoken[language].values())) for language in LANGUAGES
    ]


def people_by_tag(callout: Callout) -> Counter[str]:
    """How many may be called for a callout now, by the tag of their language."""
    return tags_of(selection.select_for(callout).ranked.free.volunteer_ids.tolist())


def tags_of(volunteer_ids: Iterable[int]) -> Counter[str]:
    """How many of these people have which language."""
    chosen = Volunteer.id.in_(numbers(volunteer_ids))
    rows = read(select(Volunteer.language, func.count()).where(chosen).group_by(Volunteer.language))
    return Counter({row[0]: row[1] for row in rows})


def _texts(callout: Callout, people: Counter[str], usual: Sequence[str], rare: Sequence[str]) -> Texts:
    spoken = _by_language(people)
    order = sorted(
        (language for language in spoken if spoken[language]), key=lambda lang: -spoken[lang].total()
    )
    return Texts(
        people=people.total(),
        time_zone=callout.emergency.section.time_zone,
        languages=[
            Spoken(
                language=language,
                called=LANGUAGE_NAMES[language],
                people=spoken[language].total(),
                instead_of={tag: n for tag, n in spoken[language].items() if not tag.startswith(language)},
                usual=[_pair(callout, language, name) for name in usual],
                rare=[_pair(callout, language, name) for name in rare],
            )
            # English where nobody may be called yet: there is something to read, then.
            for language in order or ["en"]
        ],
    )


def _by_language(people: Mapping[str, int]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {language: Counter() for language in LANGUAGES}
    for tag, count in people.items():
        found[language_of(tag)][tag] += count
    return found


def _pair(callout: Callout, language: str, name: str) -> Pair:
    plain = _preview(callout, language, name, "")
    lettered = _preview(callout, language, name, LETTERS[0])
    return Pair(name, plain, lettered if lettered.body != plain.body else None)


def _preview(callout: Callout, language: str, name: str, code: str, people: int = 0) -> Preview:
    body = _body(callout, language, name, code)
    measure = sms.measure(body)
    return Preview(language, name, body, measure.encoding, measure.segments, measure.left, people)


def _body(callout: Callout, language: str, name: str, code: str) -> str:
    section = callout.emergency.section
    if name == "callout":
        return asking.body_for(callout, language, section.time_zone, code)
    own = wordings.own(section, language)
    if name.startswith("question."):
        codes = LETTERS if name == "question.several" else ("A",)
        mark = sms.drill_mark(language) if callout.emergency.drill else ""
        return sms.question_text(language, codes, section.short_name, mark, own)
    values = asking.values_for(callout, section.time_zone, code, eta_at=callout.arrive_by)
    return sms.text_of(language, name, values, own.get(name))
