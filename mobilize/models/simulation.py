"""Simulated phones: what the simulator gateway delivered, and what it will do next.

Only the simulator reads and writes these tables. They make a demonstration survive a restart.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, BigKey


class SimulatedText(Base):
    """The ledger of simulated phones: every text that reached one, and every text typed on one."""

    __tablename__ = "simulated_text"
    __table_args__ = (Index("ix_simulated_text_phone", "phone", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    phone: Mapped[str] = mapped_column(String(16))
    #: True for a text from Mobilize to the phone.
    to_phone: Mapped[bool]
    message_id: Mapped[int | None] = mapped_column(BigKey, index=True)
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class SimulatedEvent(Base):
    """Something a simulated phone or carrier will do: a delivery receipt or an answer."""

    __tablename__ = "simulated_event"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
    #: ``status``, ``inbound``, or ``errand`` for a text that its writer may still give up; with the fields that
    #: a provider's webhook would carry.
    kind: Mapped[str] = mapped_column(String(16))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
