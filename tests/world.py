"""A small world for tests: factories with sensible values, each committed at once."""

import itertools
from datetime import date, timedelta
from math import log
from typing import Any, ClassVar

from flask import current_app
from flask_security.utils import hash_password

from mobilize.domain.acceptance import Model
from mobilize.domain.area import cell_of
from mobilize.domain.vocabulary import (
    AccountRole,
    Certainty,
    Hazard,
    MembershipStatus,
    PhoneStatus,
    PlaceKind,
    Severity,
    Urgency,
)
from mobilize.extensions import db
from mobilize.models import (
    Account,
    Agreement,
    Authority,
    Callout,
    Certification,
    Emergency,
    Place,
    Section,
    Skill,
    Volunteer,
)
from mobilize.services import callouts, learning, selection
from mobilize.services.access import SYSTEM
from mobilize.services.callouts import CalloutDraft, NeedDraft
from mobilize.services.runtime import now

#: The port of Durrës, where the world's emergencies happen unless told otherwise.
LAT, LON = 41.3125, 19.4453
PASSWORD = "correct horse battery staple"


class World:
    """Makes things and remembers sections and skills by code, so that tests name them freely."""

    #: Hashing a password is slow on purpose; once for a test process is enough.
    _hash: ClassVar[str | None] = None

    def __init__(self) -> None:
        self._phones = itertools.count(1)

    def section(self, code: str = "al", country: str = "AL", parent: Section | None = None) -> Section:
        found = db.session.query(Section).filter_by(code=code).one_or_none()
        if found:
            return found
        section = Section(
            code=code,
            name=f"Section {code.upper()}",
            short_name=code.upper(),
            country=country,
            parent_id=parent.id if parent else None,
            path=f"/new-{code}/",
            language="en",
            time_zone="Europe/Tirane",
        )
        db.session.add(section)
        db.session.flush()
        section.path = f"{parent.path if parent else '/'}{section.id}/"
        db.session.commit()
        return section

    def people_answer(self, *, chance: float = 0.97, drill: bool = False) -> None:
        """What earlier call-outs taught: anybody says yes with this chance, wherever and whenever."""
        odds = (log(chance / (1 - chance)), 0.0, 0.0, 0.0, 0.0)
        learning.put_into_force(Model(odds=odds, learned_from=1000), drill=drill)

    def skill(self, code: str = "medic", *, requires_certificate: bool = False) -> Skill:
        found = db.session.query(Skill).filter_by(code=code).one_or_none()
        if found:
            return found
        skill = Skill(code=code, name=code.replace("_", " "), requires_certificate=requires_certificate)
        db.session.add(skill)
        db.session.commit()
        return skill

    def volunteer(
        self,
        name: str = "Ana",
        *,
        phone: str | None = None,
        skills: tuple[str, ...] | list[str] = ("medic",),
        lat: float = LAT,
        lon: float = LON,
        language: str = "en",
        section: Section | None = None,
        **changes: Any,
    ) -> Volunteer:
        """An active adult with consent, a verified phone and a home at the emergency."""
        values: dict[str, Any] = {
            "given_name": name,
            "family_name": "Test",
            "phone": phone or f"+3556920{next(self._phones):05d}",
            "phone_status": PhoneStatus.VERIFIED,
            "language": language,
            "time_zone": "Europe/Tirane",
            "born_on": date(1990, 1, 1),
            "status": MembershipStatus.ACTIVE,
            "consent_at": now() - timedelta(days=30),
            "created_at": now(),
            "updated_at": now(),
        }
        volunteer = Volunteer(section_id=(section or self.section()).id, **(values | changes))
        volunteer.places.append(Place(kind=PlaceKind.HOME, lat=lat, lon=lon, cell=cell_of(lat, lon)))
        for code in skills:
            volunteer.certifications.append(Certification(skill_id=self.skill(code).id, verified_at=now()))
        db.session.add(volunteer)
        db.session.flush()
        selection.reindex([volunteer.id])
        db.session.commit()
        return volunteer

    def authority(self, code: str = "al-civil", country: str = "AL", *, in_force: bool = True) -> Authority:
        found = db.session.query(Authority).filter_by(code=code).one_or_none()
        if found:
            return found
        authority = Authority(code=code, name="Civil Protection", country=country)
        start = now().date() - timedelta(days=365)
        end = None if in_force else start + timedelta(days=30)
        authority.agreements.append(Agreement(reference="MoU 1", valid_from=start, valid_until=end))
        db.session.add(authority)
        db.session.commit()
        return authority

    def account(
        self,
        role: AccountRole = AccountRole.COORDINATOR,
        *,
        email: str | None = None,
        section: Section | None = None,
        authority: Authority | None = None,
        volunteer: Volunteer | None = None,
    ) -> Account:
        """An account with the password `PASSWORD` and the owner that its role needs."""
        World._hash = World._hash or hash_password(PASSWORD)
        email = email or f"{role.value}{next(self._phones)}@example.org"
        account = Account(
            email=email,
            name=email.split("@", maxsplit=1)[0],
            password=World._hash,
            active=True,
            fs_uniquifier=f"uniquifier-{email}",
            role=role,
            created_at=now(),
        )
        if role is AccountRole.COORDINATOR:
            account.section_id = (section or self.section()).id
        elif role is AccountRole.AUTHORITY:
            account.authority_id = (authority or self.authority()).id
        elif role is AccountRole.VOLUNTEER:
            account.volunteer_id = (volunteer or self.volunteer()).id
        db.session.add(account)
        db.session.commit()
        return account

    def token(self, account: Account) -> dict[str, str]:
        """The header with which this account's programs sign in."""
        with current_app.test_request_context():
            return {"Authorization": f"Bearer {account.get_auth_token()!s}"}

    def emergency(self, *, section: Section | None = None, **changes: Any) -> Emergency:
        """An open, severe earthquake of 25 km around the port."""
        values: dict[str, Any] = {
            "title": "Durres earthquake",
            "hazard": Hazard.EARTHQUAKE,
            "severity": Severity.SEVERE,
            "urgency": Urgency.IMMEDIATE,
            "certainty": Certainty.OBSERVED,
            "country": "AL",
            "area": {"type": "circle", "lat": LAT, "lon": LON, "radius_m": 25_000},
            "declared_at": now(),
        }
        emergency = Emergency(section_id=(section or self.section()).id, **(values | changes))
        db.session.add(emergency)
        db.session.commit()
        return emergency

    def callout(
        self, needs: dict[str, int] | None = None, *, emergency: Emergency | None = None, **changes: Any
    ) -> Callout:
        """A draft callout at the port, to be there in six hours."""
        needs = needs or {"medic": 1}
        for code in needs:
            self.skill(code)
        values: dict[str, Any] = {
            "emergency_id": (emergency or self.emergency()).id,
            "needs": tuple(NeedDraft(code, headcount) for code, headcount in needs.items()),
            "rendezvous": "Port gate 3",
            "rendezvous_lat": LAT,
            "rendezvous_lon": LON,
            "arrive_by": now() + timedelta(hours=6),
        }
        return callouts.draft(SYSTEM, CalloutDraft(**(values | changes)))
