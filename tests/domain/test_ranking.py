"""Who is asked first."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mobilize.domain.facts import KINDS, micros
from mobilize.domain.ranking import STEP_M, Candidate, Free, Ranked
from mobilize.domain.ranking import rank as rank_free
from mobilize.domain.vocabulary import PlaceKind

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)


def someone(volunteer_id: int, distance_m: float, asked_days_ago: int | None = None) -> Candidate:
    asked = None if asked_days_ago is None else NOW - timedelta(days=asked_days_ago)
    return Candidate(volunteer_id, frozenset({1}), PlaceKind.HOME, 41.0, 19.0, distance_m, asked)


def rank(people: Sequence[Candidate]) -> Ranked:
    return rank_free(
        Free(
            volunteer_ids=np.array([c.volunteer_id for c in people], np.int64),
            skills=np.array([sum(1 << s for s in c.skill_ids) for c in people], np.uint64),
            kinds=np.array([KINDS.index(c.place_kind) for c in people], np.int8),
            lats=np.array([c.lat for c in people], np.float64),
            lons=np.array([c.lon for c in people], np.float64),
            distances_m=np.array([c.distance_m for c in people], np.float64),
            last_asked_at=np.array([micros(c.last_asked_at) for c in people], np.int64),
            skill_ids=(0, 1, 2, 3),
        )
    )


def order(*candidates: Candidate) -> list[int]:
    return [candidate.volunteer_id for candidate in rank(candidates)]


def test_the_nearest_come_first() -> None:
    assert order(someone(1, 9000), someone(2, 20), someone(3, 4000)) == [2, 3, 1]


def test_among_those_about_as_near_the_least_recently_asked_come_first() -> None:
    assert order(someone(1, 1010, 1), someone(2, 1400, 30), someone(3, 1450, None)) == [3, 2, 1]


def test_farther_people_do_not_jump_the_queue() -> None:
    assert order(someone(1, 400, 1), someone(2, 600, None)) == [1, 2]


def test_the_order_does_not_depend_on_the_input() -> None:
    people = [someone(n, 100 * (n % 7), n % 3 or None) for n in range(50)]
    shuffled = random.Random(1).sample(people, len(people))
    assert rank(shuffled) == rank(people)


def crowd(size: int) -> list[Candidate]:
    rng = random.Random(2)
    return [someone(n, rng.uniform(0, 5000), rng.choice([None, 1, 5, 30])) for n in range(size)]


def test_the_order_is_that_of_sorting_one_by_one() -> None:
    people = crowd(700)
    assert rank(people) == sorted(
        people,
        key=lambda c: (int(c.distance_m // STEP_M), c.last_asked_at or NEVER, c.distance_m, c.volunteer_id),
    )


def test_candidates_are_made_for_those_who_are_looked_at() -> None:
    ranked = rank(crowd(600))
    everyone = list(ranked)
    assert ranked[:3] == everyone[:3]
    assert (ranked[599], ranked[-1]) == (everyone[599], everyone[-1])
    assert ranked[590:700] == everyone[590:]
    assert (len(ranked), bool(ranked), bool(rank([])), list(rank([]))) == (600, True, False, [])
    with pytest.raises(IndexError):
        ranked[600]


def test_how_many_have_a_skill() -> None:
    people = [replace(someone(n, n), skill_ids=frozenset({n % 2, 3})) for n in range(9)]
    ranked = rank(people)
    assert [ranked.count_with(skill) for skill in (0, 1, 2, 3)] == [5, 4, 0, 9]
    assert [c.skill_ids for c in ranked] == [c.skill_ids for c in people]
