"""Looks: what a selection decided about everyone it examined, as it stood then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, BigKey


class Look(Base):
    """One selection of a callout. Never recomputed: people and settings have changed since.

    ``decisions`` is written and read by ``domain/decisions.py``. A look that is not ``whole`` holds only
    what differs from the look before it.
    """

    __tablename__ = "look"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    callout_id: Mapped[int] = mapped_column(ForeignKey("callout.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    whole: Mapped[bool]
    examined: Mapped[int]
    eligible: Mapped[int]
    decisions: Mapped[bytes] = mapped_column(LargeBinary)
