"""What coordinators and volunteers experience, from the launch to the stand-down."""

from typing import Any

from mobilize.domain.vocabulary import CalloutMode, CalloutStatus, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, Recipient, Volunteer
from mobilize.services import callouts, emergencies
from mobilize.services.access import SYSTEM

from .conftest import Town


def _launch(town: Town, needs: dict[str, int], **changes: Any) -> int:
    callout = town.world.callout(needs, **changes)
    callouts.launch(SYSTEM, callout.id)
    return callout.id


def test_one_is_needed_and_the_nearest_comes(town: Town) -> None:
    ana = town.person("Ana")
    ben = town.person("Ben", lat=41.45, lon=19.45)
    callout = _launch(town, {"medic": 1})

    ana.gets("AL", "1")
    ben.gets_nothing()
    ana.replies("1 20").gets("Port gate 3")

    seen = town.board(callout)
    assert seen.callout.status is CalloutStatus.FILLED
    assert [(n.assigned, n.headcount) for n in seen.needs] == [(1, 1)]
    assert (seen.recipients[0].eta_at - town.clock.now()).total_seconds() == 20 * 60  # type: ignore[operator]


def test_a_no_brings_the_next_wave_at_once(town: Town) -> None:
    ana = town.person("Ana")
    ben = town.person("Ben", lat=41.45, lon=19.45)
    callout = _launch(town, {"medic": 1})

    ana.gets("AL")
    ben.gets_nothing()
    ana.replies("2").gets("AL")
    ben.gets("AL").replies("yes").gets("Port gate 3")
    assert town.board(callout).counts == {RecipientState.DECLINED: 1, RecipientState.ACCEPTED: 1}


def test_at_quota_the_silent_are_stood_down_and_a_late_yes_is_thanked(town: Town) -> None:
    ana, ben = town.person("Ana"), town.person("Ben", lat=41.45, lon=19.45)
    callout = _launch(town, {"medic": 1}, mode=CalloutMode.EVERYONE)

    ana.gets("AL")
    ben.gets("AL")
    ana.replies("1").gets("Port gate 3")
    ben.gets("AL")  # the stand-down
    ben.replies("1").gets("AL")
    assert town.board(callout).counts[RecipientState.STOOD_DOWN] == 1


def test_who_withdraws_is_replaced_by_the_reserve(town: Town) -> None:
    ana, ben, eve = town.person("Ana"), town.person("Ben"), town.person("Eve")
    callout = _launch(town, {"medic": 2}, mode=CalloutMode.EVERYONE)
    for person in (ana, ben, eve):
        person.gets("AL")
    ana.replies("1").gets("Port gate 3")
    ben.replies("1").gets("Port gate 3")
    eve.gets("AL")  # stood down: two are enough

    ana.replies("2").gets("AL")
    seen = town.board(callout)
    assert seen.callout.status is CalloutStatus.ASKING
    eve.replies("1").gets("Port gate 3")
    assert town.board(callout).callout.status is CalloutStatus.FILLED


def test_one_person_never_fills_two_needs(town: Town) -> None:
    both = town.person("Ana", skills=["medic", "interpreter"])
    medic = town.person("Ben", skills=["medic"], lat=41.45)
    callout = _launch(town, {"medic": 1, "interpreter": 1}, mode=CalloutMode.EVERYONE)
    both.gets("AL").replies("1").gets("Port gate 3")
    medic.gets("AL").replies("1").gets("Port gate 3")
    filled = {row.skill: row.assigned for row in town.board(callout).needs}
    assert filled == {"medic": 1, "interpreter": 1}


def test_nobody_hears_twice_of_one_callout(town: Town) -> None:
    ana = town.person("Ana")
    callout = _launch(town, {"medic": 3})
    ana.gets("AL")
    town.passes(minutes=30)
    ana.gets("no answer from you")  # the reminder, once
    callouts.ask_more(SYSTEM, callout, 10)
    town.passes(minutes=30)
    ana.gets_nothing()


def test_after_the_stand_down_nobody_is_called_any_more(town: Town) -> None:
    ana, ben, eve = town.person("Ana"), town.person("Ben", lat=41.45), town.person("Eve", lat=41.55)
    callout = _launch(town, {"medic": 2}, mode=CalloutMode.ONE_BY_ONE)
    ana.gets("AL").replies("yes").gets("Port gate 3")
    ben.gets("AL")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("AL")
    ben.gets("AL")
    town.passes(minutes=60)
    eve.gets_nothing()
    ana.replies("1").gets("AL")
    assert town.board(callout).callout.status is CalloutStatus.ENDED


def test_ending_the_emergency_stands_everyone_down(town: Town) -> None:
    ana = town.person("Ana")
    emergency = town.world.emergency()
    emergency_id = emergency.id
    callout = _launch(town, {"medic": 2}, emergency=emergency)
    ana.gets("AL")
    emergencies.end(SYSTEM, emergency_id)
    ana.gets("AL")
    assert db.session.get_one(Callout, callout).status is CalloutStatus.ENDED


