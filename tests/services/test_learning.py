"""Learning how people answer, from real rows on both databases."""

from collections.abc import Sequence

from flask import Flask

from mobilize.domain.acceptance import Model
from mobilize.domain.vocabulary import CalloutMode, RecipientState, Severity
from mobilize.extensions import db
from mobilize.models import Recipient, Volunteer
from mobilize.services import acceptance, callouts, learning, selection
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import now
from tests.world import World


def call_out(world: World, clock: FastForwardClock, yes: Sequence[int], *, drill: bool = False) -> None:
    """Everyone is asked; these say yes after five minutes, the others never answer."""
    emergency = world.emergency(drill=drill, severity=Severity.EXTREME)
    callout = world.callout({"medic": 500}, mode=CalloutMode.EVERYONE, emergency=emergency)
    callouts.launch(SYSTEM, callout.id)
    clock.advance(minutes=5)
    for recipient in db.session.query(Recipient).filter_by(callout_id=callout.id):
        if recipient.volunteer_id in yes:
            recipient.state, recipient.answered_at = RecipientState.ACCEPTED, now()
    db.session.commit()
    clock.advance(hours=3)
    callouts.stand_down(SYSTEM, callout.id)
    clock.advance(hours=30)


def chances(world: World, people: Sequence[Volunteer]) -> list[float]:
    callout = world.callout({"medic": 1}, emergency=world.emergency(severity=Severity.EXTREME))
    ranked = {c.volunteer_id: c for c in selection.select_for(callout).ranked}
    chosen = [ranked[person.id] for person in people]
    return [float(p) for p in acceptance.chances(callout, chosen)]


def test_nothing_is_learned_from_nothing(app: Flask) -> None:
    assert learning.learn(drill=False) is None
    assert acceptance.model_for(drill=False) == Model()


def test_own_history_moves_a_persons_chance(world: World, clock: FastForwardClock) -> None:
    eager, silent, new = world.volunteer("Eager"), world.volunteer("Silent"), None
    for _ in range(4):
        call_out(world, clock, [eager.id])
    new = world.volunteer("New")
    likely, unlikely, unknown = chances(world, [eager, silent, new])
    assert likely > unknown > unlikely


def test_a_willing_town_is_learned_and_drills_apart(world: World, clock: FastForwardClock) -> None:
    people = [world.volunteer(f"P{n}").id for n in range(30)]
    call_out(world, clock, people[:24])
    call_out(world, clock, [], drill=True)
    real, drills = learning.learn(drill=False), learning.learn(drill=True)
    assert real is not None
    assert drills is not None
    assert real.odds[0] > Model().odds[0] > drills.odds[0]
    assert (real.learned_from, drills.learned_from) == (30, 30)
    assert acceptance.model_for(drill=False).odds == real.odds


def test_learning_is_a_chore_of_one_engine_an_hour(world: World, clock: FastForwardClock) -> None:
    person = world.volunteer("Ana")
    call_out(world, clock, [person.id])
    assert learning.learn_when_due() == 1
    assert learning.learn_when_due() == 0
    clock.advance(hours=1)
    assert learning.learn_when_due() == 1


def test_the_report_stands_beside_simpler_guesses(world: World, clock: FastForwardClock) -> None:
    people = [world.volunteer(f"P{n}").id for n in range(20)]
    for _ in range(3):
        call_out(world, clock, people[:10])
    found = learning.report(drill=False)
    assert found["stated"].people == found["own rate"].people == 60
    assert found["own rate"].brier < found["global rate"].brier
    assert found["stated"].brier < found["global rate"].brier
