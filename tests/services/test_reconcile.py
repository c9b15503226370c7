"""A doubt is settled by evidence; silence is asked about; lost answers are found."""

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mobilize.domain.delivery import DoubtEnding, MessageState, ProviderRecord, ReceivedRecord, Unclear
from mobilize.domain.vocabulary import RecipientState
from mobilize.extensions import db
from mobilize.models import InboundMessage, Message, Recipient
from mobilize.services import alarms, callouts, dispatch, receipts, reconcile, senders
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import settings
from tests.world import World

from .scripted import Script, keep, notes, queue, report, sid_of, steps, taken, the_text, use


def looks(clock: FastForwardClock, times: int = 1) -> None:
    """Time passes until the next look at the provider's list, and what is found is applied."""
    for _ in range(times):
        clock.advance(seconds=settings().doubt_look_seconds + 1)
        reconcile.look_up_due()
        receipts.apply_pending()


def in_doubt(script: Script) -> Message:
    """The text was sent, and no clear answer came."""
    script.answer = lambda text: Unclear("reset")
    dispatch.send_due()
    script.answer = taken
    return the_text()


def call_out(world: World, severity: str) -> None:
    world.volunteer()
    emergency = world.emergency(severity=severity)
    callouts.launch(SYSTEM, world.callout({"medic": 1}, emergency=emergency).id)


