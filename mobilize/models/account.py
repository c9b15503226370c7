"""Accounts: who signs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mobilize.domain.vocabulary import AccountRole

from .base import Base, words
from .section import Section


@dataclass
class RoleView(RoleMixin):
    """An account's one role, in the shape that Flask-Security asks for."""

    name: str


class Account(Base, UserMixin):
    """A person who signs in. The role decides which of the three owners below must be set."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("role <> 'coordinator' OR section_id IS NOT NULL", name="coordinator_has_section"),
        CheckConstraint("role <> 'authority' OR authority_id IS NOT NULL", name="authority_has_authority"),
        CheckConstraint("role <> 'volunteer' OR volunteer_id IS NOT NULL", name="volunteer_has_volunteer"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[AccountRole] = mapped_column(words(AccountRole))
    section_id: Mapped[int | None] = mapped_column(ForeignKey("section.id"))
    authority_id: Mapped[int | None] = mapped_column(ForeignKey("authority.id"))
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteer.id"), unique=True)
    created_at: Mapped[datetime]

    section: Mapped[Section | None] = relationship()

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        return [RoleView(self.role.value)]
