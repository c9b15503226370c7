"""Emergencies: declared events over an area."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mobilize.domain.vocabulary import Certainty, EmergencyStatus, Hazard, Severity, Urgency

from .authority import Authority
from .base import Base, words
from .section import Section


class Emergency(Base):
    """A declared event. ``area`` is a circle or a GeoJSON geometry; ``domain/area.py`` defines the form."""

    __tablename__ = "emergency"
    __table_args__ = (
        CheckConstraint("length(country) = 2", name="country"),
        CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id"), index=True)
    authority_id: Mapped[int | None] = mapped_column(ForeignKey("authority.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str | None] = mapped_column(Text)
    hazard: Mapped[Hazard] = mapped_column(words(Hazard))
    severity: Mapped[Severity] = mapped_column(words(Severity))
    urgency: Mapped[Urgency] = mapped_column(words(Urgency))
    certainty: Mapped[Certainty] = mapped_column(words(Certainty))
    country: Mapped[str] = mapped_column(String(2))
    area: Mapped[dict[str, Any]] = mapped_column(JSON)
    drill: Mapped[bool] = mapped_column(default=False)
    status: Mapped[EmergencyStatus] = mapped_column(words(EmergencyStatus), default=EmergencyStatus.OPEN)
    declared_at: Mapped[datetime]
    declared_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None]

    section: Mapped[Section] = relationship()
    authority: Mapped[Authority | None] = relationship()
