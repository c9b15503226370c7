"""Texts out, texts in, and what the provider told about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mobilize.domain.delivery import Cause, DoubtEnding, ErrorClass, MessageState
from mobilize.domain.vocabulary import Channel, Intent, MessageKind

from .base import Base, BigKey, words
from .volunteer import Volunteer

#: A reading is called sure from this confidence on.
SURE = 0.8
#: Texts that a person should read: not understood, not for sure, or not read at all; and not dealt with yet.
#: Databases use a partial index only where they read its very words.
_TO_READ = "{0}settled_at IS NULL AND ({0}intent IS NULL OR {0}intent = 'unclear' OR {0}confidence < 0.8)"
TO_READ = text(_TO_READ.format("inbound_message."))


class Message(Base):
    """One outbound text. The row is written in the transaction of the decision to send it."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("segments BETWEEN 1 AND 10", name="segments"),
        CheckConstraint("state <> 'sending' OR lease_until IS NOT NULL", name="sending_has_lease"),
        Index(
            "ix_message_due",
            "priority",
            "rank",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_message_lease_until",
            "lease_until",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index(
            "ix_message_look_at",
            "look_at",
            sqlite_where=text("look_at IS NOT NULL"),
            postgresql_where=text("look_at IS NOT NULL"),
        ),
        Index("ix_message_callout_id_state", "callout_id", "state"),
        Index(
            "ix_message_doubt_ending",
            "callout_id",
            "doubt_ending",
            sqlite_where=text("doubt_ending IS NOT NULL"),
            postgresql_where=text("doubt_ending IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    #: What must not happen twice: ``callout:<recipient>``, ``answer:<inbound>``; see ``services/outbox.py``.
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[MessageKind] = mapped_column(words(MessageKind))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"), index=True)
    callout_id: Mapped[int | None] = mapped_column(ForeignKey("callout.id"))
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("recipient.id"), index=True)
    to_phone: Mapped[str] = mapped_column(String(16))
    body: Mapped[str] = mapped_column(Text)
    segments: Mapped[int]
    #: Lower goes first; ``services/outbox.py`` names the levels.
    priority: Mapped[int]
    #: Within a level: the place in its wave, so that a large wave does not hold up a small one.
    rank: Mapped[int] = mapped_column(default=0)
    state: Mapped[MessageState] = mapped_column(words(MessageState), default=MessageState.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    #: When it was last claimed, and until when its claimer has it to itself.
    claimed_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    #: After this instant the text is worthless and is not sent.
    expires_at: Mapped[datetime]
    provider: Mapped[str | None] = mapped_column(String(32))
    #: The address that it was sent from, of the latest attempt.
    sender: Mapped[str | None] = mapped_column(String(64))
    #: Senders that cannot reach this phone (``provider:address``), one a line.
    avoid: Mapped[str | None] = mapped_column(String(255))
    sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    error_class: Mapped[ErrorClass | None] = mapped_column(words(ErrorClass))
    error_code: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    #: When the engine next asks the provider what became of it; ``None``: never.
    look_at: Mapped[datetime | None]
    #: Since when it is ``unknown``, and how often the provider's list has shown nothing since then.
    doubt_since: Mapped[datetime | None]
    empty_looks: Mapped[int] = mapped_column(default=0)
    doubt_ending: Mapped[DoubtEnding | None] = mapped_column(words(DoubtEnding))

    volunteer: Mapped[Volunteer] = relationship()


class MessageEvent(Base):
    """One step of a text from state to state, and its cause. Append-only."""

    __tablename__ = "message_event"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    from_state: Mapped[MessageState | None] = mapped_column(words(MessageState, "from_state"))
    to_state: Mapped[MessageState] = mapped_column(words(MessageState, "to_state"))
    cause: Mapped[Cause] = mapped_column(words(Cause))
    detail: Mapped[str | None] = mapped_column(String(255))


class StatusCallback(Base):
    """What the provider reported of a text, kept as it came; applied once, later, by the engine."""

    __tablename__ = "status_callback"
    __table_args__ = (
        # Twilio repeats callbacks; the same report counts once.
        UniqueConstraint("sid", "status"),
        Index(
            "ix_status_callback_pending",
            "id",
            sqlite_where=text("applied_at IS NULL"),
            postgresql_where=text("applied_at IS NULL"),
        ),
        Index("ix_status_callback_message_id", "message_id"),
        Index(
            "ix_status_callback_second_copy",
            "message_id",
            "sid",
            sqlite_where=text("outcome = 'second copy'"),
            postgresql_where=text("outcome = 'second copy'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sid: Mapped[str] = mapped_column(String(64))
    #: Our own id, from the callback's URL; proves the send even when the provider's answer was lost.
    message_id: Mapped[int | None] = mapped_column(BigKey)
    #: The attempt that it speaks of, from the URL, and the phone, from the form.
    attempt: Mapped[int | None]
    to_phone: Mapped[str | None] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(32))
    error_code: Mapped[int | None]
    #: We asked for it, because no callback had come.
    looked_up: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(120))


class InboundMessage(Base):
    """One answer received, kept raw, with how it was understood: a text, a link's form, a key pressed."""

    __tablename__ = "inbound_message"
    __table_args__ = (
        Index(
            "ix_inbound_message_pending",
            "id",
            sqlite_where=text("understood_at IS NULL"),
            postgresql_where=text("understood_at IS NULL"),
        ),
        Index("ix_inbound_message_from_phone", "from_phone", "received_at"),
        Index(
            "ix_inbound_message_to_read",
            "id",
            sqlite_where=text(_TO_READ.format("")),
            postgresql_where=text(_TO_READ.format("")),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    from_phone: Mapped[str] = mapped_column(String(32))
    to_phone: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    #: The provider's fields, unabridged.
    raw: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime]
    channel: Mapped[Channel] = mapped_column(words(Channel), default=Channel.TEXT)
    #: Pictures and the like that came with it.
    media_count: Mapped[int] = mapped_column(default=0)
    understood_at: Mapped[datetime | None]
    intent: Mapped[Intent | None] = mapped_column(words(Intent))
    #: How sure the reading was, 0 to 1; see ``domain/replies.py``.
    confidence: Mapped[float | None]
    eta_minutes: Mapped[int | None]
    #: Of an absence: how many minutes it lasts.
    absent_minutes: Mapped[int | None]
    #: What the machine had read before a person corrected it.
    machine_intent: Mapped[Intent | None] = mapped_column(words(Intent, "machine_intent"))
    corrected_at: Mapped[datetime | None]
    corrected_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    #: Since when a person has dealt with it.
    settled_at: Mapped[datetime | None]
    reply_code: Mapped[str | None] = mapped_column(String(1))
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteer.id"), index=True)
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("recipient.id"), index=True)
    #: What was done about it, in a sentence for the coordinator.
    effect: Mapped[str | None] = mapped_column(String(200))

    volunteer: Mapped[Volunteer | None] = relationship()
