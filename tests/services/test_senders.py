"""Pauses: a fault of configuration, or an unreachable provider, stops what it must and burns nothing."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from mobilize.domain.delivery import (
    Deferred,
    ErrorClass,
    MessageState,
    OutboundText,
    Refused,
    SendOutcome,
    Unclear,
)
from mobilize.domain.errors import Conflict, NotFound
from mobilize.domain.vocabulary import AlarmKind
from mobilize.models import Message
from mobilize.services import alarms, dispatch, senders
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import settings
from tests.world import World

from .scripted import SENDER, Script, queue, report, taken, texts, the_text, use

REVOKED = Refused(ErrorClass.CONFIGURATION, 20003, "Authenticate")
NO_LINE = Deferred(ErrorClass.UNREACHABLE, None, "connection refused")


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {"sender_rates": "short_code=100000"}


def paused() -> list[str]:
    return [a.subject for a in alarms.open_alarms() if a.kind is AlarmKind.SENDER_PAUSED]


def states() -> set[MessageState]:
    return {text.state for text in texts()}


def refuses_if(wrong: Callable[[OutboundText], bool], code: int) -> Callable[[OutboundText], SendOutcome]:
    refused = Refused(ErrorClass.CONFIGURATION, code, f"error {code}")
    return lambda text: refused if wrong(text) else taken(text)


class TestRevokedCredentials:
    @pytest.fixture(autouse=True)
    def revoked(self, script: Script, world: World) -> None:
        queue(world.volunteer(), 20)
        script.answer = lambda text: REVOKED
        dispatch.send_due()

    def test_pause_the_provider_and_keep_the_texts(self, script: Script) -> None:
        assert paused() == ["script"]
        assert states() == {MessageState.QUEUED}
        assert dispatch.send_due() == 0

    def test_are_probed_with_one_text_at_a_time(self, script: Script, clock: FastForwardClock) -> None:
        for _ in range(3):
            tried = len(script.given)
            clock.advance(seconds=settings().probe_seconds)
            assert dispatch.send_due() == 1
            assert dispatch.send_due() == 0
            assert len(script.given) == tried + 1

    def test_are_found_mended_by_a_probe(self, script: Script, clock: FastForwardClock) -> None:
        script.answer = taken
        clock.advance(seconds=settings().probe_seconds)
        dispatch.send_due()
        assert paused() == []
        assert states() == {MessageState.ACCEPTED}

    def test_use_up_no_probe_while_there_is_nothing_to_send(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        """Or the first text of the next call-out would wait for the probe after."""
        script.answer = taken
        clock.advance(hours=2)
        dispatch.expire_overdue()
        assert dispatch.send_due() == 0
        clock.advance(seconds=1)
        queue(world.volunteer("Ben"), 2, name="later")
        dispatch.send_due()
        assert [text.state for text in texts()[-2:]] == [MessageState.ACCEPTED] * 2

    def test_are_found_mended_by_hand(self, script: Script) -> None:
        script.answer = taken
        senders.resume(SYSTEM, "script")
        dispatch.send_due()
        assert states() == {MessageState.ACCEPTED}

    def test_pause_again_if_the_hand_was_too_early(self, script: Script) -> None:
        senders.resume(SYSTEM, "script")
        dispatch.send_due()
        assert paused() == ["script"]
        assert states() == {MessageState.QUEUED}

    def test_let_the_backup_take_over(self, script: Script) -> None:
        backup = Script("backup")
        use(script, backup)
        dispatch.send_due()
        assert len(backup.given) == 20
        assert states() == {MessageState.ACCEPTED}


class TestAnUnreachableProvider:
    @pytest.fixture(autouse=True)
    def unreachable(self, message: Message, script: Script) -> None:
        script.answer = lambda text: NO_LINE
        dispatch.send_due()

    def test_is_paused_and_the_text_kept(self) -> None:
        assert paused() == ["script"]
        assert the_text().state is MessageState.QUEUED

    def test_is_probed_soon_and_resumes_by_itself(self, script: Script, clock: FastForwardClock) -> None:
        script.answer = taken
        clock.advance(seconds=5)
        dispatch.send_due()
        assert paused() == []
        assert the_text().state is MessageState.ACCEPTED

    def test_wastes_no_attempt_however_long_it_lasts(self, script: Script, clock: FastForwardClock) -> None:
        for _ in range(100):
            clock.advance(seconds=10)
            dispatch.send_due()
        assert the_text().state is MessageState.QUEUED
        script.answer = taken
        clock.advance(seconds=10)
        dispatch.send_due()
        assert the_text().state is MessageState.ACCEPTED

    def test_lets_the_backup_take_over_meanwhile_and_comes_first_again(
        self, script: Script, clock: FastForwardClock, world: World
    ) -> None:
        backup = Script("backup")
        use(script, backup)
        clock.advance(seconds=4)
        dispatch.send_due()
        assert [text.message_id for text in backup.given] == [the_text().id]
        script.answer = taken
        clock.advance(seconds=30)
        queue(world.volunteer("Ben"), 3, name="later")
        dispatch.send_due()
        queue(world.volunteer("Cem"), 3, name="much later")
        dispatch.send_due()
        assert paused() == []
        assert len([t for t in texts()[-3:] if t.provider == "script"]) == 3


class TestAProviderThatGivesNoClearAnswer:
    """It hangs, or says 503 to everything: each text that it gets is in doubt."""

    @pytest.fixture(autouse=True)
    def mute(self, script: Script, world: World) -> None:
        queue(world.volunteer(), 300)
        script.answer = lambda text: Unclear("HTTP 503")

    def test_is_paused_and_most_texts_are_kept(self, script: Script) -> None:
        dispatch.send_due()
        assert paused() == ["script"]
        assert Counter(text.state for text in texts())[MessageState.QUEUED] >= 200
        assert dispatch.send_due() == 0

    def test_is_probed_with_one_text_at_a_time(self, script: Script, clock: FastForwardClock) -> None:
        dispatch.send_due()
        tried = len(script.given)
        clock.advance(seconds=settings().probe_seconds)
        dispatch.send_due()
        assert len(script.given) == tried + 1
        assert paused() == ["script"]

    def test_goes_on_when_it_answers_again(self, script: Script, clock: FastForwardClock) -> None:
        dispatch.send_due()
        script.answer = taken
        clock.advance(seconds=settings().probe_seconds)
        dispatch.send_due()
        assert paused() == []
        assert MessageState.QUEUED not in states()

    def test_lets_the_backup_send_what_certainly_did_not_go(self, script: Script) -> None:
        backup = Script("backup")
        use(script, backup)
        dispatch.send_due()
        assert set(script.phones()).isdisjoint(backup.phones())
        assert len(script.given) + len(backup.given) == 300
        assert MessageState.QUEUED not in states()

    def test_a_clear_answer_now_and_then_keeps_it_going(self, script: Script) -> None:
        script.answer = lambda text: Unclear("reset") if text.message_id % 5 else taken(text)
        dispatch.send_due()
        assert paused() == []
        assert MessageState.QUEUED not in states()


class TestOneCountry:
    """21408: the account has no permission to text there."""

    @pytest.fixture(autouse=True)
    def italy_is_refused(self, script: Script, world: World) -> None:
        ana = world.volunteer()
        for number in range(5):
            queue(ana, name=f"italy {number}", phone=f"+39333000000{number}")
        queue(ana, 5)
        script.answer = refuses_if(lambda text: text.to.startswith("+39"), 21408)
        dispatch.send_due()

    def test_is_held_back_and_the_others_go(self) -> None:
        assert paused() == ["script to +39"]
        by_country = {text.to_phone[:3]: text.state for text in texts()}
        assert by_country == {"+39": MessageState.QUEUED, "+35": MessageState.ACCEPTED}

    def test_is_probed_with_one_text(self, script: Script, clock: FastForwardClock) -> None:
        tried = len(script.given)
        clock.advance(seconds=settings().probe_seconds)
        dispatch.send_due()
        assert len(script.given) == tried + 1

    def test_does_not_hold_up_others_while_it_lasts(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        clock.advance(seconds=60)
        queue(world.volunteer("Ben"), 3, name="later")
        dispatch.send_due()
        assert [text.state for text in texts()[-3:]] == [MessageState.ACCEPTED] * 3

    def test_ends_with_a_probe_that_succeeds(self, script: Script, clock: FastForwardClock) -> None:
        script.answer = taken
        clock.advance(seconds=settings().probe_seconds)
        dispatch.send_due()
        assert paused() == []
        assert states() == {MessageState.ACCEPTED}

    def test_goes_by_the_backup_if_there_is_one(self, script: Script, clock: FastForwardClock) -> None:
        backup = Script("backup")
        use(script, backup)
        clock.advance(seconds=10)
        dispatch.send_due()
        assert {text.to[:3] for text in backup.given} == {"+39"}
        assert states() == {MessageState.ACCEPTED}


@pytest.mark.parametrize("code", [21606, 30034, 21660, 21703])
class TestOneSender:
    """This number may not send (21606, 30034), is not ours (21660), is a service without numbers (21703)."""

    @pytest.fixture
    def pool(self, message: Message, code: int) -> Script:
        pool = Script("pool", ["11111", "22222"])
        use(pool)
        pool.answer = refuses_if(lambda text: text.sender == "11111", code)
        return pool

    def test_pauses_while_the_others_go_on(self, pool: Script, world: World, code: int) -> None:
        queue(world.volunteer("Ben"), 30)
        dispatch.send_due()
        assert paused() == ["pool:11111"]
        assert states() == {MessageState.ACCEPTED}

    def test_alone_it_keeps_the_texts(self, script: Script, world: World, code: int) -> None:
        script.answer = refuses_if(lambda text: True, code)
        queue(world.volunteer("Ben"), 3)
        dispatch.send_due()
        assert paused() == [f"script:{SENDER}"]
        assert states() == {MessageState.QUEUED}

    def test_a_report_says_so_too(self, message: Message, script: Script, code: int) -> None:
        dispatch.send_due()
        report(message, "failed", code=code)
        assert paused() == [f"script:{SENDER}"]
        assert the_text().state is MessageState.QUEUED


def test_a_sender_that_two_pauses_stop_is_probed_when_both_are_due(
    message: Message, script: Script, clock: FastForwardClock
) -> None:
    """The account's fault came later than the sender's: neither may use up the other's probes."""
    script.answer = refuses_if(lambda text: True, 21606)
    dispatch.send_due()
    clock.advance(seconds=10)
    senders.pause("script", "revoked meanwhile")
    script.answer = taken
    for _ in range(100):
        clock.advance(seconds=1)
        dispatch.send_due()
    assert the_text().state is MessageState.ACCEPTED
    assert paused() == []


