"""Where ``bench crash`` plays: settings with short times, people, and one call-out after the other."""

import random
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import insert

from mobilize.domain.vocabulary import CalloutMode, PlaceKind, Severity
from mobilize.extensions import db
from mobilize.models import Base, Section, Skill
from mobilize.services import asking
from mobilize.services.selection import Candidate
from tests.twilio_double.process import ACCOUNT, NUMBER, TOKEN

from .dispatch_scene import callout_at, person

TIRANA = (41.33, 19.82)

#: The product's times, shortened, since minutes of waiting would prove no more than seconds.
TIMES: Mapping[str, str] = {
    "TWILIO_TIMEOUT_SECONDS": "1.5",
    "LEASE_SECONDS": "5",
    "DOUBT_LOOK_SECONDS": "1",
    "SILENCE_SECONDS": "4",
    "ENGINE_TICK_SECONDS": "0.1",
    "INBOUND_SWEEP_SECONDS": "5",
    "PROBE_SECONDS": "1",
}


def environment(database_url: str, api_url: str, port: int, more: Mapping[str, str]) -> dict[str, str]:
    """Settings that take the double for Twilio and this port for ours."""
    return {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only for a database that lives for minutes",
        "LOG_LEVEL": "ERROR",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SMS_GATEWAY": "twilio",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM": NUMBER,
        "TWILIO_API_URL": api_url,
        # Small claims, so that at any moment texts are at every stage.
        "ENGINE_BATCH": "10",
        **TIMES,
        **more,
    }


def free_port(rng: random.Random) -> int:
    """A port below those that outgoing connections get: none of them may take it while our server is down."""
    while True:
        port = rng.randrange(20_000, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


def seed(people: int) -> None:
    """The tables, and this many people who may be called, numbered from 1."""
    Base.metadata.create_all(db.engine)
    at = datetime.now(UTC)
    section = Section(code="root", name="Federation", short_name="Red Cross", country="AL", path="/1/")
    db.session.add_all([section, Skill(code="medic", name="medic", requires_certificate=False)])
    db.session.flush()
    everyone = [person(n, section.id, at) for n in range(1, people + 1)]
    db.session.execute(insert(Base.metadata.tables["volunteer"]), everyone)
    db.session.commit()


def launch(people: Sequence[int], severity: Severity) -> None:
    """A call-out that asks exactly these people, committed as the product does it."""
    lat, lon = TIRANA
    at = datetime.now(UTC)
    callout = callout_at(
        f"Tirana {people[0]}",
        TIRANA,
        at,
        section_id=1,
        skill_ids=[1],
        country="AL",
        mode=CalloutMode.EVERYONE,
        launched_at=at,
    )
    callout.emergency.severity = severity
    db.session.add(callout)
    db.session.flush()
    chosen = [Candidate(n, frozenset({1}), PlaceKind.HOME, lat, lon, float(n)) for n in people]
    asking.ask(callout, chosen, "a portion of them, for the bench")
    db.session.commit()
