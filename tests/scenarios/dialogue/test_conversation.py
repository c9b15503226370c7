"""The dialogue with each person asked, from the call-out until they are home again."""

from typing import Any

import pytest

from mobilize.domain.vocabulary import (
    AlarmKind,
    CalloutMode,
    CalloutStatus,
    RecipientState,
    Whereabouts,
)
from mobilize.extensions import db
from mobilize.models import InboundMessage, Volunteer
from mobilize.services import callouts, check_outs, inbox, reminders
from mobilize.services.access import SYSTEM
from mobilize.services.board_people import RecipientRow
from mobilize.services.standing import standing_alarms

from .conftest import Person, Town

HOURS = 60


def launch(town: Town, needs: dict[str, int] | None = None, **changes: Any) -> int:
    callout = town.world.callout(needs or {"medic": 1}, **changes)
    return callouts.launch(SYSTEM, callout.id).id


def comes(town: Town, name: str = "Ana", needs: dict[str, int] | None = None) -> tuple[Person, int]:
    """Somebody who was asked and has said yes."""
    person = town.person(name)
    callout = launch(town, needs)
    person.gets("AL")
    person.replies("1").gets("Port gate 3")
    return person, callout


def is_asked_whether_home(town: Town) -> tuple[Person, int]:
    """Somebody who said yes, was stood down, and has not been heard of for two hours."""
    ana, callout = comes(town)
    callouts.stand_down(SYSTEM, callout)
    ana.gets("turn back safely")
    town.passes(minutes=2 * HOURS)
    ana.gets("home safely")
    return ana, callout


def three(town: Town, needs: dict[str, int], *yes: str, **changes: Any) -> tuple[list[Person], int]:
    """Three people asked at once, and what each says, in turn."""
    people = [town.person(name) for name in ("Ana", "Ben", "Eve")]
    callout = launch(town, needs, mode=CalloutMode.EVERYONE, **changes)
    for person in people:
        person.gets("AL")
    for person, word in zip(people, yes, strict=False):
        person.replies(word)
    return people, callout


def row(town: Town, callout: int, person: Person) -> RecipientRow:
    return next(r for r in town.board(callout).recipients if r.volunteer_id == person.id)


def where(town: Town, callout: int, person: Person) -> Whereabouts | None:
    return row(town, callout, person).whereabouts


def alarms() -> list[str]:
    return [a.detail for a in standing_alarms(SYSTEM) if a.kind is AlarmKind.CHECK_OUT_OVERDUE]


# --- yes, and what follows --------------------------------------------------------------------------


def test_the_rendezvous_and_what_to_bring_are_told_only_to_those_who_come(town: Town) -> None:
    people, _ = three(town, {"medic": 2}, "1", "2", "3", bring="helmet, boots")
    first = [record.body for record in town.carrier.ledger[:3]]
    assert not any("Port gate 3" in body or "helmet" in body for body in first)
    ana, ben, eve = people
    ana.gets("Port gate 3", "helmet, boots", "4")
    ben.gets("We do not expect you")
    eve.gets("only if really needed", "do not set out")


def test_a_new_time_is_noted_and_nobody_is_counted_twice(town: Town) -> None:
    ana, callout = comes(town, needs={"medic": 2})
    ana.replies("1 45").gets("we expect you at", "10:45")
    ana.replies("1").gets("Port gate 3")
    assert town.board(callout).needs[0].assigned == 1
    assert row(town, callout, ana).eta_at == town.clock.now().replace(minute=45)


def test_who_sets_out_is_seen_on_the_way(town: Town) -> None:
    ana, callout = comes(town)
    ana.replies("on my way 20").gets("noted that you are on your way")
    assert where(town, callout, ana) is Whereabouts.ON_THE_WAY
    ana.replies("4").gets("noted that you have arrived", "text 5")
    assert where(town, callout, ana) is Whereabouts.ON_SCENE


def test_on_my_way_is_a_yes_and_is_told_where_to(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town)
    ana.gets("AL").replies("on my way 20").gets("Port gate 3")
    assert town.board(callout).callout.status is CalloutStatus.FILLED
    assert where(town, callout, ana) is Whereabouts.ON_THE_WAY


def reserve(town: Town) -> tuple[Person, Person, int]:
    """Ana has the only place of a medic; Ben, who was let go for that, says yes all the same."""
    ana, ben = town.person("Ana"), town.person("Ben")
    callout = launch(town, {"medic": 1, "driver": 1}, mode=CalloutMode.EVERYONE)
    ana.gets("AL")
    ben.gets("AL")
    ana.replies("1").gets("Port gate 3")
    ben.gets("no longer needed", "do not set out").replies("1").gets("you are our reserve", "do not set out")
    return ana, ben, callout


