"""What the engine does at each tick, in order. A tick is a function that does a bounded piece of work
in transactions of its own and returns how much it did; all are safe in several processes at once.
"""

from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from mobilize.domain.errors import MobilizeError
from mobilize.extensions import db
from mobilize.gateways.simulator import SimulatorGateway
from mobilize.services import audit, callouts, dispatch, inbox, receipts, reconcile
from mobilize.services.runtime import now, runtime

from . import simulation

log = structlog.get_logger(__name__)

Tick = Callable[[], int]


def play_simulated_phones() -> int:
    """Let simulated phones receive and answer, where phones are simulated."""
    return simulation.play_due(now()) if isinstance(runtime().sms, SimulatorGateway) else 0


def ask_next_waves() -> int:
    return callouts.advance(now())


#: What cannot wait: from a decision to a text on its way, and from an answer to its effect.
URGENT: Mapping[str, Tick] = {
    "deadlines": dispatch.expire_overdue,
    "waves": ask_next_waves,
    "send": dispatch.send_due,
    "simulated phones": play_simulated_phones,
    "receipts": receipts.apply_pending,
    "inbox": inbox.understand_pending,
}
#: What may wait for seconds.
CALM: Mapping[str, Tick] = {
    "leases": dispatch.release_leases,
    "reconcile": reconcile.settle_unknown,
    "audit": audit.seal,
}


def run_urgent() -> int:
    return _run(URGENT)


def run_calm() -> int:
    return _run(CALM)


def _run(listed: Mapping[str, Tick]) -> int:
    """Run ticks in order. One that fails is told and left for the next time; the others go on."""
    done = 0
    for name, tick in listed.items():
        try:
            done += tick()
        except (SQLAlchemyError, MobilizeError, OSError):
            log.exception("a tick failed; the next one tries again", tick=name)
            db.session.rollback()
    return done


def run_once() -> int:
    """Every tick once, in order; for drills and tests, which wind the clock between calls."""
    done = run_urgent() + run_calm()
    db.session.remove()
    return done
