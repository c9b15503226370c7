"""Migrations run up and down on both databases and agree with the models."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, inspect, select, text

from mobilize.domain.delivery import Cause, MessageState
from mobilize.extensions import db
from mobilize.models import Message, MessageEvent
from tests.world import World


def test_down_and_up_again(app: Flask) -> None:
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    assert "message" in inspect(db.engine).get_table_names()


def test_the_models_and_the_schema_agree(app: Flask) -> None:
    with db.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), db.metadata)
    assert found == []


def test_a_ledger_from_before_is_kept(app: Flask, world: World) -> None:
    who = world.volunteer("Arta").id
    db.session.remove()
    downgrade(revision="0001")
    at = "2026-11-24 09:00:00"
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO message (id, idempotency_key, kind, volunteer_id, to_phone, body, segments,"
                " priority, state, attempt, next_attempt_at, expires_at, created_at) VALUES"
                " (1, 'k', 'notice', :who, '+355692000001', 'Hello', 1, 40, 'unknown', 1, :at, :at, :at)"
            ),
            {"who": who, "at": at},
        )
        connection.execute(
            text(
                "INSERT INTO message_event (message_id, at, to_state, cause) VALUES"
                " (1, :at, 'queued', 'decision'), (1, :at, 'sending', 'claim')"
            ),
            {"at": at},
        )
    upgrade()
    message = db.session.get_one(Message, 1)
    assert message.state is MessageState.UNKNOWN
    assert message.look_at is not None
    assert [e.cause for e in db.session.scalars(select(MessageEvent))] == [Cause.CLAIM]


def test_the_database_knows_the_same_words_as_the_models(app: Flask) -> None:
    # `compare_metadata` does not look at CHECK constraints.
    found = {
        (table, constraint["name"])
        for table in inspect(db.engine).get_table_names()
        for constraint in inspect(db.engine).get_check_constraints(table)
    }
    wanted = {
        (table.name, constraint.name)
        for table in db.metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert found == wanted
