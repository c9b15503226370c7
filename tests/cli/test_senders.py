from typing import Any

import pytest
from flask import Flask

from mobilize.extensions import db
from mobilize.models import AuditEntry
from mobilize.services import senders
from tests.services.scripted import Script, use


@pytest.fixture
def twilio(app: Flask) -> None:
    use(Script("twilio", ["+15005550006"]))


def run(app: Flask, *args: str) -> Any:
    return app.test_cli_runner().invoke(args=["senders", *args])


def test_senders_are_listed_with_what_stops_them(app: Flask, twilio: None) -> None:
    assert "twilio:+15005550006  1 segments/s  going" in run(app, "list").output
    senders.pause("twilio to +355", "21408: not permitted")
    senders.pause("twilio", "20003: Authenticate")
    db.session.commit()
    told = run(app, "list").output
    assert "twilio:+15005550006  1 segments/s  PAUSED" in told
    assert "20003: Authenticate" in told
    assert "next try 09:00:30 UTC" in told
    assert "Countries held back:\n  twilio to +355: " in told
    assert "Texts waiting: 0" in told


def test_a_sender_is_paused_and_resumed(app: Flask, twilio: None) -> None:
    assert run(app, "pause", "twilio").exit_code == 0
    assert "until it is resumed" in run(app, "list").output
    assert "twilio goes on." in run(app, "resume", "twilio").output
    assert "going" in run(app, "list").output
    actions = [entry.action for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert actions == ["sender.pause", "sender.resume"]


@pytest.mark.parametrize(
    ("command", "name", "said"),
    [("pause", "pigeon", "There is no sender 'pigeon'"), ("resume", "twilio", "twilio is not paused.")],
)
def test_what_cannot_be_done_is_said(app: Flask, twilio: None, command: str, name: str, said: str) -> None:
    result = run(app, command, name)
    assert result.exit_code == 1
    assert said in result.output
