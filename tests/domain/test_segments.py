"""Units and segments, against the figures of 3GPP TS 23.038."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smsutil import split

from mobilize.domain.segments import Measure, beyond_gsm_7, economical, measure


@pytest.mark.parametrize(
    ("body", "encoding", "segments", "units"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("€" * 80, "GSM-7", 1, 160),
        ("€" * 81, "GSM-7", 2, 162),
        ("{}[]^~|\\", "GSM-7", 1, 16),
        ("àèéìòù Ç", "GSM-7", 1, 8),
        ("ç", "UCS-2", 1, 1),
        ("ë", "UCS-2", 1, 1),
        ("`", "UCS-2", 1, 1),
        ("ж" * 70, "UCS-2", 1, 70),
        ("ж" * 71, "UCS-2", 2, 71),
        ("ж" * 135, "UCS-2", 3, 135),
        ("🚑", "UCS-2", 1, 2),
    ],
)
def test_a_text_is_measured(body: str, encoding: str, segments: int, units: int) -> None:
    assert measure(body) == Measure(encoding, segments, units)


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("“Durrës” – shpejt…", '"Durres" - shpejt...'),
        ("çelës\u00a0i", "celes i"),
        ("perché sì", "perché sì"),
        ("à la crêpe", "à la crepe"),
        ("Дуррес më", "Дуррес më"),
        ("ë 🚑", "ë 🚑"),
    ],
)
def test_spelling_gives_way_only_when_that_reaches_gsm_7(body: str, plain: str) -> None:
    assert economical(body) == plain


@given(st.text())
def test_economy_never_costs_segments(body: str) -> None:
    assert measure(economical(body)).segments <= measure(body).segments


SIGNS = st.sampled_from("aà€{é~ж🚑 ")


@given(st.text(SIGNS, max_size=500))
def test_a_text_is_measured_as_others_cut_it(body: str) -> None:
    parts = split(body) if body else None
    assert measure(body).segments == (len(parts.parts) if parts else 0)


@given(st.text(SIGNS, min_size=1, max_size=500))
def test_what_is_left_fits_and_no_more(body: str) -> None:
    found = measure(body)
    filler = "a" if found.encoding == "GSM-7" else "ж"
    assert found.left >= 0
    assert measure(body + filler * (found.left + 1)).segments > found.segments


@pytest.mark.parametrize(("body", "sign"), [("abc ë", ""), ("più", ""), ("aж", "ж"), ("🚑", "🚑")])
def test_the_sign_that_costs_is_named(body: str, sign: str) -> None:
    assert beyond_gsm_7(body) == sign