def test_two_open_callouts_have_two_letters(town: Town) -> None:
    ana = town.person("Ana")
    first = _launch(town, {"medic": 2})
    ana.gets("AL")
    second = _launch(town, {"medic": 2})
    ana.gets("B1")
    ana.replies("1").gets("A", "B")  # which one?
    ana.replies("B1 15").gets("Port gate 3")
    assert town.board(first).counts == {RecipientState.ASKED: 1}
    assert town.board(second).counts == {RecipientState.ACCEPTED: 1}


def test_what_is_not_understood_is_asked_once_and_shown(town: Town) -> None:
    ana = town.person("Ana")
    callout = _launch(town, {"medic": 2})
    ana.gets("AL").replies("qwerty uiop").gets("1")
    ana.replies("still qwerty").gets_nothing()
    seen = town.board(callout)
    assert seen.unclear == 2
    assert seen.latest_inbound[0].body == "still qwerty"


def test_stop_ends_all_texts_until_start(town: Town) -> None:
    ana = town.person("Ana")
    callout = _launch(town, {"medic": 2})
    ana.gets("AL").replies("STOP").gets_nothing()
    assert town.board(callout).counts == {RecipientState.DECLINED: 1}
    _launch(town, {"medic": 2})
    ana.gets_nothing()
    ana.replies("START").gets_nothing()
    assert db.session.get_one(Volunteer, ana.id).opted_out_at is None
    _launch(town, {"medic": 2})
    ana.gets("AL")


def test_who_is_committed_is_not_called_elsewhere(town: Town) -> None:
    ana = town.person("Ana")
    _launch(town, {"medic": 1})
    ana.gets("AL").replies("1").gets("Port gate 3")
    _launch(town, {"medic": 1})
    ana.gets_nothing()


def test_arriving_is_seen(town: Town) -> None:
    ana = town.person("Ana")
    callout = _launch(town, {"medic": 1})
    ana.gets("AL").replies("1").gets("Port gate 3")
    ana.replies("4").gets("AL")
    assert [need.arrived for need in town.board(callout).needs] == [1]


def test_the_limited_are_kept_apart(town: Town) -> None:
    ana = town.person("Ana")
    callout = _launch(town, {"medic": 1})
    ana.gets("AL").replies("3").gets("AL")
    assert town.board(callout).counts == {RecipientState.LIMITED: 1}


def test_a_drill_says_so(town: Town) -> None:
    ana = town.person("Ana")
    _launch(town, {"medic": 1}, emergency=town.world.emergency(drill=True))
    ana.gets("DRILL").replies("2").gets("AL")


def test_every_text_has_its_own_language(town: Town) -> None:
    gent = town.person("Gent", language="sq")
    ugo = town.person("Ugo", language="it")
    _launch(town, {"medic": 3})
    gent.gets("po").replies("po, 15 min").gets("Port gate 3")
    ugo.gets("no").replies("sì, tra 20 min").gets("Port gate 3")


def test_a_stranger_gets_no_answer(town: Town) -> None:
    ana = town.person("Ana")
    _launch(town, {"medic": 1})
    ana.gets("AL")
    stranger = town.person("Zed", skills=[])
    stranger.phone = "+4915112345678"
    stranger.replies("1").gets_nothing()


def test_two_machines_that_answer_each_other_come_to_an_end(town: Town) -> None:
    ana = town.person("Ana")
    _launch(town, {"medic": 1})
    ana.gets("AL")
    for _ in range(20):
        ana.replies("2")
    answered = len(town.unread()[ana.phone])
    town.carrier.unread.clear()
    assert answered == 6


def test_recipients_and_texts_agree(town: Town) -> None:
    people = [town.person(f"P{n}") for n in range(12)]
    _launch(town, {"medic": 4}, mode=CalloutMode.EVERYONE)
    for person in people:
        person.gets("AL")
    asked = db.session.query(Recipient).count()
    assert asked == len(town.carrier.ledger) == 12
    town.delivers_everything()


def test_who_can_only_fill_what_is_full_is_let_go_at_once(town: Town) -> None:
    ana, ben = town.person("Ana"), town.person("Ben", lat=41.45)
    eve = town.person("Eve", skills=["interpreter"])
    _launch(town, {"medic": 1, "interpreter": 1}, mode=CalloutMode.EVERYONE)
    for person in (ana, ben, eve):
        person.gets("AL", "1")
    ana.replies("1").gets("Port gate 3")
    ben.gets("AL")  # the stand-down: another medic came
    eve.gets_nothing().replies("1").gets("Port gate 3")


def test_after_a_no_the_next_callout_needs_no_letter(town: Town) -> None:
    ana = town.person("Ana")
    _launch(town, {"medic": 2})
    ana.gets("AL").replies("2").gets("AL")
    second = _launch(town, {"medic": 2})
    ana.gets("B1").replies("1").gets("Port gate 3")
    assert town.board(second).counts == {RecipientState.ACCEPTED: 1}
