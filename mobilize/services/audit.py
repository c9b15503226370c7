"""The audit trail: written with each change, sealed into a hash chain shortly after, verifiable.

Sealing is a step of its own so that no change waits for the chain: the engine links entries that
have no seal yet, in the order of their ids. A changed, removed or inserted entry breaks the chain.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from mobilize.extensions import db
from mobilize.models import AuditEntry, AuditSeal

from .access import Viewer
from .runtime import now

GENESIS = "0" * 64


def record(
    viewer: Viewer,
    action: str,
    subject: str,
    subject_id: int,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an entry to the current transaction. ``action`` is like ``callout.launch``; values must be JSON."""
    db.session.add(
        AuditEntry(
            at=now(),
            account_id=viewer.account_id,
            action=action,
            subject=subject,
            subject_id=subject_id,
            before=before,
            after=after,
        )
    )


def entries_about(subject: str, subject_id: int) -> int:
    """How many entries there are about a thing."""
    entries = select(func.count()).select_from(AuditEntry)
    return (
        db.session.scalar(entries.where(AuditEntry.subject == subject, AuditEntry.subject_id == subject_id))
        or 0
    )


def _digest(previous: str, entry: AuditEntry) -> str:
    content = json.dumps(
        [
            previous,
            entry.id,
            entry.at.isoformat(),
            entry.account_id,
            entry.action,
            entry.subject,
            entry.subject_id,
            entry.before,
            entry.after,
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(content.encode()).hexdigest()


def seal(limit: int = 1000) -> int:
    """Link entries that have no seal yet; returns how many. Safe in several processes: one of two
    that try the same link fails on its number and does nothing."""
    last = db.session.scalars(select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)).first()
    digest, number = (last.digest, last.number) if last else (GENESIS, 0)
    unsealed = db.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.id.not_in(select(AuditSeal.entry_id)))
        .order_by(AuditEntry.id)
        .limit(limit)
    ).all()
    for entry in unsealed:
        number += 1
        digest = _digest(digest, entry)
        db.session.add(AuditSeal(number=number, entry_id=entry.id, digest=digest))
    db.session.commit()
    return len(unsealed)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check of the trail. ``broken_at`` is the seal that does not fit, if any."""

    sealed: int
    unsealed: int
    broken_at: int | None


def verify() -> Verdict:
    """Recompute the whole chain."""
    digest, sealed = GENESIS, 0
    rows = db.session.execute(
        select(AuditSeal, AuditEntry)
        .outerjoin(AuditEntry, AuditEntry.id == AuditSeal.entry_id)
        .order_by(AuditSeal.number)
        .execution_options(yield_per=1000)
    )
    for seal_row, entry in rows:
        sealed += 1
        digest = _digest(digest, entry) if entry else ""
        if seal_row.number != sealed or seal_row.digest != digest:
            return Verdict(sealed, 0, seal_row.number)
    total = db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    return Verdict(sealed, total - sealed, None)
