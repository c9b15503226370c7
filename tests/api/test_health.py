import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from mobilize import create_app
from mobilize.domain.delivery import DoubtEnding
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Message, StatusCallback
from mobilize.services import callouts, heartbeats, receipts, senders
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from tests.conftest import make_settings
from tests.world import World


def test_the_process_is_alive_without_a_database(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db.session, "execute", broken)
    assert client.get("/healthz").get_json() == {"alive": True}


def broken(*_: object) -> None:
    raise OperationalError("SELECT 1", None, Exception("gone"))


def test_ready_with_database_schema_and_engine(client: FlaskClient, app: Flask) -> None:
    heartbeats.beat("engine-1")
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.text
    assert {name: check["ok"] for name, check in answer.get_json()["checks"].items()} == {
        "database": True,
        "schema": True,
        "engine": True,
        "senders": True,
    }


def test_not_ready_when_the_engine_is_silent(client: FlaskClient, clock: FastForwardClock) -> None:
    heartbeats.beat("engine-1")
    clock.advance(seconds=31)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "flask engine" in answer.get_json()["checks"]["engine"]["detail"]


def test_not_ready_when_the_schema_is_old(client: FlaskClient) -> None:
    version = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    db.session.execute(text("UPDATE alembic_version SET version_num = 'old'"))
    db.session.commit()
    try:
        answer = client.get("/readyz")
    finally:
        db.session.execute(text("UPDATE alembic_version SET version_num = :was"), {"was": version})
        db.session.commit()
    assert answer.status_code == 503
    assert "flask db upgrade" in answer.get_json()["checks"]["schema"]["detail"]


def test_not_ready_when_the_database_is_gone(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db.session, "execute", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert not answer.get_json()["checks"]["database"]["ok"]


def test_metrics_are_counted(client: FlaskClient, world: World) -> None:
    world.emergency()
    told = client.get("/metrics").text
    assert "mobilize_emergencies_open 1.0" in told
    assert 'mobilize_messages{state="queued"} 0.0' in told


def test_metrics_are_closed_to_other_machines_but_not_to_an_admin(client: FlaskClient, world: World) -> None:
    far = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    assert client.get("/metrics", **far).status_code == 401
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    lead, admin = world.account(AccountRole.COORDINATOR), world.account(AccountRole.ADMIN)
    assert client.get("/metrics", headers=world.token(lead), **far).status_code == 403
    assert client.get("/metrics", headers=world.token(admin), **far).status_code == 200


def test_a_paused_sender_is_told_but_the_pages_stay(client: FlaskClient) -> None:
    heartbeats.beat("engine-1")
    senders.pause("simulator", "20003: the provider's own words")
    db.session.commit()
    answer = client.get("/readyz")
    check = answer.get_json()["checks"]["senders"]
    assert answer.status_code == 200
    assert (check["ok"], check["essential"]) == (False, False)
    assert "simulator is paused since 2026-11-24 09:00:00 UTC" in check["detail"]
    assert "own words" not in answer.text


def test_metrics_of_sending(client: FlaskClient, clock: FastForwardClock, world: World) -> None:
    heartbeats.beat("gone:1:a")
    clock.advance(minutes=1)
    heartbeats.beat("here:2:b")
    senders.pause("simulator", "20003: no")
    world.volunteer()
    callouts.launch(SYSTEM, world.callout().id)
    clock.advance(seconds=20)
    text_id = db.session.query(Message).one().id
    db.session.query(Message).update({"doubt_ending": DoubtEnding.RESENT})
    for status in ("sent", "delivered"):
        db.session.add(
            StatusCallback(
                sid="SM2",
                status=status,
                message_id=text_id,
                received_at=clock.now(),
                applied_at=clock.now(),
                outcome=receipts.SECOND_COPY,
            )
        )
    db.session.commit()
    told = client.get("/metrics").text.splitlines()
    for line in (
        "mobilize_senders_paused 1.0",
        'mobilize_alarms_open{kind="sender_paused"} 1.0',
        'mobilize_messages{state="queued"} 1.0',
        "mobilize_messages_oldest_due_age_seconds 20.0",
        'mobilize_messages_doubt_ended{ending="resent"} 1.0',
        'mobilize_messages_doubt_ended{ending="given_up"} 0.0',
        "mobilize_messages_second_copies 1.0",
        'mobilize_engines{state="alive"} 1.0',
        'mobilize_calls{state="queued"} 0.0',
        'mobilize_engines{state="missing"} 1.0',
    ):
        assert line in told


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7")])
def test_the_address_behind_as_many_proxies_as_are_ours_counts(
    database_url: str, proxies: int, seen: str
) -> None:
    app = create_app(make_settings(database_url=database_url, trusted_proxies=proxies))
    addresses: list[str | None] = []
    app.before_request(lambda: addresses.append(request.remote_addr))
    app.test_client().get("/healthz", headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"})
    assert addresses == [seen]
