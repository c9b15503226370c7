"""What may be put in place of a standard sentence, and what is refused, with the remedy."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from . import sms
from .errors import InvalidInput
from .placeholders import LONGEST, PLACEHOLDERS, placeholders_of
from .replies import CARRIERS
from .segments import beyond_gsm_7, measure
from .sentences import LANGUAGES, PLACEHOLDER, WIDE, most_segments, standard, until_text
from .vocabulary import Hazard

MAX_CHARACTERS = 1600  # Twilio's limit for a body
MAX_SEGMENTS = 6

#: What an own sentence may leave out although the standard one says it; of the letter, commands are checked.
_LEFT_OUT = frozenset({"where", "skills", "code"})
#: What may stand for what the standard sentence says.
_INSTEAD: Mapping[str, tuple[str, ...]] = MappingProxyType({"event": ("title", "hazard")})

#: A command that a text offers: a digit behind the letter, or a word in capitals.
_OFFER = re.compile(r"\{code\}\d|\b(?:ON|OFF)\b")

_AT = datetime(2026, 9, 28, 20, 30, tzinfo=UTC)

#: Values of ordinary length, by which a wording is measured before there is a callout.
SPECIMEN = sms.CalloutValues(
    section="Red Cross Albania",
    hazard=Hazard.TRANSPORT_ACCIDENT,
    title="Train collision near the harbour",
    skills=("search and rescue", "medic"),
    place="the central station",
    arrive_by=datetime(2026, 11, 24, 14, 30, tzinfo=UTC),
    code="A",
    drill=True,
    rendezvous="",
)
#: Values by which a wording is shown: to one person with one call, in earnest.
USUAL = replace(
    SPECIMEN,
    place="",
    code="",
    drill=False,
    rendezvous="School gate, Rruga e Re 4",
    eta=datetime(2026, 11, 24, 14, 10, tzinfo=UTC),
)


def check_wording(wording: str) -> None:
    """Refuse a callout's wording that could not be sent: `InvalidInput` on ``wording`` names what is wrong."""
    if not wording.strip():
        raise InvalidInput("wording", "is empty; leave it out to use the standard wording.")
    _check_signs("wording", wording, PLACEHOLDERS)
    segments = max(measure(sms.callout_text(language, SPECIMEN, wording)).segments for language in LANGUAGES)
    if segments > MAX_SEGMENTS:
        raise InvalidInput(
            "wording",
            f"takes {segments} segments once it is filled in; at most {MAX_SEGMENTS} are sent, so shorten it.",
        )


def check_own(language: str, name: str, text: str) -> None:
    """Refuse a section's own sentence for a text: `InvalidInput` on ``text`` names the fault and the remedy.

    What the standard sentence tells, an own one must tell, too: its placeholders and the commands it offers.
    """
    if not text.strip():
        raise InvalidInput("text", "is empty; use the standard wording again to drop the section's own.")
    _check_signs("text", text, placeholders_of(name))
    _check_complete(name, text)
    most = most_segments(language) + 1
    body = filled_to_the_brim(language, name, text)
    if (segments := measure(body).segments) > most:
        foreign = "" if language in WIDE else beyond_gsm_7(body)
        cause = (
            f" {foreign!r} is not in the GSM-7 alphabet, which more than halves what fits;" if foreign else ""
        )
        raise InvalidInput(
            "text",
            f"takes {segments} segments with the longest values;{cause} at most {most} are sent: shorten it.",
        )


def _check_signs(field: str, text: str, known: Mapping[str, str]) -> None:
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(
            field, f"has {len(text)} characters; at most {MAX_CHARACTERS} can be sent, so shorten it."
        )
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\r\t" for sign in text):
        raise InvalidInput(field, "has control characters, which no phone can show; remove them.")
    names = ", ".join(f"{{{name}}}" for name in known)
    unknown = [name for name in PLACEHOLDER.findall(text) if name not in known]
    if unknown:
        raise InvalidInput(field, f"has the unknown placeholder {{{unknown[0]}}}; there are {names}.")
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        raise InvalidInput(field, f"has a brace without its partner; placeholders are {names}.")
    for word in re.findall(r"\b[A-Z]{3,}\b", text):
        if word.casefold() in CARRIERS:
            raise InvalidInput(
                field,
                f"offers {word}, a word by which carriers let people opt out or ask for help; "
                "offer another, or write it in small letters.",
            )


def _check_complete(name: str, text: str) -> None:
    told = set(PLACEHOLDER.findall(text))
    if name == "callout" and sms.tells_how_to_answer(text, "B"):
        told.add("answers")
    sentence = standard("en", name)
    for word in PLACEHOLDER.findall(sentence):
        if word not in _LEFT_OUT and not told & {word, *_INSTEAD.get(word, ())}:
            said = placeholders_of(name)[word]
            raise InvalidInput("text", f"does not say {{{word}}} ({said}); put it where it belongs.")
    for command in _OFFER.findall(sentence):
        if command not in _OFFER.findall(text):
            raise InvalidInput("text", f"does not offer {command}, which people need to answer; add it.")


def filled_to_the_brim(language: str, name: str, text: str | None) -> str:
    """A text in its main form, with a letter and with values as long as they may be."""
    return example(language, name, text, _longest())


def example(language: str, name: str, text: str | None, values: sms.CalloutValues = USUAL) -> str:
    """How a text reads with these values; ``text`` replaces the standard sentence."""
    own = sms.STANDARD if text is None else {name: text}
    group, _, kind = name.partition(".")
    if group == "question":
        codes = "ABC"[: LONGEST["codes"]] if kind == "several" else "A"
        return sms.question_text(language, codes, values.section, own=own)
    if group == "notice":
        until = _AT.date() if kind == "certificate" else _AT
        words = {
            "section": values.section,
            "skill": values.skills[0],
            "until": until_text(language, until),
        }
        return sms.notice_text(language, kind, words, own)
    return sms.text_of(language, name, values, text)


def _longest() -> sms.CalloutValues:
    """Values in words of eight letters, as long as they may be."""
    return sms.CalloutValues(
        section=_long("section"),
        hazard=Hazard.TRANSPORT_ACCIDENT,
        title=_long("title"),
        skills=(_long("skill"),) * (LONGEST["skills"] // LONGEST["skill"]),
        place="",
        arrive_by=_AT,
        eta=_AT + timedelta(minutes=30),
        code="A",
        drill=False,
        rendezvous=_long("rendezvous"),
    )


def _long(name: str) -> str:
    return ("abcdefgh " * 50)[: LONGEST[name]].rstrip().ljust(LONGEST[name], "x")
