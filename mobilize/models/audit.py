"""The audit trail: who changed what, when, from what to what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, BigKey


class AuditEntry(Base):
    """One change. Written in the transaction of the change; never updated, never deleted."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime]
    #: NULL is the system itself (the engine, a webhook, a command).
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int] = mapped_column(BigKey)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class AuditSeal(Base):
    """A link of the chain: the hash of one entry together with the hash before it.

    Sealing happens right after the change, by the engine, so that no transaction waits for the chain.
    """

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(BigKey, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
