"""What coordinators call the texts, in groups."""

from collections.abc import Mapping
from types import MappingProxyType

from mobilize.domain.sentences import LANGUAGE_NAMES, TEMPLATES

from .blueprint import blp

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "callout": "The call",
        "acknowledgement": "After an answer",
        "question": "Asking back",
        "reminder": "Reminders",
        "stand_down": "Stand-down",
        "notice": "Outside a call",
    }
)

_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "callout": "The call-out",
        "acknowledgement.accepted": "After a yes: where and when",
        "acknowledgement.reserve": "After a yes, when there are enough",
        "acknowledgement.limited": "After “only if needed”",
        "acknowledgement.declined": "After a no",
        "acknowledgement.withdrawn": "After a no that follows a yes",
        "acknowledgement.late": "After a yes that comes too late",
        "acknowledgement.en_route": "After “on my way”",
        "acknowledgement.eta": "After a new arrival time",
        "acknowledgement.arrived": "After the arrival",
        "acknowledgement.left": "After “home again”",
        "acknowledgement.ended": "After any answer when all is over",
        "question.one": "Not understood",
        "question.several": "Which of several calls is meant",
        "reminder.silent": "To those who have not answered",
        "reminder.overdue": "To those who were expected and have not arrived",
        "reminder.check_out": "To those who have not said that they are home",
        "stand_down.silent": "To those who have not set out",
        "stand_down.coming": "To those who are coming",
        "stand_down.on_scene": "To those who are there",
        "notice.away": "Away until a day",
        "notice.away_open": "Away until further notice",
        "notice.back": "Available again",
        "notice.status_available": "Status: available",
        "notice.status_away": "Status: away",
        "notice.certificate": "A certificate is about to lapse",
    }
)


@blp.app_template_filter()
def text_label(name: str) -> str:
    """What coordinators call a text."""
    return _LABELS[name]


@blp.app_template_filter()
def people(count: int) -> str:
    """How many people, in words for a heading."""
    return "1 person" if count == 1 else f"{count:,} people"


@blp.app_template_filter()
def language_name(language: str) -> str:
    """The English name of a language that we have."""
    return LANGUAGE_NAMES[language]


def grouped() -> dict[str, list[str]]:
    """The names of all texts under the heading of their group."""
    found: dict[str, list[str]] = {}
    for name in TEMPLATES:
        found.setdefault(GROUPS[name.partition(".")[0]], []).append(name)
    return found