def test_a_reserve_who_is_needed_after_all_moves_up_and_is_told(town: Town) -> None:
    ana, ben, callout = reserve(town)
    ana.replies("2").gets("you are not coming")
    ben.gets("Come to Port gate 3").gets_nothing()
    assert row(town, callout, ben).need == "medic"
    callouts.stand_down(SYSTEM, callout)
    ben.gets("turn back safely")


def test_a_reserve_at_home_need_not_check_out(town: Town) -> None:
    ana, ben, callout = reserve(town)
    callouts.stand_down(SYSTEM, callout)
    ana.gets("turn back safely").replies("5").gets("out of the field")
    ben.gets("do not set out", "Thank you for being ready")
    town.passes(minutes=24 * HOURS)
    ben.gets_nothing()


def test_a_reserve_on_the_way_is_told_not_to_come_and_watched_all_the_same(town: Town) -> None:
    ana, ben, callout = reserve(town)
    ben.replies("on my way").gets("you are our reserve", "do not set out")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("turn back safely")
    ben.gets("turn back safely", "text 5")
    assert where(town, callout, ben) is Whereabouts.RETURNING


def test_the_limited_are_never_counted_by_themselves(town: Town) -> None:
    (ana, ben, eve), callout = three(town, {"medic": 2}, "1", "3", "2")
    ana.gets("Port gate 3")
    ben.gets("only if really needed")
    eve.gets("do not expect you")
    ana.replies("2").gets("ask somebody else")
    ben.gets_nothing()
    assert town.board(callout).needs[0].assigned == 0


# --- no, after yes ----------------------------------------------------------------------------------


def test_a_withdrawal_opens_the_place_again_and_somebody_else_is_asked(town: Town) -> None:
    ana = town.person("Ana")
    ben = town.person("Ben", lat=41.45, lon=19.45)
    callout = launch(town)
    ana.gets("AL").replies("1").gets("Port gate 3")
    ana.replies("2").gets("we ask somebody else")
    ben.gets("Needed").replies("1").gets("Port gate 3")
    assert town.board(callout).counts == {RecipientState.WITHDRAWN: 1, RecipientState.ACCEPTED: 1}
    town.passes(minutes=6 * HOURS + 15)
    ben.gets("we expected you")
    town.passes(minutes=12 * HOURS)
    ben.gets("home safely")
    ana.gets_nothing()  # she never set out


def test_who_withdraws_on_the_way_must_still_get_home(town: Town) -> None:
    ana, callout = comes(town)
    ana.replies("on my way").gets("on your way")
    ana.replies("2").gets("not coming")
    assert where(town, callout, ana) is Whereabouts.RETURNING
    town.passes(minutes=2 * HOURS)
    ana.gets("home safely").replies("5").gets("out of the field")
    assert where(town, callout, ana) is Whereabouts.HOME


def test_leaving_before_the_time_opens_the_place(town: Town) -> None:
    ana, callout = comes(town)
    ana.replies("4").gets("arrived")
    ana.replies("5").gets("out of the field")
    seen = town.board(callout)
    assert seen.counts == {RecipientState.WITHDRAWN: 1}
    assert seen.callout.status is CalloutStatus.ASKING


def test_leaving_after_the_time_is_a_place_served(town: Town) -> None:
    ana, callout = comes(town)
    ana.replies("4").gets("arrived")
    town.passes(minutes=7 * HOURS)
    ana.replies("5").gets("out of the field")
    seen = town.board(callout)
    assert [need.arrived for need in seen.needs] == [1]
    assert seen.callout.status is CalloutStatus.FILLED
    callouts.stand_down(SYSTEM, callout)
    ana.gets_nothing()  # has left already


def test_nobody_leaves_what_they_did_not_come_to(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 2})
    ana.gets("AL").replies("5").gets("did not understand")
    assert town.board(callout).counts == {RecipientState.ASKED: 1}


# --- reminders --------------------------------------------------------------------------------------


def test_the_silent_are_reminded_once(town: Town) -> None:
    ana = town.person("Ana")
    launch(town, {"medic": 2})
    ana.gets("AL")
    town.passes(minutes=9)
    ana.gets_nothing()
    town.passes(minutes=1)
    ana.gets("no answer from you", "1", "2", "3")
    town.passes(minutes=120)
    ana.gets_nothing().replies("1").gets("Port gate 3")


