"""Volunteers, the places where they are, and their absences."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind

from .base import Base, BigKey, words
from .section import Section
from .skill import Certification


class Volunteer(Base):
    """A registered member. Everything here is kept because selection, wording or consent needs it."""

    __tablename__ = "volunteer"
    __table_args__ = (
        CheckConstraint("phone LIKE '+%' AND length(phone) BETWEEN 8 AND 16", name="phone_e164"),
        CheckConstraint("weekly_hours IS NULL OR length(weekly_hours) = 84", name="weekly_hours"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id"), index=True)
    given_name: Mapped[str] = mapped_column(String(80))
    family_name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str] = mapped_column(String(16), unique=True)
    phone_status: Mapped[PhoneStatus] = mapped_column(words(PhoneStatus), default=PhoneStatus.UNVERIFIED)
    email: Mapped[str | None] = mapped_column(String(255))
    language: Mapped[str] = mapped_column(String(16))
    time_zone: Mapped[str] = mapped_column(String(64))
    born_on: Mapped[date]
    status: Mapped[MembershipStatus] = mapped_column(words(MembershipStatus), default=MembershipStatus.APPLIED)
    consent_at: Mapped[datetime | None]
    opted_out_at: Mapped[datetime | None]
    #: Half-hours of the week, Monday 00:00 first, as 336 bits in 84 hexadecimal digits; NULL is "always".
    #: ``domain/availability.py`` reads and writes it.
    weekly_hours: Mapped[str | None] = mapped_column(String(84))
    snoozed_until: Mapped[datetime | None]
    resting_until: Mapped[datetime | None]
    last_asked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    section: Mapped[Section] = relationship()
    places: Mapped[list[Place]] = relationship(back_populates="volunteer", cascade="all, delete-orphan")
    absences: Mapped[list[Absence]] = relationship(cascade="all, delete-orphan", order_by="Absence.starts_at")
    certifications: Mapped[list[Certification]] = relationship(
        back_populates="volunteer", cascade="all, delete-orphan"
    )

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def takes_texts(self) -> bool:
        """Whether a text to the registered phone makes sense: no landline, and not opted out."""
        return self.phone_status is not PhoneStatus.LANDLINE and self.opted_out_at is None


class Place(Base):
    """A point where a volunteer can be found. A live one expires; a work one counts during its hours."""

    __tablename__ = "place"
    __table_args__ = (
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="coordinates"),
        CheckConstraint("kind <> 'live' OR expires_at IS NOT NULL", name="live_expires"),
        CheckConstraint("weekly_hours IS NULL OR length(weekly_hours) = 84", name="weekly_hours"),
        Index("uq_place_volunteer_id_kind", "volunteer_id", "kind", unique=True),
        Index("ix_place_cell", "cell", "volunteer_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id", ondelete="CASCADE"))
    kind: Mapped[PlaceKind] = mapped_column(words(PlaceKind))
    #: Degrees, WGS 84.
    lat: Mapped[float] = mapped_column(Float(53))
    lon: Mapped[float] = mapped_column(Float(53))
    #: The H3 cell of the point, as an integer; see ``domain/area.py``.
    cell: Mapped[int] = mapped_column(BigKey)
    address: Mapped[str | None] = mapped_column(String(255))
    #: When a work place counts, in the same form as ``Volunteer.weekly_hours``.
    weekly_hours: Mapped[str | None] = mapped_column(String(84))
    expires_at: Mapped[datetime | None]

    volunteer: Mapped[Volunteer] = relationship(back_populates="places")


class Absence(Base):
    """A stretch of time in which a volunteer cannot be called."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="order"),
        Index("ix_absence_volunteer_id_ends_at", "volunteer_id", "ends_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id", ondelete="CASCADE"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(String(200))


class SkillPlace(Base):
    """The selection index: who has which skill where, and what decides whether they may be called. Derived.

    Its primary key is its order on disk (SQLite keeps no separate row id), so a range of cells for
    one skill is one sequential read. ``services/skill_index.py`` keeps it and can rebuild it.
    """

    __tablename__ = "skill_place"

    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), primary_key=True)
    cell: Mapped[int] = mapped_column(BigKey, primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[PlaceKind] = mapped_column(words(PlaceKind), primary_key=True)
    lat: Mapped[float] = mapped_column(Float(53))
    lon: Mapped[float] = mapped_column(Float(53))
    #: A record of ``domain/facts.py``: also what the other places, the absences and the person's row say.
    facts: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_skill_place_volunteer_id", "volunteer_id"),
        {"sqlite_with_rowid": False},
    )
