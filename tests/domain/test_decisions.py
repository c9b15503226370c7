"""Decisions about many people, stored in few bytes."""

import random

import numpy as np
import pytest

from mobilize.domain.decisions import Decisions, applied, changes, packed, unpacked
from mobilize.domain.eligibility import Reason


def decisions(of: dict[int, int]) -> Decisions:
    ids = sorted(of)
    return Decisions(np.array(ids, np.int64), np.array([of[i] for i in ids], np.uint32))


def as_dict(some: Decisions) -> dict[int, int]:
    return dict(zip(some.volunteer_ids.tolist(), some.against.tolist(), strict=True))


def someones(rng: random.Random, size: int) -> dict[int, int]:
    return {rng.randrange(1, 40 * size): rng.choice([0, 0, 1, 2**9, 2**9 | 2, 2**18]) for _ in range(size)}


@pytest.mark.parametrize("size", [0, 1, 2, 3000])
def test_what_is_packed_is_unpacked(size: int) -> None:
    of = someones(random.Random(size), size) if size else {}
    assert as_dict(unpacked(packed(decisions(of)))) == of


def test_any_ids_can_be_packed() -> None:
    of = {1: 2, 2**40: 0, 2**62: 2**18}
    assert as_dict(unpacked(packed(decisions(of)))) == of


def test_two_thousand_people_take_less_than_four_kilobytes() -> None:
    rng = random.Random(1)
    ids = rng.sample(range(1, 1_000_000), 2000)
    assert len(packed(decisions({i: rng.choice([0, 0, 0, 1, 2**9, 2**13]) for i in ids}))) < 4 * 1024


def test_changes_lead_from_one_look_to_the_next() -> None:
    rng = random.Random(2)
    for _ in range(20):
        before = someones(rng, rng.randrange(1, 200))
        after = {i: mask for i, mask in before.items() if rng.random() < 0.8} | someones(rng, 5)
        told = changes(decisions(before), decisions(after))
        assert as_dict(applied(decisions(before), told)) == after
        assert len(told.volunteer_ids) == len(
            {i for i in before | after if before.get(i) != after.get(i)},
        )


def test_one_person_is_found_or_is_not_there() -> None:
    some = decisions({5: Reason.ABSENT.bit, 9: 0})
    assert [some.of(i) for i in (4, 5, 7, 9, 10)] == [None, Reason.ABSENT.bit, None, 0, None]
    assert decisions({}).of(1) is None