class TestByHand:
    """A person's pause is a person's to end."""

    @pytest.fixture(autouse=True)
    def paused_by_hand(self, message: Message) -> None:
        senders.pause_by_hand(SYSTEM, "script")

    def test_nothing_goes_and_nothing_is_probed(self, clock: FastForwardClock) -> None:
        clock.advance(hours=1)
        assert dispatch.send_due() == 0
        assert the_text().state is MessageState.QUEUED

    def test_a_success_that_was_under_way_does_not_end_it(self, script: Script) -> None:
        text = OutboundText(the_text().id, "+355692000001", "Come.", SENDER, 60, 1, the_text().expires_at)
        senders.worked("script", [text])
        assert paused() == ["script"]

    def test_a_fault_does_not_turn_it_into_one_that_ends_by_itself(self, clock: FastForwardClock) -> None:
        senders.pause("script", "revoked")
        clock.advance(hours=1)
        assert dispatch.send_due() == 0

    def test_a_person_ends_it(self) -> None:
        senders.resume(SYSTEM, "script")
        assert dispatch.send_due() == 1
        with pytest.raises(Conflict):
            senders.resume(SYSTEM, "script")

    def test_there_must_be_such_a_sender(self) -> None:
        with pytest.raises(NotFound):
            senders.pause_by_hand(SYSTEM, "pigeon")

    def test_it_is_shown(self) -> None:
        shown = senders.overview(SYSTEM)
        assert [(one.name, [p.retry_at for p in one.pauses]) for one in shown.senders] == [
            (f"script:{SENDER}", [None])
        ]
        assert shown.queued == 1