@pytest.mark.parametrize("word", ["1", "2", "3", "what?"])
def test_who_has_written_is_not_called_silent(town: Town, word: str) -> None:
    ana = town.person("Ana")
    launch(town, {"medic": 2})
    ana.gets("AL").replies(word).gets("1" if word == "what?" else "AL")
    town.passes(minutes=30)
    ana.gets_nothing()


def test_nobody_is_reminded_one_by_one_or_once_asking_is_stopped(town: Town) -> None:
    ana, ben = town.person("Ana"), town.person("Ben", skills=["driver"])
    launch(town, {"medic": 1}, mode=CalloutMode.ONE_BY_ONE)
    stopped = launch(town, {"driver": 1})
    ana.gets("AL")
    ben.gets("AL")
    callouts.stop_asking(SYSTEM, stopped)
    town.passes(minutes=60)
    ana.gets_nothing()
    ben.gets_nothing()


def test_a_reminder_that_still_waits_goes_with_the_answer(town: Town) -> None:
    ana = town.person("Ana")
    launch(town, {"medic": 2})
    ana.gets("AL")
    town.clock.advance(minutes=10)
    assert reminders.remind_due() == 1
    ana.types("1")
    assert inbox.understand_pending() == 1
    ana.gets("Port gate 3").gets_nothing()


def test_who_opted_out_is_not_reminded(town: Town) -> None:
    ana = town.person("Ana")
    launch(town, {"medic": 2})
    ana.gets("AL").replies("STOP")
    town.passes(minutes=60)
    ana.gets_nothing()


def test_who_should_have_arrived_is_asked_once_and_then_shown(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town)
    ana.gets("AL").replies("1 20").gets("Port gate 3")
    town.passes(minutes=35)
    ana.gets("we expected you at Port gate 3", "4")
    assert where(town, callout, ana) is None
    town.passes(minutes=15)
    assert where(town, callout, ana) is Whereabouts.OVERDUE
    town.passes(minutes=60)
    ana.gets_nothing().replies("1 10").gets("we expect you at")
    assert where(town, callout, ana) is None
    town.passes(minutes=25)
    ana.gets("we expected you").replies("4").gets("arrived")
    assert where(town, callout, ana) is Whereabouts.ON_SCENE


def test_without_a_time_of_their_own_people_are_due_by_the_callouts(town: Town) -> None:
    ana, _callout = comes(town)
    town.passes(minutes=6 * HOURS + 14)
    ana.gets_nothing()
    town.passes(minutes=1)
    ana.gets("we expected you")


# --- the end, and the way home ----------------------------------------------------------------------


def test_the_stand_down_says_what_each_must_do(town: Town) -> None:
    (ana, ben, eve), callout = three(town, {"medic": 4}, "1", "1")
    ana.gets("Port gate 3").replies("4").gets("arrived")
    ben.gets("Port gate 3")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("the call is over", "go home safely", "text 5")
    ben.gets("no longer needed", "turn back safely", "text 5")
    eve.gets("no longer needed", "do not set out", "Thank you for being ready")
    assert [where(town, callout, p) for p in (ana, ben, eve)] == [
        Whereabouts.RETURNING,
        Whereabouts.RETURNING,
        None,
    ]


def test_who_is_home_checks_out(town: Town) -> None:
    ana, callout = comes(town)
    ana.replies("4").gets("arrived")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("the call is over")
    town.passes(minutes=40)
    ana.replies("5").gets("out of the field", "Thank you")
    assert where(town, callout, ana) is Whereabouts.HOME
    assert town.board(callout).counts == {RecipientState.ARRIVED: 1}
    town.passes(minutes=24 * HOURS)
    ana.gets_nothing()
    assert alarms() == []


def test_who_does_not_check_out_is_asked_and_then_missed(town: Town) -> None:
    ana, callout = comes(town)
    ana.replies("4").gets("arrived")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("the call is over")
    town.passes(minutes=2 * HOURS)
    ana.gets("are you home safely", "text 5")
    assert where(town, callout, ana) is Whereabouts.MISSING
    town.passes(minutes=29)
    assert alarms() == []
    town.passes(minutes=1)
    assert len(alarms()) == 1
    assert "Ana Test has not checked out" in alarms()[0]
    town.passes(minutes=120)
    ana.gets_nothing().replies("5").gets("out of the field")
    assert alarms() == []


