"""Wordings: what a section writes in place of the standard sentences."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


class Wording(Base):
    """A section's own sentence for one text in one language; sections below inherit it."""

    __tablename__ = "wording"
    __table_args__ = (UniqueConstraint("section_id", "language", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id"))
    language: Mapped[str] = mapped_column(String(16))
    #: Of the text, as ``acknowledgement.accepted``.
    name: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
