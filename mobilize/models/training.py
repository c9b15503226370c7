"""Courses that give certificates, and risks with the strength they would need."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mobilize.domain.vocabulary import Hazard

from .base import Base, words
from .skill import Skill


class Course(Base):
    """Training that gives the certificate for a skill."""

    __tablename__ = "course"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("capacity > 0", name="capacity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id"), index=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"))
    title: Mapped[str] = mapped_column(String(120))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    capacity: Mapped[int]

    skill: Mapped[Skill] = relationship()


class Risk(Base):
    """A potential danger over an area (same form as an emergency's)."""

    __tablename__ = "risk"

    id: Mapped[int] = mapped_column(primary_key=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    hazard: Mapped[Hazard] = mapped_column(words(Hazard))
    area: Mapped[dict[str, Any]] = mapped_column(JSON)

    strengths: Mapped[list[RiskStrength]] = relationship(cascade="all, delete-orphan")


class RiskStrength(Base):
    """How many people with a skill a risk would need."""

    __tablename__ = "risk_strength"
    __table_args__ = (
        UniqueConstraint("risk_id", "skill_id"),
        CheckConstraint("headcount > 0", name="headcount"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    risk_id: Mapped[int] = mapped_column(ForeignKey("risk.id", ondelete="CASCADE"))
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"))
    headcount: Mapped[int]
