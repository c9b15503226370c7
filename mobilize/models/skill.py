"""Skills, and the certification that a volunteer has one."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, BigKey

if TYPE_CHECKING:
    from .volunteer import Volunteer


class Skill(Base):
    """What can be asked for. ``code`` is stable (``medic``); some count only with a verified certificate."""

    __tablename__ = "skill"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    requires_certificate: Mapped[bool] = mapped_column(default=False)


class Certification(Base):
    """That a volunteer has a skill, and the proof of it. One per volunteer and skill: a renewal updates it."""

    __tablename__ = "certification"
    __table_args__ = (
        UniqueConstraint("volunteer_id", "skill_id"),
        CheckConstraint("expires_on IS NULL OR issued_on IS NULL OR expires_on >= issued_on", name="dates"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id", ondelete="CASCADE"))
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), index=True)
    issuer: Mapped[str | None] = mapped_column(String(120))
    number: Mapped[str | None] = mapped_column(String(80))
    issued_on: Mapped[date | None]
    #: The last day on which it is valid, in the volunteer's time zone.
    expires_on: Mapped[date | None]
    #: The ``expires_on`` of which the holder was told ahead.
    announced_expiry: Mapped[date | None]
    verified_at: Mapped[datetime | None]
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    skill: Mapped[Skill] = relationship(lazy="joined")
    volunteer: Mapped[Volunteer] = relationship(back_populates="certifications")
