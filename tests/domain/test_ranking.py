"""Who is asked first."""

import random
from datetime import UTC, datetime, timedelta

from mobilize.domain.ranking import Candidate, rank
from mobilize.domain.vocabulary import PlaceKind

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def someone(volunteer_id: int, distance_m: float, asked_days_ago: int | None = None) -> Candidate:
    asked = None if asked_days_ago is None else NOW - timedelta(days=asked_days_ago)
    return Candidate(volunteer_id, frozenset({1}), PlaceKind.HOME, 41.0, 19.0, distance_m, asked)


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
