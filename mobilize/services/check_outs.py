"""Checking somebody out by hand, after a coordinator has spoken to them."""

from sqlalchemy import select

from mobilize.domain.errors import Conflict
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Callout, Recipient

from . import access, answers, audit, places
from .access import Viewer
from .runtime import now, work_waiting


def check_out(viewer: Viewer, recipient_id: int) -> Recipient:
    """The person is known to be out of the field. One transaction.

    Raises `NotFound`, and `Conflict` if nobody waits for this person.
    """
    access.require(viewer, AccountRole.COORDINATOR)
    recipient = access.find(viewer, Recipient, recipient_id)
    callout = db.session.scalars(
        select(Callout)
        .where(Callout.id == recipient.callout_id)
        .with_for_update(of=Callout)
        .execution_options(populate_existing=True)
    ).one()
    db.session.refresh(recipient)
    by = recipient.check_out_by
    if by is None:
        raise Conflict(f"{recipient.volunteer.name} has checked out, or was never told to come.")
    before = {"state": recipient.state.value, "check_out_by": by.isoformat()}
    places.hush(recipient)
    answers.check_out(recipient, callout, now())
    after = {"state": recipient.state.value, "left_at": now().isoformat()}
    audit.record(viewer, "recipient.check_out", "recipient", recipient.id, before=before, after=after)
    db.session.commit()
    work_waiting.send()
    return recipient
