"""``flask demo``: from nothing to a filled call-out, again and again, without touching what is not its own."""

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from mobilize import create_app
from mobilize.demo import job
from mobilize.extensions import db
from mobilize.models import Account, Callout, Emergency, Volunteer
from tests.conftest import make_settings


@pytest.fixture
def app(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application on the real clock, whose files lie in a directory of the test."""
    monkeypatch.setenv("SIMULATOR_SPEED", "600")
    app = create_app(make_settings(database_url=database_url, simulator_speed=600, simulator_seed=7))
    app.instance_path = str(tmp_path / "instance")
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def demo(app: Flask, *more: str, port: int | None = None) -> Result:
    app.extensions["mobilize"].settings = make_settings(
        database_url=app.config["SQLALCHEMY_DATABASE_URI"], simulator_speed=600, simulator_seed=7
    )
    # The clock is real, and at night fewer people can be called: enough of them for any hour.
    args = ["demo", "--volunteers", "5000", "--seed", "7", "--until-filled", "--port", str(port or free_port())]
    return app.test_cli_runner().invoke(args=[*args, *more])


def count(table: Any) -> int:
    found = db.session.scalar(select(func.count()).select_from(table)) or 0
    db.session.rollback()
    return found


def test_the_demonstration_fills_and_shows_how_it_ended_when_started_again(app: Flask) -> None:
    result = demo(app)
    assert result.exit_code == 0, result.output
    assert "Mobilize is at http://127.0.0.1:" in result.output
    callout = job.latest_callout()
    assert callout is not None
    assert job.progress(callout.id).filled
    file = Path(app.instance_path) / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    passwords = [entry["password"] for entry in json.loads(file.read_text(encoding="utf-8"))]
    assert all(password in result.output for password in passwords)

    again = demo(app)
    assert again.exit_code == 0, again.output
    assert (count(Emergency), count(Callout), count(Volunteer), count(Account)) == (1, 1, 5000, 3)
    assert all(password in again.output for password in passwords)


def test_reset_starts_over(app: Flask) -> None:
    assert demo(app).exit_code == 0
    file = Path(app.instance_path) / "demo.json"
    earlier = file.read_text(encoding="utf-8")
    result = demo(app, "--reset", "--volunteers", "4500")
    assert result.exit_code == 0, result.output
    assert (count(Volunteer), count(Emergency)) == (4500, 1)
    assert file.read_text(encoding="utf-8") != earlier


@pytest.mark.parametrize("option", [(), ("--reset",)])
def test_data_of_others_is_left_alone(app: Flask, option: tuple[str, ...], world: Any) -> None:
    world.volunteer("Ana")
    result = demo(app, *option)
    assert result.exit_code != 0
    assert "no demonstration made" in result.output
    assert count(Volunteer) == 1


def test_a_port_in_use_is_named_with_the_remedy(app: Flask) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        result = demo(app, port=listener.getsockname()[1])
    assert result.exit_code != 0
    assert "is in use" in result.output
    assert "--port" in result.output
