"""The trail of changes cannot be altered unseen."""

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from mobilize.extensions import db
from mobilize.models import AuditEntry
from mobilize.services import audit
from mobilize.services.access import SYSTEM


def _trail(app: Flask) -> None:
    for number in range(5):
        audit.record(SYSTEM, "volunteer.change", "volunteer", number, before={"a": 1}, after={"a": 2})
    db.session.commit()
    audit.seal()


def test_an_untouched_trail_holds(app: Flask) -> None:
    _trail(app)
    verdict = audit.verify()
    assert (verdict.sealed, verdict.unsealed, verdict.broken_at) == (5, 0, None)


def test_a_changed_entry_breaks_it(app: Flask) -> None:
    _trail(app)
    third = db.session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)).all()[2]
    db.session.execute(update(AuditEntry).where(AuditEntry.id == third).values(after={"a": 3}))
    db.session.commit()
    assert audit.verify().broken_at == 3


def test_new_entries_wait_for_their_seal(app: Flask) -> None:
    _trail(app)
    audit.record(SYSTEM, "volunteer.change", "volunteer", 9)
    db.session.commit()
    assert audit.verify().unsealed == 1


def test_a_sealed_entry_cannot_be_deleted(app: Flask) -> None:
    _trail(app)
    with pytest.raises(IntegrityError):
        db.session.execute(delete(AuditEntry))
    db.session.rollback()
    assert audit.verify().sealed == 5
