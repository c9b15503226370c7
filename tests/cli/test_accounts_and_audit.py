from flask import Flask
from sqlalchemy import text

from mobilize.extensions import db
from mobilize.models import Account
from tests.world import World

LEAD = ["accounts", "create", "--role", "coordinator", "--email", "vera@example.org", "--name", "Vera"]


def test_a_coordinator_is_made_with_a_generated_password(app: Flask, world: World) -> None:
    world.section("al")
    result = app.test_cli_runner().invoke(args=[*LEAD, "--section", "al", "--generate"])
    assert result.exit_code == 0, result.output
    assert "Password: " in result.output
    assert db.session.query(Account).one().email == "vera@example.org"


def test_the_password_comes_from_standard_input(app: Flask, world: World) -> None:
    world.section("al")
    result = app.test_cli_runner().invoke(
        args=[*LEAD, "--section", "al", "--password-stdin"], input="a long enough phrase\n"
    )
    assert result.exit_code == 0, result.output
    assert "phrase" not in result.output


def test_a_missing_owner_is_named(app: Flask, world: World) -> None:
    result = app.test_cli_runner().invoke(args=[*LEAD, "--generate"])
    assert result.exit_code == 1
    assert "section must be given" in result.output
    unknown = app.test_cli_runner().invoke(args=[*LEAD, "--section", "xx", "--generate"])
    assert "There is no section xx." in unknown.output


def test_the_trail_is_verified(app: Flask, world: World) -> None:
    world.section("al")
    runner = app.test_cli_runner()
    runner.invoke(args=[*LEAD, "--section", "al", "--generate"])
    assert "Sealed 1 entries." in runner.invoke(args=["audit", "seal"]).output
    assert "Whole: 1 entries sealed" in runner.invoke(args=["audit", "verify"]).output


def test_a_changed_entry_breaks_the_trail(app: Flask, world: World) -> None:
    world.section("al")
    runner = app.test_cli_runner()
    runner.invoke(args=[*LEAD, "--section", "al", "--generate"])
    runner.invoke(args=["audit", "seal"])
    db.session.execute(text("UPDATE audit_entry SET action = 'nothing.happened'"))
    db.session.commit()
    result = runner.invoke(args=["audit", "verify"])
    assert result.exit_code == 1
    assert "BROKEN at seal 1" in result.output
