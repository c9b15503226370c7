"""What was learned of how people answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


class LearnedModel(Base):
    """The acceptance model in force, one for real call-outs and one for drills; ``domain/acceptance.py``."""

    __tablename__ = "learned_model"

    drill: Mapped[bool] = mapped_column(primary_key=True)
    learned_at: Mapped[datetime]
    #: Asks that went into it.
    learned_from: Mapped[int]
    #: The fields of ``acceptance.Model``.
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
