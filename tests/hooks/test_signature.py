"""Our check of signatures decides as Twilio's own validator does."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from mobilize.hooks.signature import Signatures

TOKEN = "the-token-of-the-account"
URLS = ("https://help.example.org/hooks", "http://help.example.org:8080/hooks", "https://a.example:443/x/hooks")
fields = some.lists(some.tuples(some.text(max_size=8), some.text(max_size=12)), max_size=8)


@given(some.sampled_from(URLS), fields, some.dictionaries(some.text("abc", min_size=1), some.text(max_size=5)))
def test_what_twilio_would_sign_fits(url: str, pairs: list[tuple[str, str]], query: dict[str, str]) -> None:
    asked = urlencode(query)
    called = f"{url}?{asked}" if asked else url
    signature = RequestValidator(TOKEN).compute_signature(called, MultiDict(pairs))
    assert Signatures(url, ["another", TOKEN]).fit(signature, asked, pairs)
    assert not Signatures(url, ["another"]).fit(signature, asked, pairs)
    assert not Signatures(url, [TOKEN]).fit(signature, asked + "x", pairs)
    assert not Signatures(url, [TOKEN]).fit(signature, asked, [*pairs, ("one", "more")])


@pytest.mark.parametrize(
    ("configured", "signed"),
    [
        ("https://a.example/h", "https://a.example:443/h"),
        ("http://a.example/h", "http://a.example:80/h"),
        ("http://a.example:8080/h", "http://a.example/h"),
        ("http://a.example:8080/h", "http://a.example:8080/h"),
    ],
)
def test_a_port_may_be_there_or_not(configured: str, signed: str) -> None:
    signature = RequestValidator(TOKEN).compute_signature(signed, {"a": "b"})
    assert RequestValidator(TOKEN).validate(configured, {"a": "b"}, signature)
    assert Signatures(configured, [TOKEN]).fit(signature, "", [("a", "b")])


@pytest.mark.parametrize("signature", ["", " ", "ü", "=", "A" * 28, "A" * 10_000])
def test_what_is_no_signature_does_not_fit(signature: str) -> None:
    assert not Signatures(URLS[0], [TOKEN]).fit(signature, "", [("a", "b")])


def test_without_a_token_nothing_can_be_checked() -> None:
    assert not Signatures(URLS[0], []).can_be_checked
    assert not Signatures(URLS[0], []).fit("", "", [])