def test_a_person_on_scene_is_not_forgotten_without_a_stand_down(town: Town) -> None:
    ana, _callout = comes(town)
    ana.replies("4").gets("arrived")
    town.passes(minutes=12 * HOURS)
    ana.gets("home safely").replies("4").gets("arrived")  # no: still there
    town.passes(minutes=2 * HOURS)
    ana.gets("home safely")
    town.passes(minutes=30)
    assert len(alarms()) == 1
    ana.replies("5").gets("out of the field")


def test_nor_is_one_who_was_never_heard_of_again(town: Town) -> None:
    ana, _callout = comes(town)
    town.passes(minutes=6 * HOURS + 15)
    ana.gets("we expected you")
    town.passes(minutes=12 * HOURS)
    ana.gets("home safely")
    town.passes(minutes=30)
    assert "Ana Test has not checked out" in alarms()[0]


def test_a_coordinator_who_has_spoken_to_somebody_checks_them_out(town: Town) -> None:
    ana, callout = comes(town)
    ana.replies("4").gets("arrived")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("the call is over")
    town.passes(minutes=3 * HOURS)
    ana.gets("home safely")
    town.passes(minutes=30)
    assert len(alarms()) == 1
    check_outs.check_out(SYSTEM, row(town, callout, ana).id)
    assert alarms() == []
    assert where(town, callout, ana) is Whereabouts.HOME
    town.passes(minutes=24 * HOURS)
    ana.gets_nothing()


@pytest.mark.parametrize("word", ["yes", "no"])
def test_asked_whether_they_are_home_a_yes_or_a_no_is_not_enough(town: Town, word: str) -> None:
    ana, callout = comes(town)
    ana.replies("4").gets("arrived")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("the call is over")
    town.passes(minutes=2 * HOURS)
    ana.gets("home safely").replies(word).gets("home safely", "text 5")
    assert where(town, callout, ana) is Whereabouts.MISSING
    assert len(alarms()) == (word == "no")  # a no may be a call for help
    ana.replies("5").gets("out of the field")
    assert alarms() == []


def test_who_opts_out_on_the_way_is_still_looked_for_without_a_text(town: Town) -> None:
    ana, _callout = comes(town)
    ana.replies("on my way").gets("on your way")
    ana.replies("STOP")
    town.passes(minutes=2 * HOURS)
    town.passes(minutes=30)
    ana.gets_nothing()
    assert len(alarms()) == 1


# --- late answers -----------------------------------------------------------------------------------


def test_who_sets_out_for_what_is_over_is_told_to_turn_back(town: Town) -> None:
    (ana, ben, eve), callout = three(town, {"medic": 1}, "1")
    ana.gets("Port gate 3")
    ben.gets("no longer needed").replies("on my way").gets("turn back safely", "text 5")
    assert where(town, callout, ben) is Whereabouts.RETURNING
    eve.gets("no longer needed").replies("1").gets("after we had found enough")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("turn back safely")
    eve.replies("on my way").gets("turn back safely", "text 5")
    ben.replies("5").gets("out of the field")
    assert town.board(callout).counts == {RecipientState.ACCEPTED: 1, RecipientState.STOOD_DOWN: 2}


@pytest.mark.parametrize("word", ["1", "1 20", "2", "3"])
def test_an_answer_after_the_end_is_kept_shown_and_answered(town: Town, word: str) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 2})
    ana.gets("AL")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("no longer needed")
    town.passes(minutes=300)
    ana.replies(word).gets("this call is over")
    assert town.board(callout).latest_inbound[0].body == word
    assert town.board(callout).counts == {RecipientState.STOOD_DOWN: 1}


def test_on_scene_of_what_is_over_one_is_sent_home(town: Town) -> None:
    ana, callout = comes(town)
    callouts.stand_down(SYSTEM, callout)
    ana.gets("turn back safely").replies("4").gets("go home safely", "text 5")
    town.passes(minutes=2 * HOURS)
    ana.gets("home safely").replies("5").gets("out of the field")


def test_who_never_set_out_says_so_and_is_not_looked_for(town: Town) -> None:
    ana, callout = comes(town)
    callouts.stand_down(SYSTEM, callout)
    ana.gets("turn back safely").replies("2").gets("this call is over")
    town.passes(minutes=24 * HOURS)
    ana.gets_nothing()


# --- which call-out ---------------------------------------------------------------------------------


def two_open(town: Town) -> tuple[Person, int, int]:
    ana = town.person("Ana")
    first = launch(town, {"medic": 2})
    ana.gets("AL")
    second = launch(town, {"medic": 2})
    ana.gets("B1")
    return ana, first, second


