"""Whether the selection index says what a rebuild would say."""

from typing import Any

import numpy as np
from sqlalchemy import select

from mobilize.domain.facts import FACTS
from mobilize.extensions import db
from mobilize.models import SkillPlace
from mobilize.services import selection

Row = tuple[Any, ...]


def index_rows() -> dict[Row, dict[str, Any]]:
    """The whole index: keys and what their records hold, field by field, so that a difference can be read."""
    columns = SkillPlace.__table__.c
    rows = db.session.execute(select(*columns).order_by(*columns))
    return {tuple(row[:-1]): _fields(row.facts) for row in rows}


def _fields(facts: bytes) -> dict[str, Any]:
    record = np.frombuffer(facts, FACTS)[0]
    return {name: repr(record[name]) for name in FACTS.names or ()}


def assert_no_drift() -> None:
    """Commits."""
    db.session.commit()
    kept = index_rows()
    assert selection.rebuild_index() == len(kept)
    assert kept == index_rows()