class TestEvidence:
    """How ``unknown`` is settled."""

    @pytest.fixture(autouse=True)
    def doubt(self, message: Message, script: Script) -> None:
        assert in_doubt(script).state is MessageState.UNKNOWN

    def test_a_callback_with_our_id_proves_the_send(self) -> None:
        report(the_text(), "sent", sid="SM9")
        assert (the_text().state, the_text().sid) == (MessageState.SENT, "SM9")

    def test_so_does_one_with_a_word_that_nobody_knows(self) -> None:
        report(the_text(), "teleported", sid="SM9")
        assert (the_text().state, the_text().sid) == (MessageState.ACCEPTED, "SM9")
        assert [alarm.subject for alarm in alarms.open_alarms()] == ["teleported"]

    def test_a_list_with_such_a_word_too(self, script: Script, clock: FastForwardClock) -> None:
        """Or the text would be in doubt for ever: there, and never settled."""
        script.lists(the_text(), "SM9", "teleported")
        looks(clock)
        assert (the_text().state, the_text().sid) == (MessageState.ACCEPTED, "SM9")

    def test_the_providers_list_proves_it_too(self, script: Script, clock: FastForwardClock) -> None:
        script.lists(the_text(), "SM7", "delivered")
        looks(clock)
        assert (the_text().state, the_text().sid) == (MessageState.DELIVERED, "SM7")
        assert steps(the_text().id)[-1] == "delivered by reconciliation"

    def test_the_list_may_show_that_it_failed(self, script: Script, clock: FastForwardClock) -> None:
        script.lists(the_text(), "SM7", "undelivered", 30007)
        looks(clock)
        assert the_text().state is MessageState.UNDELIVERED

    def test_one_empty_list_could_be_late(self, script: Script, clock: FastForwardClock) -> None:
        assert reconcile.look_up_due() == 0  # too early to tell
        looks(clock)
        assert the_text().state is MessageState.UNKNOWN
        assert dispatch.send_due() == 0

    def test_two_empty_lists_let_it_go_again(self, script: Script, clock: FastForwardClock) -> None:
        looks(clock, times=2)
        dispatch.send_due()
        assert (the_text().state, the_text().attempt) == (MessageState.ACCEPTED, 2)
        assert the_text().doubt_ending is None

    def test_a_list_that_lags_is_in_time_for_the_second_look(
        self, script: Script, clock: FastForwardClock
    ) -> None:
        looks(clock)
        script.lists(the_text(), "SM7")
        looks(clock)
        assert (the_text().state, the_text().sid) == (MessageState.SENT, "SM7")

    def test_another_text_to_the_same_phone_proves_nothing(
        self, script: Script, clock: FastForwardClock
    ) -> None:
        phone = the_text().to_phone
        script.records = [ProviderRecord("SM7", phone, "other", "sent", None, clock.now())]
        looks(clock, times=2)
        assert the_text().state is MessageState.QUEUED

    def test_nor_does_the_same_text_of_long_ago(self, script: Script, clock: FastForwardClock) -> None:
        old = clock.now() - timedelta(days=1)
        script.records = [ProviderRecord("SM7", the_text().to_phone, the_text().body, "sent", None, old)]
        looks(clock, times=2)
        assert the_text().state is MessageState.QUEUED

    def test_nor_one_that_another_text_of_ours_owns(
        self, script: Script, clock: FastForwardClock, world: World
    ) -> None:
        """Two call-outs with the same words to the same person: each needs proof of its own."""
        doubtful = the_text()
        callouts.launch(SYSTEM, world.callout({"medic": 1}).id)
        other = db.session.scalars(select(Message).where(Message.id != doubtful.id)).one()
        other.body = doubtful.body
        db.session.commit()
        dispatch.send_due()
        script.lists(doubtful, sid_of(other.id))
        looks(clock, times=2)
        doubtful = db.session.get_one(Message, doubtful.id)
        assert (doubtful.state, doubtful.sid) == (MessageState.QUEUED, None)

    def test_a_callback_that_waits_is_applied_instead_of_a_resend(
        self, script: Script, clock: FastForwardClock
    ) -> None:
        looks(clock)
        keep(the_text(), "sent")
        clock.advance(minutes=1)
        reconcile.look_up_due()
        assert the_text().state is MessageState.UNKNOWN
        receipts.apply_pending()
        assert the_text().state is MessageState.SENT

    def test_a_look_that_another_engine_has_taken_over_counts_for_nothing(
        self, script: Script, clock: FastForwardClock
    ) -> None:
        """This engine was frozen while it read the list; the other one has read it, too."""
        find = script.find
        frozen: list[bool] = []

        def find_slowly(phones: Mapping[str, datetime]) -> dict[str, list[ProviderRecord]]:
            found = find(phones)
            if not frozen:
                frozen.append(True)
                clock.advance(seconds=reconcile.LOOK_LEASE.total_seconds() + 1)
                reconcile.look_up_due()
            return found

        script.find = find_slowly  # type: ignore[method-assign]
        looks(clock)
        assert (the_text().state, the_text().empty_looks) == (MessageState.UNKNOWN, 1)

    def test_it_is_not_sent_again_after_the_stand_down(self, script: Script, clock: FastForwardClock) -> None:
        callouts.stand_down(SYSTEM, the_text().callout_id or 0)
        looks(clock, times=2)
        assert the_text().state is MessageState.SUPPRESSED

    def test_nor_after_its_deadline(self, script: Script, clock: FastForwardClock) -> None:
        clock.advance(hours=6)
        looks(clock, times=2)
        tried = len(script.given)
        assert dispatch.send_due() == 0
        dispatch.expire_overdue()
        assert the_text().state is MessageState.EXPIRED
        assert len(script.given) == tried


