"""People who text, for tests of the inbox."""

import itertools
from typing import Any

from sqlalchemy import select

from mobilize.domain.vocabulary import CalloutMode, MessageKind
from mobilize.extensions import db
from mobilize.models import InboundMessage, Message, Recipient, Volunteer
from mobilize.services import callouts, inbox
from mobilize.services.access import SYSTEM
from tests.world import World

_numbers = itertools.count(1)


def says(who: Volunteer | str, body: str, **fields: Any) -> InboundMessage:
    """A text comes in, from a volunteer or from a number, and is understood."""
    phone = who if isinstance(who, str) else who.phone
    sid = f"IN{next(_numbers):032d}"
    inbox.store_inbound(sid=sid, from_phone=phone, to_phone="+15550100", body=body, raw={}, **fields)
    inbox.understand_pending()
    return db.session.scalars(select(InboundMessage).where(InboundMessage.sid == sid)).one()


def launched(world: World, *, medics: int = 1, **changes: Any) -> int:
    """A callout that has asked everyone; its id."""
    callout = world.callout({"medic": medics}, mode=CalloutMode.EVERYONE, **changes)
    callouts.launch(SYSTEM, callout.id)
    return callout.id


def place_of(who: Volunteer, callout_id: int | None = None) -> Recipient:
    query = select(Recipient).where(Recipient.volunteer_id == who.id)
    if callout_id is not None:
        query = query.where(Recipient.callout_id == callout_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def texts_to(who: Volunteer, kind: MessageKind) -> list[str]:
    found = select(Message.body).where(Message.volunteer_id == who.id, Message.kind == kind)
    return list(db.session.scalars(found.order_by(Message.id)))
