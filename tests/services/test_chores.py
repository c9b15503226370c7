"""Chores: one engine at a time, no leader, nothing that a dead engine holds."""

import threading
from datetime import timedelta

from flask import Flask

from mobilize.extensions import db
from mobilize.services import chores
from mobilize.services.ports import FastForwardClock

MINUTE = timedelta(minutes=1)


def test_a_chore_is_done_once_each_time_it_is_due(app: Flask, clock: FastForwardClock) -> None:
    assert [chores.take("sweep", MINUTE) for _ in range(3)] == [True, False, False]
    clock.advance(seconds=59)
    assert not chores.take("sweep", MINUTE)
    clock.advance(seconds=1)
    assert [chores.take("sweep", MINUTE) for _ in range(2)] == [True, False]


def test_an_engine_that_died_doing_it_holds_nothing(app: Flask, clock: FastForwardClock) -> None:
    assert chores.take("sweep", MINUTE)  # and never says that it is done
    clock.advance(minutes=1)
    assert chores.take("sweep", MINUTE)
    assert chores.last_done("sweep") is None


def test_what_ended_well_is_known(app: Flask, clock: FastForwardClock) -> None:
    chores.take("sweep", MINUTE)
    chores.done("sweep", clock.now())
    assert chores.last_done("sweep") == clock.now()


def test_of_many_engines_one_does_it(app: Flask, clock: FastForwardClock) -> None:
    taken: list[bool] = []
    start = threading.Barrier(4)

    def engine() -> None:
        with app.app_context():
            for _ in range(5):
                start.wait()
                taken.append(chores.take("sweep", MINUTE))
                db.session.remove()
                if start.wait() == 0:
                    clock.advance(minutes=1)

    engines = [threading.Thread(target=engine) for _ in range(4)]
    for thread in engines:
        thread.start()
    for thread in engines:
        thread.join()
    assert taken.count(True) == 5
