"""The service watching itself: engine heartbeats and alarms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from mobilize.domain.vocabulary import AlarmKind

from .base import Base, words


class EngineHeartbeat(Base):
    """One row per engine process, touched every few seconds."""

    __tablename__ = "engine_heartbeat"

    #: ``host:pid:random``.
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)


class SenderPace(Base):
    """How far ahead one sender's work reaches, shared by all engines; ``domain/pacing.py`` counts with it."""

    __tablename__ = "sender_pace"

    #: ``provider:address``.
    sender: Mapped[str] = mapped_column(String(96), primary_key=True)
    busy_until: Mapped[datetime]


class Chore(Base):
    """Work that one engine at a time does now and then. Whoever moves ``due_at`` does it."""

    __tablename__ = "chore"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    due_at: Mapped[datetime]
    #: When it last ended well.
    done_at: Mapped[datetime | None]


class Alarm(Base):
    """A fault that people must see until it is cleared. At most one open per kind and subject."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "uq_alarm_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[AlarmKind] = mapped_column(words(AlarmKind))
    subject: Mapped[str] = mapped_column(String(80))
    detail: Mapped[str] = mapped_column(String(255))
    raised_at: Mapped[datetime]
    #: When the engine may probe whether the fault has gone; ``None``: not before a person says so.
    retry_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]
