"""Seeding writes everything that a call-out needs, the same for the same seed."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from mobilize.demo import seeding
from mobilize.demo.people import people
from mobilize.domain.vocabulary import PlaceKind
from mobilize.extensions import db
from mobilize.models import Agreement, Certification, Place, Section, Skill, SkillPlace, Volunteer
from mobilize.services.ports import FastForwardClock
from tests.drift import assert_no_drift


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def seeded(app: Flask) -> None:
    seeding.seed(300, 7)


def test_an_empty_database_is_not_seeded(app: Flask) -> None:
    assert not seeding.is_seeded()
    assert not seeding.made_by_demo()


@pytest.mark.usefixtures("seeded")
def test_everything_is_written() -> None:
    assert seeding.is_seeded()
    assert seeding.made_by_demo()
    assert count(Volunteer) == 300
    assert count(Place) >= 300
    assert count(Certification) >= 300
    assert count(Agreement) == 1
    assert db.session.scalar(select(Skill.requires_certificate).where(Skill.code == "medic"))


@pytest.mark.usefixtures("seeded")
def test_countries_are_sections_below_one_root() -> None:
    root = db.session.scalars(select(Section).where(Section.parent_id.is_(None))).one()
    below = db.session.scalars(select(Section).where(Section.parent_id == root.id)).all()
    assert {section.code for section in below} == {"al", "xk", "mk", "me", "gr", "it"}
    assert all(section.path == f"/{root.id}/{section.id}/" for section in below)


@pytest.mark.usefixtures("seeded")
def test_the_index_is_complete() -> None:
    rows = count(SkillPlace)
    assert rows > 0
    assert_no_drift()


def test_the_rows_are_the_people_of_the_seed(app: Flask, clock: FastForwardClock) -> None:
    seeding.seed(200, 3)
    written = db.session.execute(
        select(Volunteer.phone, Volunteer.given_name, Volunteer.language, Place.lat, Place.lon)
        .join(Place, (Place.volunteer_id == Volunteer.id) & (Place.kind == PlaceKind.HOME))
        .order_by(Volunteer.id)
    )
    assert [tuple(row) for row in written] == [
        (one.phone, one.given_name, one.language, one.spots[0].lat, one.spots[0].lon)
        for one in people(200, 3, clock.now())
    ]


def test_progress_is_told(app: Flask) -> None:
    told: list[int] = []
    seeding.seed(2500, 1, told.append)
    assert told == [2000, 2500]
