"""Units and segments, against the figures of 3GPP TS 23.038."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.segments import Measure, economical, measure


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
