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
    #: When the engine may probe whether the fault has gone.
    retry_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]
