"""Processes are killed while texts are on their way: the short version of ``bench crash``."""

from collections.abc import Sequence
from typing import Any

import pytest

from bench.crash import DATABASES, EXACT, play
from bench.crash_counts import Step, Text, chain_fault, judge
from bench.crash_run import Order
from mobilize.domain.delivery import Cause, MessageState

_S = MessageState
ANA, BEN = "+393000000001", "+393000000002"

CLAIMED = Step(_S.QUEUED, _S.SENDING, Cause.CLAIM)
TAKEN = Step(_S.SENDING, _S.ACCEPTED, Cause.ANSWER)
DOUBTED = Step(_S.SENDING, _S.UNKNOWN, Cause.RECONCILIATION)
QUEUED_AGAIN = Step(_S.UNKNOWN, _S.QUEUED, Cause.RECONCILIATION)


@pytest.mark.parametrize("database", DATABASES)
def test_after_thirty_kills_each_phone_has_its_text_once(database: str) -> None:
    [row] = play([(EXACT, Order(database, kills=30, texts=150, seed=1, every_s=0.25))])
    assert row["kills"] == 30
    assert row["kills_amid_sending"] > 0
    assert row["in_doubt"] > 0
    faults = ("lost", "twice", "reached_untold", "strangers", "unfinished", "chain_faults", "wrong_sids")
    assert {name: row[name] for name in faults} == dict.fromkeys(faults, 0), row["examples"]
    assert set(row["states"]) <= {"accepted", "sent", "delivered"}


# The bench itself must see what it is looking for.


def text(state: MessageState, steps: Sequence[Step], *, phone: str = ANA, sid: str | None = "SM1") -> Text:
    claims = sum(step.after is _S.SENDING for step in steps)
    return Text(1, phone, state, claims, sid, None, steps)


def arrivals(*phones: str) -> list[dict[str, Any]]:
    return [{"to": phone, "sid": f"SM{n}"} for n, phone in enumerate(phones, 1)]


def test_one_text_on_each_phone_is_as_it_should_be() -> None:
    found = judge([ANA], [text(_S.ACCEPTED, [CLAIMED, TAKEN])], arrivals(ANA))
    assert (found.lost, found.twice, found.second_texts) == ([], [], 0)
    assert (found.unexplained, found.wrong_sids, found.chain_faults) == ([], [], [])


def test_a_text_that_reached_nobody_is_lost_and_untold() -> None:
    found = judge([ANA], [text(_S.ACCEPTED, [CLAIMED, TAKEN])], [])
    assert found.lost == found.lost_untold == [ANA]


def test_a_text_that_is_shown_as_given_up_is_lost_but_told() -> None:
    given_up = Step(_S.UNKNOWN, _S.FAILED, Cause.DEADLINE)
    found = judge([ANA], [text(_S.FAILED, [CLAIMED, DOUBTED, given_up], sid=None)], [])
    assert (found.lost, found.lost_untold) == ([ANA], [])


def test_a_text_that_arrived_and_is_shown_as_failed_is_seen() -> None:
    failed = Step(_S.SENDING, _S.FAILED, Cause.ANSWER)
    found = judge([ANA], [text(_S.FAILED, [CLAIMED, failed], sid=None)], arrivals(ANA))
    assert found.reached_untold == [ANA]


def test_a_second_text_without_a_reason_is_unexplained() -> None:
    found = judge([ANA], [text(_S.ACCEPTED, [CLAIMED, TAKEN])], arrivals(ANA, ANA))
    assert found.twice == found.unexplained == [ANA]


def test_a_second_text_after_a_doubt_is_counted_and_explained() -> None:
    found = judge(
        [ANA], [text(_S.ACCEPTED, [CLAIMED, DOUBTED, QUEUED_AGAIN, CLAIMED, TAKEN])], arrivals(ANA, ANA)
    )
    assert (found.twice, found.second_texts, found.unexplained) == ([ANA], 1, [])


def test_a_text_to_somebody_who_was_not_asked_is_seen() -> None:
    assert judge([ANA], [text(_S.ACCEPTED, [CLAIMED, TAKEN])], arrivals(ANA, BEN)).strangers == [BEN]


def test_an_identifier_that_never_reached_the_phone_is_seen() -> None:
    found = judge([ANA], [text(_S.ACCEPTED, [CLAIMED, TAKEN], sid="SM9")], arrivals(ANA))
    assert found.wrong_sids == [ANA]


@pytest.mark.parametrize(
    ("state", "steps", "words"),
    [
        (_S.ACCEPTED, [TAKEN], "while it was"),
        (_S.SENDING, [CLAIMED, DOUBTED, CLAIMED], "while it was"),
        (_S.UNKNOWN, [Step(_S.QUEUED, _S.UNKNOWN, Cause.ANSWER)], "went from queued to unknown"),
        (_S.DELIVERED, [CLAIMED, TAKEN], "events end with accepted"),
    ],
)
def test_a_broken_chain_of_events_is_seen(state: MessageState, steps: Sequence[Step], words: str) -> None:
    assert words in str(chain_fault(text(state, steps)))


def test_an_attempt_without_a_claim_is_seen() -> None:
    uncounted = Text(1, ANA, _S.ACCEPTED, 2, "SM1", None, [CLAIMED, TAKEN])
    assert "2 attempts and has 1 claims" in str(chain_fault(uncounted))
