"""An engine that falls silent is an alarm, by its name, until it is back or replaced."""

from flask import Flask

from mobilize.domain.vocabulary import AlarmKind
from mobilize.services import alarms, heartbeats
from mobilize.services.ports import FastForwardClock

A, B = "alpha:1:aaa", "beta:1:bbb"


def missing() -> list[str]:
    return [a.subject for a in alarms.open_alarms() if a.kind is AlarmKind.ENGINE_MISSING]


def falls_silent(clock: FastForwardClock, *going_on: str) -> None:
    for _ in range(7):
        clock.advance(seconds=5)
        for name in going_on:
            heartbeats.beat(name)
    heartbeats.watch()


def test_one_silent_engine_of_two_is_named(app: Flask, clock: FastForwardClock) -> None:
    heartbeats.beat(A)
    heartbeats.beat(B)
    falls_silent(clock, B)
    assert missing() == [A]
    assert heartbeats.engine_seen()


def test_it_is_told_once(app: Flask, clock: FastForwardClock) -> None:
    heartbeats.beat(A)
    heartbeats.beat(B)
    falls_silent(clock, B)
    assert heartbeats.watch() == 0
    assert missing() == [A]


def test_a_short_pause_is_no_alarm(app: Flask, clock: FastForwardClock) -> None:
    heartbeats.beat(A)
    clock.advance(seconds=29)
    assert heartbeats.watch() == 0
    assert missing() == []


def test_the_alarm_ends_when_it_is_back(app: Flask, clock: FastForwardClock) -> None:
    heartbeats.beat(A)
    falls_silent(clock, B)
    heartbeats.beat(A)
    heartbeats.watch()
    assert missing() == []


def test_or_when_another_one_was_started_on_its_machine(app: Flask, clock: FastForwardClock) -> None:
    heartbeats.beat(A)
    falls_silent(clock, B)
    assert missing() == [A]
    heartbeats.beat("alpha:2:ccc")
    heartbeats.watch()
    assert missing() == []


def test_a_second_engine_that_ran_beside_it_all_the_time_replaces_nothing(
    app: Flask, clock: FastForwardClock
) -> None:
    heartbeats.beat(A)
    heartbeats.beat("alpha:2:ccc")
    falls_silent(clock, "alpha:2:ccc")
    assert missing() == [A]


def test_an_engine_that_ends_in_good_order_is_not_missed(app: Flask, clock: FastForwardClock) -> None:
    heartbeats.beat(A)
    heartbeats.beat(B)
    heartbeats.leave(A)
    falls_silent(clock, B)
    assert missing() == []
