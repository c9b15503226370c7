"""The state machine of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.delivery import ENDED_SHORT, STEPS, MessageState, may_become, state_for

S = MessageState


@pytest.mark.parametrize(
    ("current", "proposed", "legal"),
    [
        (S.QUEUED, S.SENDING, True),
        (S.SENDING, S.UNKNOWN, True),
        (S.UNKNOWN, S.DELIVERED, True),
        (S.SENT, S.ACCEPTED, False),  # a late report takes nothing back
        (S.DELIVERED, S.UNDELIVERED, False),
        (S.UNDELIVERED, S.DELIVERED, True),
        (S.QUEUED, S.DELIVERED, True),  # an earlier attempt arrived after all: the resend is cancelled
        (S.QUEUED, S.UNDELIVERED, False),  # an earlier attempt that failed: the resend goes on
        (S.QUEUED, S.UNKNOWN, False),
        (S.SENDING, S.QUEUED, True),  # "slow down"
        (S.UNKNOWN, S.SENDING, False),  # never without evidence, or a decision, in between
        (S.DELIVERED, S.QUEUED, False),
        (S.SUPPRESSED, S.SENDING, False),
        (S.EXPIRED, S.QUEUED, False),
    ],
)
def test_legal_and_illegal_steps(current: MessageState, proposed: MessageState, legal: bool) -> None:
    assert may_become(current, proposed) is legal


def test_every_state_has_its_row() -> None:
    assert set(STEPS) == set(S)


def test_nothing_that_ended_is_ever_sent_again() -> None:
    for state in ENDED_SHORT | {S.DELIVERED}:
        assert STEPS[state] <= {S.DELIVERED}


@given(st.lists(st.sampled_from([S.ACCEPTED, S.SENT, S.DELIVERED]), max_size=12))
def test_callbacks_in_any_order_end_at_the_furthest(reports: list[MessageState]) -> None:
    state = S.SENDING
    for report in reports:
        state = report if may_become(state, report) else state
    order = [S.SENDING, S.ACCEPTED, S.SENT, S.DELIVERED]
    assert order.index(state) == max((order.index(r) for r in reports), default=0)


@pytest.mark.parametrize(
    ("word", "code", "state"),
    [
        ("delivered", None, S.DELIVERED),
        ("Sent", None, S.SENT),
        ("undelivered", 30003, S.UNDELIVERED),
        ("failed", 30036, S.EXPIRED),
        ("teleported", None, None),
    ],
)
def test_the_providers_words(word: str, code: int | None, state: MessageState | None) -> None:
    assert state_for(word, code) is state
