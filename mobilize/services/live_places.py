"""Where a person is now, told once and of their own will. It expires, and can be taken back at any time.

One that has expired is erased: nobody keeps where people were. The audit trail keeps that and until when,
not where, since it can never be erased. Each change is one transaction.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from mobilize.domain import person
from mobilize.domain.area import cell_of
from mobilize.domain.vocabulary import PlaceKind
from mobilize.extensions import db
from mobilize.models import Callout, Place, Recipient, Volunteer

from . import access, audit, chores
from .access import SYSTEM, Viewer
from .runtime import now, settings

#: How often the engines erase what has expired, and how many places in one go.
EVERY = timedelta(minutes=5)
PORTION = 500


def share(viewer: Viewer, volunteer_id: int, lat: float, lon: float) -> datetime:
    """Keep where a person is (degrees WGS 84); returns until when that counts. Raises `InvalidInput`."""
    lat, lon = person.check_coordinates(lat, lon)
    volunteer = _held(volunteer_id)
    place = live_place(volunteer)
    before = place.expires_at if place else None
    if place is None:
        place = Place(kind=PlaceKind.LIVE)
        volunteer.places.append(place)
    place.lat, place.lon, place.cell = lat, lon, cell_of(lat, lon)
    until = place.expires_at = now() + timedelta(minutes=settings().live_place_minutes)
    _note(viewer, volunteer, "volunteer.share_place", before, until)
    return until


def take_back(viewer: Viewer, volunteer_id: int) -> None:
    """Forget where a person said that they were."""
    volunteer = _held(volunteer_id)
    place = live_place(volunteer)
    if place is not None:
        volunteer.places.remove(place)
        _note(viewer, volunteer, "volunteer.take_back_place", place.expires_at, None)
    db.session.commit()


def forget_expired() -> int:
    """A chore of the engines: erase places that count no longer. Returns how many."""
    if not chores.take("expired places", EVERY):
        return 0
    expired = db.session.scalars(
        select(Place.volunteer_id)
        .where(Place.kind == PlaceKind.LIVE, Place.expires_at <= now())
        .order_by(Place.expires_at)
        .limit(PORTION)
    ).all()
    db.session.commit()
    return sum(_forget(volunteer_id) for volunteer_id in expired)


def _forget(volunteer_id: int) -> bool:
    volunteer = _held(volunteer_id)
    place = live_place(volunteer)
    gone = place is not None and place.expires_at is not None and place.expires_at <= now()
    if place is not None and gone:  # otherwise they shared another one meanwhile
        volunteer.places.remove(place)
        _note(SYSTEM, volunteer, "volunteer.forget_place", place.expires_at, None)
    db.session.commit()
    return gone


def live_place(volunteer: Volunteer) -> Place | None:
    """The person's live place, also if it has expired."""
    return next((place for place in volunteer.places if place.kind is PlaceKind.LIVE), None)


def of_comers(callout: Callout) -> dict[int, Place]:
    """The places that those who come shared and that still count, by volunteer."""
    shared = db.session.scalars(
        select(Place)
        .join(Recipient, Recipient.volunteer_id == Place.volunteer_id)
        .where(
            Recipient.callout_id == callout.id,
            Recipient.state.in_(access.COMMITTED),
            Place.kind == PlaceKind.LIVE,
            Place.expires_at > now(),
        )
    )
    return {place.volunteer_id: place for place in shared}


def _held(volunteer_id: int) -> Volunteer:
    """The person, so that two who press at the same time keep one place."""
    return db.session.scalars(
        select(Volunteer)
        .where(Volunteer.id == volunteer_id)
        .with_for_update(of=Volunteer)
        .execution_options(populate_existing=True)
    ).one()


def _note(
    viewer: Viewer, volunteer: Volunteer, action: str, before: datetime | None, after: datetime | None
) -> None:
    volunteer.updated_at = now()
    audit.record(
        viewer,
        action,
        "volunteer",
        volunteer.id,
        before={"until": before.isoformat() if before else None},
        after={"until": after.isoformat() if after else None},
    )
    db.session.commit()
