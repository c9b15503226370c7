"""Sections: national and local branches, a tree."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


class Section(Base):
    """A branch. ``path`` lists the ids from the root down, as ``/1/4/``; a subtree is one prefix of it."""

    __tablename__ = "section"
    __table_args__ = (
        CheckConstraint("length(country) = 2", name="country"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="parent"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    country: Mapped[str] = mapped_column(String(2))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("section.id"))
    path: Mapped[str] = mapped_column(String(255), unique=True)
    language: Mapped[str] = mapped_column(String(16), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    #: The name by which its texts call themselves; short, since a text has 160 characters.
    short_name: Mapped[str] = mapped_column(String(20))
