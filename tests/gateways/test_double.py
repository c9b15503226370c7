"""The double is what other tests believe, so each of its bad days is shown here, with plain HTTP.

This part: requests, and what an account may. Callbacks and the list are in `test_double_reports`.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.twilio_double.plain import PHONE, Api, Receiver, outcomes, phones
from tests.twilio_double.process import BACKUP_ACCOUNT, BACKUP_NUMBER, BACKUP_TOKEN, NUMBER, Double

OTHER_NUMBER = "+15005550007"
SERVICE = "MG" + "0" * 32


@pytest.fixture
def api(double: Double) -> Api:
    return Api(double)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


# Knobs


def test_a_knob_that_does_not_exist_is_refused_by_name(double: Double) -> None:
    answer = requests.post(f"{double.url}/_knobs", json={"latency": 1, "hang_s": 1}, timeout=5)
    assert answer.status_code == 400
    assert "no such knob: latency;" in answer.json()["message"]
    assert requests.get(f"{double.url}/_knobs", timeout=5).json()["hang_s"] == 600


@pytest.mark.parametrize(
    "nonsense",
    [
        {"faults": {"slowdown": 1}},
        {"faults": {"slow_down": 0.6, "drop_after": 0.6}},
        {"faults": {"slow_down": -0.1}},
        {"callbacks_lost": 2},
        {"list_lag_s": -1},
        {"latency_s": "soon"},
    ],
)
def test_a_value_that_makes_no_sense_is_refused(double: Double, nonsense: dict[str, Any]) -> None:
    assert requests.post(f"{double.url}/_knobs", json=nonsense, timeout=5).status_code == 400


# Faults


def test_several_faults_have_each_their_share(double: Double, api: Api) -> None:
    double.turn(faults={"error_after": 0.2, "slow_down": 0.3, "drop_before": 0.1}, callbacks=False)
    found = Counter(outcomes(api, 300))
    assert 30 <= found[20500] <= 90
    assert 60 <= found[20429] <= 120
    assert 10 <= found["gone"] <= 50
    assert found[201] == 300 - found[20500] - found[20429] - found["gone"]
    assert len(double.ledger()) == found[201] + found[20500]


def test_the_same_seed_gives_the_same_text_the_same_fate(double: Double, api: Api) -> None:
    def run(seed: int) -> list[int | str]:
        double.reset()
        double.turn(seed=seed, faults={"error_before": 0.5}, callbacks=False)
        return outcomes(api, 40)

    first = run(1)
    assert run(1) == first
    assert run(2) != first


def test_a_text_that_is_asked_for_again_may_have_another_fate(double: Double, api: Api) -> None:
    double.turn(faults={"error_before": 0.5})
    assert {api.outcome() for _ in range(20)} == {201, 20500}


def test_faults_end_after_so_many_times(double: Double, api: Api) -> None:
    double.turn(faults={"error_before": 1}, fault_times=2)
    assert [api.outcome() for _ in range(3)] == [20500, 20500, 201]


@pytest.mark.parametrize(
    ("fault", "outcome", "reached"),
    [
        ("slow_down", 20429, 0),
        ("error_before", 20500, 0),
        ("error_after", 20500, 1),
        ("drop_before", "gone", 0),
        ("drop_after", "gone", 1),
        ("hang_before", "gone", 0),
        ("hang_after", "gone", 1),
        ("cut_after", "gone", 1),
        ("garbage_after", "no JSON", 1),
        ("nameless_after", 201, 1),
    ],
)
def test_a_fault_strikes_before_or_after_the_text_was_taken(
    double: Double, api: Api, fault: str, outcome: int | str, reached: int
) -> None:
    double.turn(faults={fault: 1}, hang_s=0.1)
    assert api.outcome() == outcome
    assert len(double.ledger()) == reached


def test_a_hang_lasts_as_long_as_the_knob_says(double: Double, api: Api) -> None:
    double.turn(faults={"hang_before": 1}, hang_s=0.5)
    started = time.monotonic()
    assert api.outcome() == "gone"
    assert 0.5 <= time.monotonic() - started < 3


def test_a_share_of_the_429_answers_says_how_long(double: Double, api: Api) -> None:
    double.turn(faults={"slow_down": 1}, retry_after="3", retry_after_share=0.5)
    found = Counter(api.create().headers.get("Retry-After") for _ in range(40))
    assert set(found) == {"3", None}


def test_too_many_at_once_are_told_to_slow_down(double: Double, api: Api) -> None:
    double.turn(latency_s=1, most_at_once=3, callbacks=False)
    with ThreadPoolExecutor(8) as threads:
        found = Counter(threads.map(api.outcome, phones(8)))
    assert found == {201: 3, 20429: 5}


def test_latency_is_for_each_and_not_for_all_in_turn(double: Double, api: Api) -> None:
    double.turn(latency_s=0.3, callbacks=False)
    started = time.monotonic()
    assert set(outcomes(api, 16)) == {201}
    assert 0.6 <= time.monotonic() - started < 3


def test_credentials_can_be_revoked_midway(double: Double, api: Api) -> None:
    assert api.outcome() == 201
    double.turn(revoked=True)
    assert api.outcome() == 20003
    assert api.get(f"/2010-04-01/Accounts/{double.account}/Messages.json").status_code == 401
    double.turn(revoked=False)
    assert api.outcome() == 201


# What the account may


def test_only_numbers_of_the_account_may_send(double: Double, api: Api) -> None:
    double.turn(numbers=[NUMBER])
    assert api.outcome() == 201
    assert api.outcome(From=OTHER_NUMBER) == 21606


@pytest.mark.parametrize("code", [21606, 30034])
def test_one_sender_of_several_can_be_at_fault(double: Double, api: Api, code: int) -> None:
    double.turn(sender_faults={NUMBER: code})
    assert api.outcome() == code
    assert api.outcome(From=OTHER_NUMBER) == 201


def test_a_pair_can_be_unreachable(double: Double, api: Api) -> None:
    double.turn(pair_faults=[[NUMBER, PHONE]])
    assert api.outcome() == 21612
    assert api.outcome(From=OTHER_NUMBER) == 201
    assert api.outcome("+355692000002") == 201


def test_a_region_can_be_forbidden(double: Double, api: Api) -> None:
    double.turn(regions_denied=["+355"])
    answer = api.create()
    assert (answer.status_code, answer.json()["code"]) == (403, 21408)
    assert api.outcome("+390612345678") == 201


def test_bad_numbers_are_refused_with_their_code(double: Double, api: Api) -> None:
    double.turn(refusals={PHONE: 21635})
    assert api.outcome() == 21635
    assert double.ledger() == []


def test_stop_is_for_one_number(double: Double, api: Api) -> None:
    double.type(PHONE, "stop")
    assert api.outcome() == 21610
    assert api.outcome(From=OTHER_NUMBER) == 201
    double.type(PHONE, "START")
    assert api.outcome() == 201


def test_stop_is_for_all_numbers_of_a_service(double: Double, api: Api) -> None:
    double.turn(services={SERVICE: [NUMBER, OTHER_NUMBER]})
    double.type(PHONE, "STOP", to=OTHER_NUMBER)
    assert api.outcome() == 21610
    assert api.outcome(MessagingServiceSid=SERVICE) == 21610
    assert api.outcome("+355692000002", MessagingServiceSid=SERVICE) == 201


# The account of a run


def test_the_summary_counts_what_reached_phones(double: Double, api: Api) -> None:
    double.turn(refusals={"+390612345678": 21614})
    for to, body in ((PHONE, "Come"), (PHONE, "Come"), (PHONE, "Thanks"), ("+355692000002", "Come")):
        api.create(to, body)
    api.create("+390612345678")
    found = double.summary()
    assert (found["reached"], found["pairs"], found["pairs_more_than_once"]) == (4, 3, 1)
    assert found["examples_more_than_once"] == [{"to": PHONE, "body": "Come", "times": 2}]
    assert found["requests"] == {"accepted": 4, "refused 21614": 1}
    assert found["first_create_at"] < found["last_create_at"] <= time.time()


@pytest.mark.parametrize(
    ("knob", "look"), [("record_requests", Double.requests), ("record_calls", Double.calls)]
)
def test_long_runs_need_not_keep_every_form(
    double: Double, api: Api, receiver: Receiver, knob: str, look: Callable[[Double], list[Any]]
) -> None:
    double.turn(**{knob: False})
    api.create(StatusCallback=receiver.url)
    double.wait_until_quiet()
    assert look(double) == []
    assert double.summary()["reached"] == 1


def test_a_second_provider_has_its_own_account_and_ledger(double: Double) -> None:
    with Double(account=BACKUP_ACCOUNT, token=BACKUP_TOKEN) as backup:
        assert Api(backup).outcome(From=BACKUP_NUMBER) == 201
        assert len(backup.ledger()) == 1
        assert double.ledger() == []
        assert Api(backup, auth=(double.account, double.token)).outcome() == 20003
