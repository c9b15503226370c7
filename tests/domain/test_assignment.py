"""The matching of comers with needs, against brute force and networkx."""

import networkx
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.assignment import Comer, OpenNeed, assign, useful_skills

RESCUE, MEDIC, TALK = 1, 2, 3


def comer(number: int, *skills: int, placed: int | None = None) -> Comer:
    return Comer(number, frozenset(skills), placed)


def test_nobody_comes() -> None:
    assert assign([OpenNeed(10, MEDIC, 2)], []) == {}


def test_nothing_is_needed() -> None:
    assert assign([], [comer(1, MEDIC)]) == {}


def test_the_first_to_come_are_placed_and_the_rest_is_reserve() -> None:
    needs = [OpenNeed(10, MEDIC, 2)]
    assert assign(needs, [comer(n, MEDIC) for n in (5, 3, 9)]) == {5: 10, 3: 10}


def test_a_volunteer_without_the_skill_stays_reserve() -> None:
    assert assign([OpenNeed(10, MEDIC, 2)], [comer(1, TALK)]) == {}


def test_a_volunteer_of_two_skills_moves_so_that_both_needs_fill() -> None:
    needs = [OpenNeed(10, MEDIC, 1), OpenNeed(20, TALK, 1)]
    comers = [comer(1, MEDIC, TALK, placed=10), comer(2, MEDIC)]
    assert assign(needs, comers) == {1: 20, 2: 10}


def test_a_chain_of_moves_makes_room() -> None:
    needs = [OpenNeed(10, RESCUE, 1), OpenNeed(20, MEDIC, 1), OpenNeed(30, TALK, 1)]
    comers = [comer(1, RESCUE, MEDIC, placed=10), comer(2, MEDIC, TALK, placed=20), comer(3, RESCUE)]
    assert assign(needs, comers) == {3: 10, 1: 20, 2: 30}


def test_nobody_is_moved_without_cause() -> None:
    needs = [OpenNeed(10, MEDIC, 2), OpenNeed(20, TALK, 2)]
    comers = [comer(1, MEDIC, TALK, placed=10), comer(2, TALK)]
    assert assign(needs, comers) == {1: 10, 2: 20}


def test_who_is_placed_keeps_the_place_before_an_earlier_comer() -> None:
    comers = [comer(1, MEDIC), comer(2, MEDIC, placed=10)]
    assert assign([OpenNeed(10, MEDIC, 1)], comers) == {2: 10}


def test_a_scarce_skill_is_used_first() -> None:
    needs = [OpenNeed(10, MEDIC, 1), OpenNeed(20, TALK, 1)]
    comers = [comer(1, MEDIC, TALK), comer(2, MEDIC), comer(3, MEDIC)]
    assert assign(needs, comers)[1] == 20


def test_a_former_need_that_is_gone_counts_as_none() -> None:
    assert assign([OpenNeed(10, MEDIC, 1)], [comer(1, MEDIC, placed=99)]) == {1: 10}
    assert assign([OpenNeed(10, MEDIC, 1)], [comer(1, TALK, placed=10)]) == {}


def test_a_shrunk_need_keeps_the_earlier_comers() -> None:
    comers = [comer(n, MEDIC, placed=10) for n in (1, 2, 3)]
    assert assign([OpenNeed(10, MEDIC, 2)], comers) == {1: 10, 2: 10}


needs_drawn = st.lists(st.integers(0, 3), min_size=0, max_size=4).map(
    lambda counts: [OpenNeed(10 + skill, skill, count) for skill, count in enumerate(counts)]
)
skills_drawn = st.lists(st.frozensets(st.integers(0, 4), max_size=4), max_size=9)


def most_placed(needs: list[OpenNeed], comers: list[Comer]) -> int:
    graph = networkx.DiGraph()
    graph.add_nodes_from(["source", "sink"])
    for need in needs:
        graph.add_edge(("need", need.need_id), "sink", capacity=need.headcount)
    for one in comers:
        graph.add_edge("source", one.recipient_id, capacity=1)
        for need in needs:
            if need.skill_id in one.skill_ids:
                graph.add_edge(one.recipient_id, ("need", need.need_id), capacity=1)
    return int(networkx.maximum_flow_value(graph, "source", "sink"))


@given(needs_drawn, skills_drawn)
def test_as_many_are_placed_as_possible_and_all_rightly(
    needs: list[OpenNeed], skills: list[frozenset[int]]
) -> None:
    comers = [Comer(number, held) for number, held in enumerate(skills)]
    placed = assign(needs, comers)
    by_id = {need.need_id: need for need in needs}
    assert len(placed) == most_placed(needs, comers)
    assert all(by_id[need_id].skill_id in skills[number] for number, need_id in placed.items())
    for need in needs:
        assert list(placed.values()).count(need.need_id) <= need.headcount


@given(needs_drawn, skills_drawn, st.integers(0, 9))
def test_whoever_was_placed_stays_placed_when_more_people_come(
    needs: list[OpenNeed], skills: list[frozenset[int]], first: int
) -> None:
    early = assign(needs, [Comer(number, held) for number, held in enumerate(skills[:first])])
    comers = [Comer(number, held, early.get(number)) for number, held in enumerate(skills)]
    late = assign(needs, comers)
    assert early.keys() <= late.keys()
    assert len(late) == most_placed(needs, comers)


@given(needs_drawn, skills_drawn)
def test_an_earlier_comer_is_passed_over_only_when_nobody_could_make_room(
    needs: list[OpenNeed], skills: list[frozenset[int]]
) -> None:
    comers = [Comer(number, held) for number, held in enumerate(skills)]
    for cut in range(len(comers) + 1):
        inside = [one for one in comers[:cut] if one.recipient_id in assign(needs, comers)]
        assert len(inside) == most_placed(needs, comers[:cut])


class TestWhoCouldStillHelp:
    """Which skills are worth waiting for."""

    NEEDS = (OpenNeed(1, 10, 1), OpenNeed(2, 20, 1))

    def test_with_everything_open_every_skill_helps(self) -> None:
        assert useful_skills(self.NEEDS, [], {}) == {10, 20}

    def test_a_filled_need_wants_nobody(self) -> None:
        comer = Comer(1, frozenset({10}))
        assert useful_skills(self.NEEDS, [comer], {1: 1}) == {20}

    def test_unless_somebody_in_it_could_move_over(self) -> None:
        comer = Comer(1, frozenset({10, 20}))
        assert useful_skills(self.NEEDS, [comer], {1: 1}) == {10, 20}

    def test_when_all_is_filled_nobody_helps(self) -> None:
        comers = [Comer(1, frozenset({10, 20})), Comer(2, frozenset({20}))]
        assert useful_skills(self.NEEDS, comers, {1: 1, 2: 2}) == frozenset()