class TestNoEvidence:
    """The provider's list cannot be had, or has too many texts: then the severity decides, once."""

    def until_the_window_closes(self, script: Script, clock: FastForwardClock, *, capped: bool = False) -> None:
        in_doubt(script)
        script.unreachable = not capped
        script.unlisted = {the_text().to_phone}
        clock.advance(seconds=settings().doubt_window_seconds - 2)
        looks(clock)

    @pytest.mark.parametrize("capped", [False, True])
    def test_a_life_threatening_call_out_is_sent_again_once(
        self, script: Script, world: World, clock: FastForwardClock, capped: bool
    ) -> None:
        call_out(world, "Extreme")
        self.until_the_window_closes(script, clock, capped=capped)
        assert (the_text().state, the_text().doubt_ending) == (MessageState.QUEUED, DoubtEnding.RESENT)
        in_doubt(script)
        assert the_text().state is MessageState.UNKNOWN
        clock.advance(minutes=10)
        reconcile.look_up_due()
        # It stays counted as sent again: that is what its reader may have noticed.
        assert (the_text().state, the_text().doubt_ending) == (MessageState.FAILED, DoubtEnding.RESENT)
        assert len(script.given) == 2

    def test_another_is_given_up_and_its_person_was_not_asked(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        call_out(world, "Minor")
        self.until_the_window_closes(script, clock)
        assert (the_text().state, the_text().doubt_ending) == (MessageState.FAILED, DoubtEnding.GIVEN_UP)
        assert db.session.scalars(select(Recipient.state)).one() is RecipientState.UNREACHABLE
        assert dispatch.send_due() == 0

    def test_before_the_window_closes_nothing_is_decided(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        call_out(world, "Extreme")
        in_doubt(script)
        script.unreachable = True
        looks(clock, times=3)
        assert the_text().state is MessageState.UNKNOWN

    def test_evidence_that_comes_after_it_was_given_up_is_believed(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        call_out(world, "Minor")
        self.until_the_window_closes(script, clock)
        report(the_text(), "delivered")
        assert the_text().state is MessageState.DELIVERED
        assert db.session.scalars(select(Recipient.state)).one() is RecipientState.ASKED

    def test_evidence_that_comes_after_the_second_text_tells_of_two(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        call_out(world, "Extreme")
        self.until_the_window_closes(script, clock)
        dispatch.send_due()
        report(the_text(), "delivered", attempt=1)
        assert notes() == [receipts.SECOND_COPY]

    def test_a_text_that_was_stood_down_meanwhile_counts_as_not_resent(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        call_out(world, "Extreme")
        in_doubt(script)
        callouts.stand_down(SYSTEM, the_text().callout_id or 0)
        script.unreachable = True
        clock.advance(minutes=6)
        reconcile.look_up_due()
        assert (the_text().state, the_text().doubt_ending) == (MessageState.SUPPRESSED, None)

    def test_a_text_whose_deadline_has_passed_is_not_resent(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        call_out(world, "Extreme")
        in_doubt(script)
        script.unreachable = True
        clock.advance(hours=7)
        reconcile.look_up_due()
        assert (the_text().state, the_text().doubt_ending) == (MessageState.FAILED, DoubtEnding.GIVEN_UP)

    def test_the_second_text_stays_with_its_provider(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        """The backup is for texts that certainly were not sent."""
        backup = Script("backup")
        use(script, backup)
        call_out(world, "Extreme")
        self.until_the_window_closes(script, clock)
        senders.pause("script", "revoked")
        dispatch.send_due()
        assert backup.given == []
        assert the_text().state is MessageState.QUEUED
        senders.resume(SYSTEM, "script")
        clock.advance(seconds=10)
        dispatch.send_due()
        assert (the_text().provider, the_text().attempt) == ("script", 2)

    def test_a_provider_that_is_no_longer_set_up_counts_as_silent(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        call_out(world, "Minor")
        in_doubt(script)
        use(Script("another"))
        clock.advance(minutes=6)
        reconcile.look_up_due()
        assert the_text().doubt_ending is DoubtEnding.GIVEN_UP


class TestSilence:
    """Texts that were taken, and of which nothing is heard."""

    @pytest.fixture(autouse=True)
    def accepted(self, message: Message, script: Script) -> None:
        dispatch.send_due()

    def test_is_asked_about_and_what_is_found_is_applied(self, script: Script, clock: FastForwardClock) -> None:
        clock.advance(seconds=settings().silence_seconds + 1)
        script.lists(the_text(), sid_of(the_text().id), "delivered")
        reconcile.look_up_due()
        receipts.apply_pending()
        assert the_text().state is MessageState.DELIVERED
        assert script.fetched == [sid_of(the_text().id)]

    def test_of_a_text_that_was_only_sent_too(self, script: Script, clock: FastForwardClock) -> None:
        report(the_text(), "sent")
        clock.advance(seconds=settings().silence_seconds + 1)
        script.lists(the_text(), sid_of(the_text().id), "undelivered", 30003)
        reconcile.look_up_due()
        receipts.apply_pending()
        assert the_text().state is MessageState.QUEUED

    def test_keeps_no_doubt_waiting(self, script: Script, world: World, clock: FastForwardClock) -> None:
        """Callbacks do not reach us, so that the silent are due by the thousand, and were due before."""
        script.answer = lambda text: Unclear("reset")
        clock.advance(seconds=settings().silence_seconds - settings().doubt_look_seconds)
        (doubtful,) = queue(world.volunteer("Ben"))
        dispatch.send_due()
        clock.advance(seconds=settings().doubt_look_seconds + 1)
        reconcile.look_up_due(limit=1)
        assert script.fetched == []
        assert db.session.get_one(Message, doubtful).empty_looks == 1

    def test_of_a_text_of_a_provider_that_is_no_longer_set_up_ends_too(self, clock: FastForwardClock) -> None:
        use(Script("another"))
        clock.advance(hours=8)
        reconcile.look_up_due()
        assert the_text().look_at is None

    def test_is_asked_about_ever_more_seldom_and_not_for_ever(
        self, script: Script, clock: FastForwardClock
    ) -> None:
        asked_at: list[float] = []
        begin = clock.now()
        for _ in range(10 * 60):
            clock.advance(minutes=1)
            if reconcile.look_up_due():
                asked_at.append((clock.now() - begin).total_seconds() / 60)
        pauses = [later - earlier for earlier, later in itertools.pairwise(asked_at)]
        assert pauses == sorted(pauses)
        assert 4 <= len(asked_at) <= 10
        assert the_text().look_at is None


class TestLostAnswers:
    """Texts from phones whose webhook never came."""

    def typed(self, sid: str, clock: FastForwardClock, body: str = "1") -> ReceivedRecord:
        return ReceivedRecord(sid, "+355692000001", "77777", body, clock.now())

    def sweep(self, clock: FastForwardClock) -> int:
        clock.advance(seconds=settings().inbound_sweep_seconds + 1)
        return reconcile.sweep_inbound()

    def bodies(self) -> list[str]:
        return list(db.session.scalars(select(InboundMessage.body).order_by(InboundMessage.id)))

    def test_are_found_once(self, script: Script, clock: FastForwardClock) -> None:
        script.typed = [self.typed("IN1", clock), self.typed("IN2", clock, "no")]
        assert [self.sweep(clock) for _ in range(3)] == [2, 0, 0]
        assert self.bodies() == ["1", "no"]

    def test_only_one_engine_looks(self, script: Script, clock: FastForwardClock) -> None:
        self.sweep(clock)
        reconcile.sweep_inbound()
        assert len(script.swept) == 1

    def test_each_look_reaches_back_behind_the_last(self, script: Script, clock: FastForwardClock) -> None:
        self.sweep(clock)
        began = clock.now()
        self.sweep(clock)
        assert script.swept[1] == began - reconcile.OVERLAP

    def test_nothing_is_missed_while_the_provider_is_unreachable(
        self, script: Script, clock: FastForwardClock
    ) -> None:
        self.sweep(clock)
        script.typed = [self.typed("IN1", clock)]
        script.unreachable = True
        for _ in range(60):
            assert self.sweep(clock) == 0
        script.unreachable = False
        assert self.sweep(clock) == 1

    def test_the_backup_is_asked_even_if_the_first_is_away(
        self, script: Script, clock: FastForwardClock
    ) -> None:
        backup = Script("backup")
        backup.typed = [self.typed("IN1", clock)]
        script.unreachable = True
        use(script, backup)
        assert self.sweep(clock) == 1


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {"plan_seconds": 3600}
