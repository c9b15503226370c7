"""Voice calls to people whom no text has moved to answer, or whom none reaches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mobilize.domain.calling import CallState
from mobilize.domain.delivery import ErrorClass

from .base import Base, BigKey, words
from .callout import Recipient


class VoiceCall(Base):
    """One call to one recipient, written down before it is placed, and placed once."""

    __tablename__ = "voice_call"
    __table_args__ = (
        # Two engines that decide the same at once write one row.
        UniqueConstraint("recipient_id", "attempt"),
        CheckConstraint("state <> 'placing' OR lease_until IS NOT NULL", name="placing_has_lease"),
        CheckConstraint("state <> 'answered' OR key IS NOT NULL", name="answered_has_key"),
        Index("ix_voice_call_callout_id_state", "callout_id", "state"),
        Index("ix_voice_call_volunteer_id", "volunteer_id"),
        Index(
            "ix_voice_call_open",
            "state",
            "id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    callout_id: Mapped[int] = mapped_column(ForeignKey("callout.id", ondelete="CASCADE"))
    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id", ondelete="CASCADE"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"))
    #: Counts the calls to one recipient, those that were never placed included.
    attempt: Mapped[int]
    to_phone: Mapped[str] = mapped_column(String(16))
    #: The language that is spoken; fixed when the call is placed.
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[CallState] = mapped_column(words(CallState), default=CallState.QUEUED)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    #: When it was last claimed, and until when its claimer has it to itself; NULL: it was never placed.
    claimed_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    provider: Mapped[str | None] = mapped_column(String(32))
    sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    #: When it was picked up, by a person or a machine, and when it ended.
    picked_up_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    duration_s: Mapped[int | None]
    #: The key that was an answer.
    key: Mapped[str | None] = mapped_column(String(1))
    #: A minute's price when it was placed; and what the call costs: at most, until its length is known.
    price: Mapped[float | None] = mapped_column(Float(53))
    cost: Mapped[float] = mapped_column(Float(53), default=0.0)
    error_class: Mapped[ErrorClass | None] = mapped_column(words(ErrorClass))
    error_code: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(255))
    #: When the engine next asks the provider what became of it; ``None``: never.
    look_at: Mapped[datetime | None]
    doubt_since: Mapped[datetime | None]
    empty_looks: Mapped[int] = mapped_column(default=0)
    #: When the provider was asked to stop it, since nobody needs the person any more.
    taken_back_at: Mapped[datetime | None]

    recipient: Mapped[Recipient] = relationship()


class SimulatedCall(Base):
    """A call on a simulated phone. Only the simulator reads and writes this."""

    __tablename__ = "simulated_call"
    __table_args__ = (Index("ix_simulated_call_phone", "phone", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    phone: Mapped[str] = mapped_column(String(16))
    call_id: Mapped[int] = mapped_column(BigKey)
    #: What was, or would have been, heard.
    speech: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    #: Twilio's word for how it stands, and what the person pressed.
    status: Mapped[str] = mapped_column(String(16))
    keys: Mapped[str] = mapped_column(String(8), default="")
    duration_s: Mapped[int | None]
