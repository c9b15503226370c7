"""Callouts: a request for volunteers, its needs, its waves and everyone it asked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mobilize.domain.vocabulary import CalloutMode, CalloutStatus, PlaceKind, RecipientState

from .base import Base, BigKey, words
from .emergency import Emergency
from .skill import Skill
from .volunteer import Volunteer

#: Who said yes and is not released. Databases use a partial index only where they read its very words.
COMING = text("recipient.closed_at IS NULL AND recipient.state IN ('accepted', 'arrived')")


class Callout(Base):
    """One request for volunteers within an emergency."""

    __tablename__ = "callout"
    __table_args__ = (
        CheckConstraint("confidence > 0 AND confidence < 1", name="confidence"),
        CheckConstraint("voice_after_minutes > 0", name="voice_after_minutes"),
        CheckConstraint("(status = 'draft') = (launched_at IS NULL)", name="launched_at"),
        CheckConstraint("(status = 'ended') = (ended_at IS NOT NULL)", name="ended_at"),
        CheckConstraint(
            "rendezvous_lat BETWEEN -90 AND 90 AND rendezvous_lon BETWEEN -180 AND 180", name="rendezvous"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergency.id"), index=True)
    mode: Mapped[CalloutMode] = mapped_column(words(CalloutMode), default=CalloutMode.PHASED)
    confidence: Mapped[float] = mapped_column(default=0.95)
    #: The coordinator's wording with placeholders; NULL is the standard wording in each volunteer's language.
    wording: Mapped[str | None] = mapped_column(Text)
    #: Told only to those who accept (two-stage disclosure).
    rendezvous: Mapped[str] = mapped_column(String(200))
    rendezvous_lat: Mapped[float] = mapped_column(Float(53))
    rendezvous_lon: Mapped[float] = mapped_column(Float(53))
    #: What to bring; told with the rendezvous.
    bring: Mapped[str | None] = mapped_column(String(160))
    #: Whether call-outs carry a link to a page where they can be answered.
    with_link: Mapped[bool] = mapped_column(default=False)
    #: Minutes of silence after which people are called by voice; NULL is never.
    voice_after_minutes: Mapped[int | None]
    #: What calls may cost here, if a coordinator has let them go on beyond ``VOICE_COST_CAP``.
    voice_cap: Mapped[float | None] = mapped_column(Float(53))
    arrive_by: Mapped[datetime]
    status: Mapped[CalloutStatus] = mapped_column(words(CalloutStatus), default=CalloutStatus.DRAFT, index=True)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    launched_at: Mapped[datetime | None]
    filled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: When the engine looks again whether another wave is due; NULL while nothing is to be decided.
    next_wave_at: Mapped[datetime | None] = mapped_column(index=True)
    #: No more people than this are ever asked; NULL is no limit.
    most_asked: Mapped[int | None]
    #: Since when a coordinator wants nobody more asked.
    asking_stopped_at: Mapped[datetime | None]
    #: P(every need is filled in time, if asking goes on): as it was at the launch; as it stands, or stood last.
    promised: Mapped[float | None]
    fill_probability: Mapped[float | None]
    #: What all log-odds of a yes are moved by here, as learned from the answers: mean and standard deviation.
    shift_mean: Mapped[float | None]
    shift_sd: Mapped[float | None]
    #: Since when far fewer answers come than anything explains.
    collapsed_at: Mapped[datetime | None]
    #: Counts every change a watcher should see; the board's ETag.
    revision: Mapped[int] = mapped_column(default=0)

    emergency: Mapped[Emergency] = relationship()
    needs: Mapped[list[Need]] = relationship(
        back_populates="callout", cascade="all, delete-orphan", order_by="Need.id"
    )
    waves: Mapped[list[Wave]] = relationship(order_by="Wave.number", cascade="all, delete-orphan")

    def able(self, skill_ids: Collection[int]) -> int:
        """The needs that somebody with these skills can fill: bit j stands for the j-th need."""
        return sum(1 << n for n, need in enumerate(self.needs) if need.skill_id in skill_ids)


class Need(Base):
    """A skill and a headcount."""

    __tablename__ = "need"
    __table_args__ = (
        UniqueConstraint("callout_id", "skill_id"),
        CheckConstraint("headcount BETWEEN 1 AND 10000", name="headcount"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    callout_id: Mapped[int] = mapped_column(ForeignKey("callout.id", ondelete="CASCADE"))
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"))
    headcount: Mapped[int]
    #: How sure this need wants to be; NULL is the callout's own confidence.
    confidence: Mapped[float | None]
    #: P(filled in time), if asking goes on: at the launch, and as it stands or stood last.
    promised: Mapped[float | None]
    fill_probability: Mapped[float | None]
    #: The same with those asked so far, and nobody more.
    with_asked: Mapped[float | None]
    filled_at: Mapped[datetime | None]

    callout: Mapped[Callout] = relationship(back_populates="needs")
    skill: Mapped[Skill] = relationship(lazy="joined")


class Wave(Base):
    """People asked together, and why that many."""

    __tablename__ = "wave"
    __table_args__ = (UniqueConstraint("callout_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    callout_id: Mapped[int] = mapped_column(ForeignKey("callout.id", ondelete="CASCADE"))
    number: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]
    #: P(filled in time) of the need that was least sure, with these people, too; NULL when a person chose them.
    fill_probability: Mapped[float | None]
    asked_at: Mapped[datetime]
    #: Whether the engine has noted at the volunteers when they were last asked.
    noted: Mapped[bool] = mapped_column(default=False)


class Recipient(Base):
    """One volunteer asked in one callout."""

    __tablename__ = "recipient"
    __table_args__ = (
        UniqueConstraint("callout_id", "volunteer_id"),
        CheckConstraint("length(reply_code) = 1", name="reply_code"),
        CheckConstraint("need_id IS NULL OR state IN ('accepted', 'arrived')", name="only_comers_fill_needs"),
        # The lowest letter free for a phone is found and taken in one transaction; this is what holds it.
        Index(
            "uq_recipient_open_reply_code",
            "volunteer_id",
            "reply_code",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        # All that a plan reads of those asked: counted, never row by row.
        Index("ix_recipient_progress", "callout_id", "state", "wave_id", "chance", "travel_s", "able"),
        Index("ix_recipient_asked_at", "asked_at", "volunteer_id"),
        Index("ix_recipient_volunteer_id_asked_at", "volunteer_id", "asked_at", "callout_id"),
        Index("uq_recipient_link_code", "link_code", unique=True),
        Index(
            "ix_recipient_remind_at",
            "remind_at",
            sqlite_where=text("remind_at IS NOT NULL"),
            postgresql_where=text("remind_at IS NOT NULL"),
        ),
        Index(
            "ix_recipient_coming",
            "volunteer_id",
            "callout_id",
            sqlite_where=text("closed_at IS NULL AND state IN ('accepted', 'arrived')"),
            postgresql_where=text("closed_at IS NULL AND state IN ('accepted', 'arrived')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    callout_id: Mapped[int] = mapped_column(ForeignKey("callout.id", ondelete="CASCADE"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"))
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), index=True)
    need_id: Mapped[int | None] = mapped_column(ForeignKey("need.id"), index=True)
    reply_code: Mapped[str] = mapped_column(String(1))
    state: Mapped[RecipientState] = mapped_column(words(RecipientState), default=RecipientState.ASKED)
    #: The place that counted when the person was chosen, and how far it was from the rendezvous.
    place_kind: Mapped[PlaceKind] = mapped_column(words(PlaceKind))
    lat: Mapped[float] = mapped_column(Float(53))
    lon: Mapped[float] = mapped_column(Float(53))
    distance_m: Mapped[float]
    #: As they were thought at the asking: the chance of a yes, to two decimals; seconds from the call to the
    #: arrival, to five minutes; and the needs that this person can fill (bit j: the j-th by id).
    chance: Mapped[float | None]
    travel_s: Mapped[int | None]
    able: Mapped[int | None] = mapped_column(BigKey)
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    eta_at: Mapped[datetime | None]
    #: When the person said that they had set out, were there, and were out of the field again.
    en_route_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    #: By when somebody who was told to come should have checked out; NULL while nobody needs to.
    check_out_by: Mapped[datetime | None]
    #: When the engine next looks whether this person must be reminded; and how often it has, since they spoke.
    remind_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0)
    #: What stands in this person's link and claims their place from another phone.
    link_code: Mapped[str | None] = mapped_column(String(16))
    #: When the reply code became free again: the callout is over for this person.
    closed_at: Mapped[datetime | None]

    callout: Mapped[Callout] = relationship()
    volunteer: Mapped[Volunteer] = relationship()
    need: Mapped[Need | None] = relationship()
