"""Whatever people answer and whatever changes meanwhile: what must never happen in a callout, does not."""

import random
from collections import Counter
from typing import Any

import pytest
from flask import Flask

from mobilize.domain.vocabulary import CalloutStatus, RecipientState
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import Callout, Recipient, Volunteer
from mobilize.services import callouts, inbox, snapshots
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import now
from tests.world import World

_ANSWERS = ("1", "1 20", "2", "3", "hm?", "STOP", "")


def town(world: World, rng: random.Random) -> list[Volunteer]:
    people = []
    for n in range(40):
        skills = rng.sample(["medic", "driver", "interpreter"], rng.randint(1, 3))
        details: dict[str, Any] = {
            "skills": skills,
            "lat": 41.3125 + rng.uniform(-0.1, 0.1),
            "lon": 19.4453 + rng.uniform(-0.1, 0.1),
        }
        details |= rng.choice([{}, {}, {}, {"consent_at": None}, {"opted_out_at": now()}, {"lat": 45.0}])
        people.append(world.volunteer(f"P{n}", **details))
    return people


def answer(rng: random.Random, number: int) -> None:
    """Somebody who was asked writes something, or nobody does."""
    asked = db.session.query(Recipient).order_by(Recipient.id).all()
    body = rng.choice(_ANSWERS)
    if asked and body:
        phone = rng.choice(asked).volunteer.phone
        inbox.store_inbound(
            sid=f"IN{number:032d}", from_phone=phone, to_phone="+15005550006", body=body, raw={}
        )


@pytest.mark.parametrize("seed", range(4))
def test_invariants_hold(app: Flask, world: World, clock: FastForwardClock, seed: int) -> None:
    rng = random.Random(seed)
    world.people_answer(chance=0.4)
    town(world, rng)
    needs = {"medic": 4, "driver": 3, "interpreter": 2}
    callout_id = callouts.launch(SYSTEM, world.callout(needs, most_asked=rng.choice([None, 25])).id).id
    for step in range(30):
        answer(rng, seed * 1000 + step)
        clock.advance(seconds=rng.choice([1, 30, 120]))
        ticks.run_once()
        holds(callout_id)


def holds(callout_id: int) -> None:
    callout = db.session.get_one(Callout, callout_id)
    recipients = db.session.query(Recipient).filter_by(callout_id=callout_id).all()
    per_person = Counter(recipient.volunteer_id for recipient in recipients)
    assert not per_person or max(per_person.values()) == 1, "asked once"
    assert callout.most_asked is None or len(recipients) <= callout.most_asked
    skills = {need.id: need.skill_id for need in callout.needs}
    placed = Counter(recipient.need_id for recipient in recipients if recipient.need_id)
    for need in callout.needs:
        assert placed[need.id] <= need.headcount
        assert need.fill_probability is None or 0 <= need.fill_probability <= 1
    for recipient in recipients:
        if recipient.need_id:
            assert recipient.state in (RecipientState.ACCEPTED, RecipientState.ARRIVED)
            assert skills[recipient.need_id] in {c.skill_id for c in recipient.volunteer.certifications}
        told = snapshots.told(SYSTEM, callout_id, recipient.volunteer_id)
        assert told.asked is not None
        assert told.latest.may_be_called, "never asked when not eligible"
    filled = all(placed[need.id] == need.headcount for need in callout.needs)
    assert not filled or callout.status is CalloutStatus.FILLED
    db.session.rollback()
