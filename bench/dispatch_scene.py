"""What the processes of ``bench dispatch`` share: settings, a call-out, and a look at what is left to send."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import make_url

from mobilize.domain.vocabulary import (
    CalloutMode,
    CalloutStatus,
    Certainty,
    Hazard,
    MembershipStatus,
    PhoneStatus,
    Severity,
    Urgency,
)
from mobilize.models import Callout, Emergency, Need
from tests.twilio_double.process import ACCOUNT, NUMBER, TOKEN

#: Where callbacks would go; the double makes none in this bench.
NOWHERE = "http://127.0.0.1:9"

#: One question for each state: each has an index of its own.
_LEFT = (
    "SELECT EXISTS (SELECT 1 FROM message WHERE state = 'queued')"
    " OR EXISTS (SELECT 1 FROM message WHERE state = 'sending')"
)


def environment(database_url: str, api_url: str) -> dict[str, str]:
    """Settings that take the double for Twilio, and leave the pace to it alone."""
    return {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only for a database that lives for minutes",
        "LOG_LEVEL": "ERROR",
        "PUBLIC_URL": NOWHERE,
        "SMS_GATEWAY": "twilio",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM": NUMBER,
        "TWILIO_API_URL": api_url,
        "SENDER_RATES": "us_long_code=1000000",
    }


def phone(n: int) -> str:
    return f"+39{3_000_000_000 + n}"


def person(n: int, section_id: int, at: datetime) -> dict[str, Any]:
    """The row of somebody who may be called."""
    return {
        "id": n,
        "section_id": section_id,
        "given_name": "Given",
        "family_name": f"Family {n}",
        "phone": phone(n),
        "phone_status": PhoneStatus.VERIFIED,
        "language": "it",
        "time_zone": "Europe/Tirane",
        "born_on": date(1980, 1, 1),
        "status": MembershipStatus.ACTIVE,
        "consent_at": at,
        "created_at": at,
        "updated_at": at,
    }


def callout_at(
    name: str,
    centre: tuple[float, float],
    at: datetime,
    *,
    section_id: int,
    skill_ids: Sequence[int],
    country: str,
    mode: CalloutMode = CalloutMode.PHASED,
    launched_at: datetime | None = None,
) -> Callout:
    """An earthquake in a circle of 25 km (degrees WGS 84), and a call for ten of each skill in six hours."""
    lat, lon = centre
    emergency = Emergency(
        section_id=section_id,
        title=name,
        hazard=Hazard.EARTHQUAKE,
        severity=Severity.SEVERE,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.OBSERVED,
        country=country,
        area={"type": "circle", "lat": lat, "lon": lon, "radius_m": 25_000.0},
        declared_at=at,
    )
    return Callout(
        emergency=emergency,
        mode=mode,
        status=CalloutStatus.ASKING if launched_at else CalloutStatus.DRAFT,
        rendezvous="Main square",
        rendezvous_lat=lat,
        rendezvous_lon=lon,
        arrive_by=at + timedelta(hours=6),
        created_at=at,
        launched_at=launched_at,
        needs=[Need(skill_id=skill_id, headcount=10) for skill_id in skill_ids],
    )


def watch(address: str) -> Callable[[], bool]:
    """Tells whether all texts are done; on a connection of its own, outside the product's pool and locks."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        file = sqlite3.connect(f"file:{url.database}?mode=ro", uri=True, isolation_level=None)
        return lambda: not file.execute(_LEFT).fetchone()[0]
    server = psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    )
    return lambda: server.execute(_LEFT).fetchone() == (False,)
