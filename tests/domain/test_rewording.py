"""A section's own sentences: what is refused, with the remedy, and what is taken."""

import re

import pytest

from mobilize.domain.errors import InvalidInput
from mobilize.domain.placeholders import placeholders_of
from mobilize.domain.rewording import check_own, example, filled_to_the_brim
from mobilize.domain.segments import measure
from mobilize.domain.sentences import LANGUAGES, TEMPLATES, standard

CALL = "{section} calls you: {event}, {skills}, by {arrive_by}. "


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_standard_sentence_would_be_taken(language: str) -> None:
    for name in TEMPLATES:
        check_own(language, name, standard(language, name))


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("callout", " \n", "is empty; use the standard wording again"),
        ("callout", CALL, "does not say {answers} (how to answer"),
        ("callout", CALL + "{code}1 yes, {code}2 no", "does not say {answers}"),
        ("callout", "{section}: {event}. {answers}", "does not say {arrive_by}"),
        ("callout", "{section}: by {arrive_by}. {answers}", "does not say {event}"),
        ("callout", "Come! {event}, {arrive_by}. {answers}", "does not say {section}"),
        ("callout", CALL + "{answers} {rendezvous}", "unknown placeholder {rendezvous}"),
        ("callout", CALL + "{answers} {", "brace without its partner"),
        ("callout", CALL + "{answers} \x07", "control characters"),
        ("callout", CALL + "{answers} No more? Text STOP", "offers STOP"),
        ("callout", CALL + "{answers} " + "and more " * 30, "at most 2 are sent"),
        ("callout", CALL + "{answers} спасибо", "'с' is not in the GSM-7 alphabet"),
        ("callout", "x" * 1601, "has 1601 characters"),
        ("acknowledgement.accepted", "{section}: thanks! {code}4 {code}2", "does not say {rendezvous}"),
        (
            "acknowledgement.accepted",
            "{section}: come to {rendezvous} by {arrive_by}.{bring} Text {code}4",
            "does not offer {code}2",
        ),
        (
            "acknowledgement.declined",
            "{section}: see {rendezvous}, {code}1",
            "unknown placeholder {rendezvous}",
        ),
        ("notice.away", "{section}: not before {until}.", "does not offer ON"),
        ("notice.away", "{section}: not before {until}, {title}. ON", "unknown placeholder {title}"),
        ("question.several", "{section}: which?", "does not say {choices}"),
    ],
)
def test_a_sentence_that_would_not_do_is_refused(name: str, text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(complaint)) as refused:
        check_own("en", name, text)
    assert list(refused.value.errors) == ["text"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("callout", CALL + "{answers}"),
        ("callout", CALL + "{code}1 yes, {code}2 no, {code}3 maybe"),
        ("callout", "{section}: {hazard}! {arrive_by}. {answers} See {link}"),
        ("acknowledgement.declined", "{section}: fine. Change your mind: {code}1"),
        ("notice.back", "{section} says hi"),
    ],
)
def test_a_sentence_that_says_what_it_must_is_taken(name: str, text: str) -> None:
    check_own("en", name, text)


@pytest.mark.parametrize("name", TEMPLATES)
def test_whatever_a_text_may_name_is_filled_in(name: str) -> None:
    every = " ".join(f"{{{word}}}" for word in placeholders_of(name))
    assert "{" not in example("en", name, every)


@pytest.mark.parametrize("name", TEMPLATES)
def test_values_to_the_brim_are_as_long_as_they_may_be(name: str) -> None:
    assert len(filled_to_the_brim("en", name, "{section}")) >= 20
    assert measure(filled_to_the_brim("en", name, None)).segments == 1
