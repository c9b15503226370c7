"""How many to ask now."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobilize.domain.chance import Asked, Manner, unknown_shift
from mobilize.domain.delays import PRIOR
from mobilize.domain.vocabulary import CalloutMode
from mobilize.domain.waves import EVEN, NeedProgress, Pool, Situation, plan

PHASED, EVERYONE, ONE_BY_ONE = CalloutMode.PHASED, CalloutMode.EVERYONE, CalloutMode.ONE_BY_ONE
HOUR_S = 3600.0


def pool(people: int, *, chance: float = 0.3, window_s: float = 2 * HOUR_S, able: Any = 1) -> Pool:
    return Pool(
        np.full(people, chance), np.full(people, window_s), np.broadcast_to(np.int64(able), people).copy()
    )


def nobody() -> Asked:
    return Asked(*(np.zeros(0) for _ in range(6)))


def group(chance: float, *, yes: int = 0, no: int = 0, silent: int = 0, minutes: float = 10) -> Asked:
    return Asked(*(np.array([float(n)]) for n in (chance, yes, no, silent, minutes * 60, 2 * HOUR_S)))


def need(headcount: int, *, filled: int = 0, confidence: float = 0.95, need_id: int = 1) -> NeedProgress:
    return NeedProgress(need_id, headcount, filled, confidence)


def situation(
    needs: list[NeedProgress], candidates: Pool, asked: Asked | None = None, **more: Any
) -> Situation:
    crowd = asked or nobody()
    able = np.ones(crowd.chance.size, np.int64)
    return Situation(needs, crowd, able, candidates, unknown_shift(0.6), Manner(PRIOR, 0.5), **more)


def test_the_first_wave_keeps_the_confidence() -> None:
    found = plan(PHASED, situation([need(10)], pool(300)))
    assert found.after[1] >= 0.95
    fewer = plan(PHASED, situation([need(10)], pool(len(found.chosen) - 1)))
    assert fewer.after[1] < 0.95


def test_the_next_in_order_are_asked() -> None:
    found = plan(PHASED, situation([need(3)], pool(100)))
    assert list(found.chosen) == list(range(len(found.chosen)))


def test_with_all_places_filled_nobody_is_asked() -> None:
    found = plan(PHASED, situation([need(2, filled=2)], pool(50)))
    assert found.chosen == []
    assert found.together == 1.0


def test_a_no_brings_more_people_and_a_yes_does_not() -> None:
    before = situation([need(5)], pool(300), group(0.3, silent=30, minutes=1))
    refused = situation([need(5)], pool(300), group(0.3, silent=20, no=10, minutes=1))
    accepted = situation([need(5, filled=5)], pool(300), group(0.3, silent=25, yes=5, minutes=1))
    assert len(plan(PHASED, refused).chosen) > len(plan(PHASED, before).chosen)
    assert plan(PHASED, accepted).chosen == []


def test_silence_brings_more_people_as_it_lasts() -> None:
    counts = [
        len(plan(PHASED, situation([need(5)], pool(300), group(0.3, silent=30, minutes=m))).chosen)
        for m in (0, 5, 20, 60)
    ]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_more_confidence_asks_more_people() -> None:
    counts = [len(plan(PHASED, situation([need(5, confidence=c)], pool(300))).chosen) for c in (0.5, 0.8, 0.95)]
    assert counts == sorted(set(counts))


def test_patience_asks_fewer_while_there_is_time_and_as_many_when_there_is_none() -> None:
    hurried, patient = situation([need(10)], pool(300)), situation([need(10)], pool(300), patience=EVEN)
    assert len(plan(PHASED, patient).chosen) < 0.8 * len(plan(PHASED, hurried).chosen)
    late = pool(3000, window_s=60)
    assert len(plan(PHASED, replace(patient, pool=late)).chosen) >= 0.9 * len(
        plan(PHASED, replace(hurried, pool=late)).chosen
    )


def test_who_would_come_too_late_is_not_counted_on() -> None:
    near, far = pool(20, window_s=HOUR_S), pool(20, window_s=-60)
    both = Pool(
        *(
            np.concatenate(pair)
            for pair in zip(
                (far.chance, far.window_s, far.able), (near.chance, near.window_s, near.able), strict=True
            )
        )
    )
    found = plan(PHASED, situation([need(2)], both))
    assert found.after[1] < 1
    assert plan(PHASED, situation([need(2)], far)).together == pytest.approx(0, abs=1e-9)


def test_everyone_means_everyone_who_can_help() -> None:
    candidates = pool(6, able=1)
    candidates.able[:] = [1, 2, 3, 1, 2, 3]
    needs = [need(1), need(1, filled=1, need_id=2)]
    assert list(plan(EVERYONE, situation(needs, candidates)).chosen) == [0, 2, 3, 5]


def test_one_by_one_asks_the_next() -> None:
    assert list(plan(ONE_BY_ONE, situation([need(2)], pool(9))).chosen) == [0]
    assert plan(ONE_BY_ONE, situation([need(2, filled=2)], pool(9))).chosen == []


def test_nobody_is_counted_for_two_needs() -> None:
    """Ten people can fill either need; together they are not enough for both."""
    needs = [need(5), need(5, need_id=2)]
    alone = plan(PHASED, situation([need(5)], pool(10, chance=0.6)))
    both = plan(PHASED, situation(needs, pool(10, chance=0.6, able=3)))
    assert both.together < alone.together
    assert len(set(both.chosen)) == len(both.chosen) <= 10


def test_scarce_skills_are_kept_for_the_need_that_has_no_others() -> None:
    """The nearest has both skills; drivers are many, medics are few."""
    candidates = pool(40, able=2)
    candidates.able[:] = [3] * 6 + [2] * 34
    needs = [need(2), need(2, need_id=2)]
    found = plan(PHASED, situation(needs, candidates))
    drivers = [n for n in found.chosen if n >= 6]
    assert drivers, "others drive"
    assert found.after[2] >= 0.95


def test_each_need_has_its_own_confidence() -> None:
    candidates = pool(200, able=1)
    candidates.able[100:] = 2
    found = plan(PHASED, situation([need(5, confidence=0.99), need(5, confidence=0.6, need_id=2)], candidates))
    first = sum(n < 100 for n in found.chosen)
    assert first > len(found.chosen) - first


def test_the_reason_says_it_in_numbers() -> None:
    found = plan(PHASED, situation([need(1)], pool(50, chance=0.5)))
    assert found.reason.endswith("with them")
    assert found.reason.startswith(f"{len(found.chosen)} more for 1 open place:")


@settings(max_examples=40)
@given(
    st.integers(1, 6),
    st.integers(0, 60),
    st.lists(
        st.tuples(st.floats(0.05, 0.9), st.integers(0, 5), st.integers(0, 5), st.integers(0, 20)), max_size=5
    ),
    st.floats(0, 7200),
)
def test_whatever_happened_the_plan_is_sound(
    headcount: int, people: int, groups: list[tuple[float, int, int, int]], elapsed: float
) -> None:
    chance, yes, no, silent = (np.array([float(g[n]) for g in groups]) for n in range(4))
    since, window = np.full(len(groups), elapsed), np.full(len(groups), 2 * HOUR_S)
    crowd = Asked(chance, yes, no, silent, since, window)
    found = plan(PHASED, situation([need(headcount)], pool(people, window_s=2 * HOUR_S - elapsed), crowd))
    outlook = found.before[1]
    assert 0 <= outlook.with_asked <= outlook.asking_on <= 1
    assert len(set(found.chosen)) == len(found.chosen) <= people
    assert found.after[1] >= 0.95 or len(found.chosen) == people


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(1, 40), st.floats(60, 3000), st.floats(60, 3000))
def test_the_chance_falls_with_time(headcount: int, people: int, soon: float, later: float) -> None:
    def after(seconds: float) -> float:
        silent = group(0.3, silent=people, minutes=seconds / 60)
        return plan(PHASED, situation([need(headcount)], pool(0), silent)).before[1].with_asked

    assert after(soon + later) <= after(soon) + 1e-9


def test_a_hundred_thousand_asked_are_a_handful_of_groups() -> None:
    """The size of a call-out does not matter to a plan. (How fast: ``bench waves``.)"""
    crowd = Asked(
        chance=np.array([0.1, 0.2, 0.3]),
        accepted=np.array([1e3, 2e3, 3e3]),
        declined=np.array([1e3, 2e3, 3e3]),
        silent=np.array([3e4, 3e4, 3e4]),
        elapsed_s=np.full(3, 600.0),
        window_s=np.full(3, 7200.0),
    )
    found = plan(PHASED, situation([need(9000, filled=6000)], pool(500), crowd))
    assert 0 <= found.before[1].with_asked <= 1
