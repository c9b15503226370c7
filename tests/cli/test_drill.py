"""``flask drill``: the whole job, reproducible, in a database of its own."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select, text

from mobilize.extensions import db
from mobilize.models import Volunteer

ARGS = ["drill", "--json", "--volunteers", "2000", "--seed", "7"]


@pytest.fixture
def outcome(app: Flask, database_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    result = app.test_cli_runner().invoke(args=ARGS)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_drill_fills_every_need_and_texts_each_person_once(
    outcome: dict[str, Any], app: Flask, database_url: str
) -> None:
    assert outcome["headcount"] == {"search_and_rescue": 12, "medic": 8, "interpreter": 6}
    assert outcome["accepted"] == outcome["headcount"]
    assert outcome["filled"]
    ledger = outcome["ledger"]
    assert ledger["callout_texts"] == ledger["recipients_asked"] == outcome["asked"]
    assert (ledger["missing"], ledger["twice"]) == (0, 0)
    assert 0 < outcome["median_answer_s"] < outcome["p90_answer_s"]
    assert outcome["segments"] >= outcome["texts"] > outcome["asked"]
    assert outcome["database"] == db.engine.dialect.name
    _assert_nothing_is_left(database_url)


def _assert_nothing_is_left(database_url: str) -> None:
    assert db.session.scalars(select(Volunteer.id)).first() is None
    if database_url.startswith("postgresql"):
        with db.engine.connect() as connection:
            schemas = inspect(connection).get_schema_names()
        assert not [name for name in schemas if name.startswith("drill_")]


@pytest.mark.parametrize("database_url", ["sqlite:///:memory:"])
def test_the_same_seed_gives_the_same_outcome(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    args = ["drill", "--json", "--volunteers", "1500", "--seed", "3"]
    first, second = (app.test_cli_runner().invoke(args=args).stdout for _ in range(2))
    assert first == second
    assert json.loads(first)["volunteers"] == 1500


@pytest.mark.parametrize("database_url", ["sqlite:///:memory:"])
def test_too_few_people_end_with_exit_code_1(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    result = app.test_cli_runner().invoke(args=["drill", "--volunteers", "50"])
    assert result.exit_code == 1
    assert "Drill with 50 volunteers" in result.stdout


def test_a_postgresql_that_allows_no_schema_is_named(
    app: Flask, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not database_url.startswith("postgresql"):
        return
    role = "mobilize_drill_without_rights"
    with db.engine.begin() as connection:
        connection.execute(text(f"DROP ROLE IF EXISTS {role}"))
        connection.execute(text(f"CREATE ROLE {role}"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("PGOPTIONS", f"-c role={role}")
    result = app.test_cli_runner().invoke(args=ARGS)
    assert result.exit_code != 0
    assert "Grant CREATE" in result.output