@pytest.mark.parametrize("word", ["1", "yes", "C1", "4"])
def test_with_two_open_and_no_such_letter_one_is_asked_which(town: Town, word: str) -> None:
    ana, first, second = two_open(town)
    ana.replies(word).gets("Which call", "A1", "B1")
    assert town.board(first).counts == town.board(second).counts == {RecipientState.ASKED: 1}


def test_each_letter_has_its_own_dialogue(town: Town) -> None:
    ana, first, second = two_open(town)
    ana.replies("B1 20").gets("Port gate 3", "B4", "B2")
    ana.replies("A2").gets("AL")
    assert town.board(first).counts == {RecipientState.DECLINED: 1}
    ana.replies("B4").gets("arrived")
    callouts.stand_down(SYSTEM, second)
    ana.gets("B5").replies("B5").gets("out of the field")
    assert where(town, second, ana) is Whereabouts.HOME


def test_home_is_home_from_what_is_over_though_a_new_call_is_open(town: Town) -> None:
    ana, first = comes(town)
    callouts.stand_down(SYSTEM, first)
    ana.gets("turn back safely")
    second = launch(town)
    ana.gets("Needed").replies("5").gets("out of the field")
    assert where(town, first, ana) is Whereabouts.HOME
    assert town.board(second).counts == {RecipientState.ASKED: 1}
    ana.replies("1").gets("Port gate 3")


def test_a_yes_to_whether_one_is_home_is_not_taken_for_a_yes_to_a_new_call(town: Town) -> None:
    ana, _ = is_asked_whether_home(town)
    second = launch(town, {"medic": 2})
    ana.gets("Needed").replies("yes").gets("did not understand")
    assert town.board(second).counts == {RecipientState.ASKED: 1}
    ana.replies("5").gets("out of the field")
    ana.replies("1").gets("Port gate 3")


def test_on_my_way_may_be_the_way_home(town: Town) -> None:
    ana, first = is_asked_whether_home(town)
    second = launch(town, {"medic": 2})
    ana.gets("Needed").replies("on my way").gets("did not understand")
    assert town.board(second).counts == {RecipientState.ASKED: 1}
    assert where(town, first, ana) is Whereabouts.MISSING


def test_the_letter_of_another_call_checks_nobody_out(town: Town) -> None:
    ana, first, second = two_open(town)
    ana.replies("A4").gets("arrived")
    ana.replies("B5").gets("did not understand")
    assert where(town, first, ana) is Whereabouts.ON_SCENE
    assert town.board(second).counts == {RecipientState.ASKED: 1}


def test_who_opted_out_is_not_answered(town: Town) -> None:
    ana, _ = comes(town)
    ana.replies("take me off your list").replies("STATUS").replies("qwerty").gets_nothing()


def test_who_is_at_another_callout_is_not_lost_in_the_first(town: Town) -> None:
    ana, first = comes(town)
    callouts.stand_down(SYSTEM, first)
    ana.gets("turn back safely")
    second = launch(town)
    ana.gets("Needed").replies("on my way").gets("Port gate 3")
    assert where(town, first, ana) is Whereabouts.HOME
    assert where(town, second, ana) is Whereabouts.ON_THE_WAY


def test_our_own_text_sent_on_to_us_changes_nothing(town: Town) -> None:
    ana, callout = comes(town, needs={"medic": 3})
    ben = town.person("Ben")
    callouts.ask_more(SYSTEM, callout, 1)
    ben.gets("Needed")
    call, rendezvous = (record.body for record in town.carrier.ledger[:2])
    ben.replies(rendezvous).gets("did not understand")
    ben.replies(call).gets_nothing()
    ana.replies(call).gets_nothing()
    assert town.board(callout).counts == {RecipientState.ASKED: 1, RecipientState.ACCEPTED: 1}
    assert town.board(callout).unclear == 1


def test_what_is_unclear_is_asked_back_once_a_callout_then_left_to_people(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 2})
    ana.gets("AL").replies("qwerty").gets("did not understand", "1 yes")
    ana.replies("qwertz").gets_nothing()
    effects = [i.effect for i in db.session.query(InboundMessage).order_by(InboundMessage.id)]
    assert effects == ["not understood; asked back once", "not understood; please read it"]
    assert town.board(callout).unclear == 2


def test_rest_begins_on_scene(town: Town) -> None:
    ana, _callout = comes(town)
    ana.replies("4").gets("arrived")
    assert db.session.get_one(Volunteer, ana.id).resting_until is not None
