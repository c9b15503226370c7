"""Authorities: state institutions, and the agreements under which they may ask for help."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base


class Authority(Base):
    """A state institution of one country (ISO 3166-1 alpha-2)."""

    __tablename__ = "authority"
    __table_args__ = (CheckConstraint("length(country) = 2", name="country"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    country: Mapped[str] = mapped_column(String(2))

    agreements: Mapped[list[Agreement]] = relationship(
        back_populates="authority", cascade="all, delete-orphan", order_by="Agreement.valid_from"
    )


class Agreement(Base):
    """The dated agreement with an authority. Both days are included; without a last day it goes on."""

    __tablename__ = "agreement"
    __table_args__ = (CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="dates"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id", ondelete="CASCADE"), index=True)
    reference: Mapped[str] = mapped_column(String(80))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]

    authority: Mapped[Authority] = relationship(back_populates="agreements")
