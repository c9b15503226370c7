"""The inbox as a coordinator reads it: which texts, and beside each what was asked, answered and corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    String,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import selectinload

from mobilize.domain.vocabulary import AccountRole, MessageKind
from mobilize.extensions import db
from mobilize.models import Account, Callout, InboundMessage, Message, Recipient, Volunteer
from mobilize.models.message import SURE, TO_READ

from . import access, restoring
from .access import Viewer

#: Beyond this many, nobody counts.
MOST_COUNTED = 100


class Shelf(StrEnum):
    """Which texts are shown. ``late``: they came when the callout was over for their writer."""

    ALL = "all"
    TO_READ = "to_read"
    CORRECTED = "corrected"
    BY_HAND = "by_hand"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Wish:
    """What to list. ``before`` is the last id of the page before; ``text`` a part of a name or a phone."""

    shelf: Shelf = Shelf.ALL
    text: str = ""
    callout_id: int | None = None
    volunteer_id: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One text with all that is shown beside it."""

    text: InboundMessage
    volunteer: Volunteer | None
    #: The place in a callout that it speaks of, if any; and whether that callout is the viewer's.
    place: Recipient | None
    own: bool
    #: The person's places in callouts that run, within the viewer's scope.
    places: Sequence[Recipient] = ()
    #: Texts that were sent by hand in answer to it, oldest first.
    replies: Sequence[Message] = ()
    corrected_by: str | None = None

    @property
    def running(self) -> bool:
        return self.place is not None and self.place.callout.status.running

    @property
    def sure(self) -> bool:
        return (
            self.text.confidence is None or self.text.confidence >= SURE or self.text.corrected_at is not None
        )

    @property
    def to_read(self) -> bool:
        unclear = self.text.intent is None or self.text.intent == "unclear"
        return self.text.settled_at is None and (unclear or not self.sure)

    @property
    def late(self) -> bool:
        return _late(self.text, self.place)

    @property
    def correctable(self) -> bool:
        """Whether a person may say what it means: its writer is known, and its callout is the viewer's."""
        return self.volunteer is not None and self.text.understood_at is not None and self.own

    @property
    def answerable(self) -> bool:
        return self.volunteer is not None and self.volunteer.takes_texts


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a conversation, sent or received."""

    received: InboundMessage | None = None
    sent: Message | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A text with what went before and came after, oldest first."""

    row: Row
    lines: Sequence[Line] = field(default_factory=tuple)


def query(viewer: Viewer, wish: Wish) -> Select[InboundMessage]:
    """The texts within the viewer's scope that are wished for, latest first."""
    found = access.visible(viewer, InboundMessage).where(*_conditions(wish))
    if wish.before is not None:
        found = found.where(InboundMessage.id < wish.before)
    return found.order_by(InboundMessage.id.desc())


def rows(viewer: Viewer, wish: Wish, limit: int) -> list[Row]:
    """One page of texts with what is shown beside them; a handful of queries."""
    texts = db.session.scalars(query(viewer, wish).options(selectinload(InboundMessage.volunteer)).limit(limit))
    return beside(viewer, texts.all())


def row(viewer: Viewer, inbound_id: int) -> Row:
    """One text. Raises `errors.NotFound`."""
    return beside(viewer, [access.find(viewer, InboundMessage, inbound_id)])[0]


def to_read_count(viewer: Viewer) -> int:
    """How many texts wait for a person, counted to `MOST_COUNTED`; none for those who read no inbox."""
    if viewer.role not in (AccountRole.ADMIN, AccountRole.COORDINATOR):
        return 0
    some = access.visible(viewer, InboundMessage).with_only_columns(InboundMessage.id).where(TO_READ)
    return db.session.scalar(select(func.count()).select_from(some.limit(MOST_COUNTED).subquery())) or 0


def conversation(viewer: Viewer, inbound_id: int, limit: int = 30) -> Conversation:
    """A text between the latest texts from and to its writer, as far as the viewer may see them."""
    shown = row(viewer, inbound_id)
    if shown.volunteer is None:
        same = InboundMessage.from_phone == shown.text.from_phone
        sent: Sequence[Message] = []
    else:
        same = InboundMessage.volunteer_id == shown.volunteer.id
        to_them = access.visible(viewer, Message).where(Message.volunteer_id == shown.volunteer.id)
        sent = db.session.scalars(to_them.order_by(Message.id.desc()).limit(limit)).all()
    from_them = access.visible(viewer, InboundMessage).where(same)
    received = db.session.scalars(from_them.order_by(InboundMessage.id.desc()).limit(limit)).all()
    lines = [(one.received_at, Line(received=one)) for one in received]
    lines += [(one.created_at, Line(sent=one)) for one in sent]
    ordered = sorted(lines, key=lambda line: line[0])
    return Conversation(shown, [line for _, line in ordered[-limit:]])


