"""What the engine does at each tick, in order. A tick is a function that does a bounded piece of work
in transactions of its own and returns how much it did; all are safe in several processes at once.
"""

from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from mobilize.domain.errors import MobilizeError
from mobilize.extensions import db
from mobilize.gateways.simulator import SimulatorGateway
from mobilize.services import (
    asking,
    audit,
    call_placing,
    call_reports,
    calls,
    dispatch,
    heartbeats,
    inbox,
    lapses,
    learning,
    live_places,
    receipts,
    reconcile,
    reminders,
    waves,
)
from mobilize.services.runtime import now, runtime

from . import simulation

log = structlog.get_logger(__name__)

#: What ends one tick, not the engine: the database away or busy, a refusal, the network.
PASSING_FAULTS = (SQLAlchemyError, MobilizeError, OSError)

Tick = Callable[[], int]


def play_simulated_phones() -> int:
    """Let simulated phones receive and answer, where phones are simulated."""
    simulated = any(isinstance(gateway, SimulatorGateway) for gateway in runtime().gateways)
    return simulation.play_due(now()) if simulated else 0


def ask_next_waves() -> int:
    return waves.advance(now())


#: What cannot wait: the next wave, and from an answer to its effect. Sending has a thread of its own.
URGENT: Mapping[str, Tick] = {
    "waves": ask_next_waves,
    "simulated phones": play_simulated_phones,
    "receipts": receipts.apply_pending,
    "inbox": inbox.understand_pending,
}
#: What may wait for seconds.
CALM: Mapping[str, Tick] = {
    "last asked": asking.note_asked,
    "reminders": reminders.remind_due,
    "deadlines": dispatch.expire_overdue,
    "leases": dispatch.release_leases,
    "silent engines": heartbeats.watch,
    "audit": audit.seal,
    "how people answer": learning.learn_when_due,
    "certificates": lapses.announce_when_due,
    "expired places": live_places.forget_expired,
}
#: What asks a provider, and so may wait for a minute: apart, since deadlines and alarms do not wait for it.
ASKING: Mapping[str, Tick] = {
    "doubts and silence": reconcile.look_up_due,
    "lost answers": reconcile.sweep_inbound,
}
#: What concerns calls. Placing one waits for the provider, so these, too, stand apart.
CALLING: Mapping[str, Tick] = {
    "leases of calls": call_placing.release_leases,
    "calls taken back": calls.take_back,
    "calls to the silent": calls.write_due,
    "placing calls": call_placing.place_due,
    "calls in doubt": call_reports.look_up_due,
}


def run_urgent() -> int:
    return _run(URGENT)


def run_calm() -> int:
    return _run(CALM)


def run_asking() -> int:
    return _run(ASKING)


def run_calling() -> int:
    return _run(CALLING)


def _run(listed: Mapping[str, Tick]) -> int:
    """Run ticks in order. One that fails is told and left for the next time; the others go on."""
    done = 0
    for name, tick in listed.items():
        try:
            done += tick()
        except PASSING_FAULTS:
            log.exception("a tick failed; the next one tries again", tick=name)
            db.session.rollback()
    return done


def run_once() -> int:
    """Every tick once, in order, and sending; for drills and tests, which wind the clock between calls."""
    done = _run({"deadlines": dispatch.expire_overdue, "waves": ask_next_waves, "send": dispatch.send_due})
    done += run_urgent() + run_calm() + run_asking() + run_calling()
    db.session.remove()
    return done
