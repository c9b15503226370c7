"""What may stand in place of ``{name}``: which names each text knows, and how long their values may be."""

from collections.abc import Mapping
from types import MappingProxyType

from .sentences import PLACEHOLDER, standard

#: What a coordinator's wording of a call-out may name, and what stands there in the text.
PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "section": "short name of the section",
        "hazard": "kind of emergency, in the volunteer's language",
        "title": "title of the emergency",
        "event": "kind and title together, without saying the same twice",
        "skills": "skills that are asked for",
        "place": "where, roughly; the exact rendezvous is told only to those who accept",
        "arrive_by": "when to be there, in the volunteer's time zone",
        "code": "letter before the digit, empty when the volunteer has no other call open",
        "answers": "how to answer; added at the end of a wording that does not say it",
        "link": "the link to answer by, if the callout has links; added at the end of a wording without it",
    }
)

_OTHERS: Mapping[str, str] = MappingProxyType(
    {
        "where": "the place in a phrase of its own; empty when the title names it",
        "rendezvous": "where exactly to come",
        "bring": "what to bring, in a sentence of its own; empty when there is nothing",
        "eta": "when the volunteer said to be there",
        "until": "how long the volunteer is away, or the certificate is valid",
        "skill": "the skill that the certificate proves",
        "choices": "the letters and digits to choose from",
    }
)

#: The most characters of a value with which every standard text keeps to its segments. Values in
#: `GIVE_WAY` may be this long because they are shortened where that saves a segment.
LONGEST: Mapping[str, int] = MappingProxyType(
    {
        "section": 20,
        "title": 120,
        "place": 120,
        "skills": 400,
        "skill": 80,
        # A longer one, up to 200 characters, is told whole and may take a second segment.
        "rendezvous": 36,
        "code": 1,
        "codes": 3,  # of several calls, in one question
    }
)

#: In this order, and to no fewer characters than this, values give way where that saves a segment.
#: A title that would be a mere stump goes altogether: the kind of emergency then stands for it.
GIVE_WAY = (("title", 16), ("place", 14), ("title", 0), ("skills", 20), ("place", 0), ("skills", 12))
NOTICE_GIVES_WAY = (("skill", 20),)


def placeholders_of(name: str) -> Mapping[str, str]:
    """What a wording of this text may name, and what stands there."""
    own = PLACEHOLDER.findall(standard("en", name))
    usual: tuple[str, ...] = tuple(PLACEHOLDERS)
    if name.startswith(("notice.", "question.")):
        usual = ("section",)
    described = {**PLACEHOLDERS, **_OTHERS}
    return {word: described[word] for word in dict.fromkeys((*usual, *own))}