def beside(viewer: Viewer, texts: Sequence[InboundMessage]) -> list[Row]:
    """Texts with their places, answers by hand and correctors."""
    places = _places(texts)
    own = _own(viewer, places)
    open_places = _running_places(viewer, texts)
    replies = _replies(texts)
    names = _names(texts)
    return [
        Row(
            text=text,
            volunteer=text.volunteer,
            place=places.get(text.recipient_id or 0),
            own=text.recipient_id is None or text.recipient_id in own,
            places=open_places.get(text.volunteer_id or 0, ()),
            replies=replies.get(text.id, ()),
            corrected_by=names.get(text.corrected_by_id or 0),
        )
        for text in texts
    ]


def _late(text: InboundMessage, place: Recipient | None) -> bool:
    return place is not None and place.closed_at is not None and place.closed_at < text.received_at


def _conditions(wish: Wish) -> list[ColumnElement[bool]]:
    found = _on(wish.shelf)
    if wish.callout_id is not None:
        asked = select(Recipient.id).where(Recipient.callout_id == wish.callout_id)
        found.append(InboundMessage.recipient_id.in_(asked))
    if wish.volunteer_id is not None:
        found.append(InboundMessage.volunteer_id == wish.volunteer_id)
    if wish.text.strip():
        found.append(_named(wish.text.strip()))
    return found


def _by_hand() -> ColumnElement[bool]:
    key = literal("hand:") + cast(InboundMessage.id, String) + literal(":")
    return exists().where(
        Message.volunteer_id == InboundMessage.volunteer_id,
        Message.kind == MessageKind.BY_HAND,
        Message.idempotency_key.startswith(key),
    )


def _was_late() -> ColumnElement[bool]:
    return exists().where(
        Recipient.id == InboundMessage.recipient_id, Recipient.closed_at < InboundMessage.received_at
    )


def _on(shelf: Shelf) -> list[ColumnElement[bool]]:
    match shelf:
        case Shelf.TO_READ:
            return [literal_column(TO_READ.text, Boolean)]
        case Shelf.CORRECTED:
            return [InboundMessage.corrected_at.is_not(None)]
        case Shelf.BY_HAND:
            return [_by_hand()]
        case Shelf.LATE:
            return [_was_late()]
        case _:
            return []


def _named(text: str) -> ColumnElement[bool]:
    """Texts of whom all these words name, or whose number has these digits."""
    digits = "".join(sign for sign in text if sign.isdigit()).lstrip("0")
    if digits and not any(sign.isalpha() for sign in text):
        registered = select(Volunteer.id).where(Volunteer.phone.contains(digits))
        return InboundMessage.from_phone.contains(digits) | InboundMessage.volunteer_id.in_(registered)
    people = select(Volunteer.id)
    for word in text.replace("\0", "").split():
        people = people.where(
            or_(
                Volunteer.given_name.icontains(word, autoescape=True),
                Volunteer.family_name.icontains(word, autoescape=True),
            )
        )
    return InboundMessage.volunteer_id.in_(people)


def _places(texts: Sequence[InboundMessage]) -> Mapping[int, Recipient]:
    ids = {text.recipient_id for text in texts if text.recipient_id is not None}
    found = select(Recipient).where(Recipient.id.in_(ids)).options(_CALLOUT)
    return {place.id: place for place in db.session.scalars(found)}


_CALLOUT = selectinload(Recipient.callout).selectinload(Callout.emergency)


def _own(viewer: Viewer, places: Mapping[int, Recipient]) -> set[int]:
    seen = access.visible(viewer, Recipient).where(Recipient.id.in_(places))
    return set(db.session.scalars(seen.with_only_columns(Recipient.id)))


def _running_places(viewer: Viewer, texts: Sequence[InboundMessage]) -> Mapping[int, Sequence[Recipient]]:
    """By volunteer: where they were asked in callouts that run."""
    ids = {text.volunteer_id for text in texts if text.volunteer_id is not None}
    running = select(Callout.id).where(Callout.status.in_(restoring.RUNNING))
    query = (
        access.visible(viewer, Recipient)
        .where(Recipient.volunteer_id.in_(ids), Recipient.callout_id.in_(running))
        .order_by(Recipient.closed_at.is_not(None), Recipient.reply_code, Recipient.id.desc())
        .options(_CALLOUT)
    )
    found: dict[int, list[Recipient]] = {}
    for place in db.session.scalars(query):
        found.setdefault(place.volunteer_id, []).append(place)
    return found


def _replies(texts: Sequence[InboundMessage]) -> Mapping[int, Sequence[Message]]:
    """By text: what was sent by hand in answer to it."""
    ids = {text.id for text in texts}
    people = {text.volunteer_id for text in texts if text.volunteer_id is not None}
    by_hand = select(Message).where(Message.volunteer_id.in_(people), Message.kind == MessageKind.BY_HAND)
    found: dict[int, list[Message]] = {}
    for message in db.session.scalars(by_hand.order_by(Message.id)):
        answered = int(message.idempotency_key.split(":")[1])
        if answered in ids:
            found.setdefault(answered, []).append(message)
    return found


def _names(texts: Sequence[InboundMessage]) -> Mapping[int, str]:
    ids = {text.corrected_by_id for text in texts if text.corrected_by_id is not None}
    found = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    return {row.id: row.name for row in found}
