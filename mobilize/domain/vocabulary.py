"""The closed word lists of the domain: what a column, a field or a screen may say.

Every list is a ``StrEnum``, so a value is its own JSON and its own database text.
CAP is the OASIS Common Alerting Protocol 1.2, whose words for severity, urgency,
certainty and event category we use unchanged.
"""

from enum import StrEnum


class Hazard(StrEnum):
    """What happened, in words a coordinator would pick from a list."""

    EARTHQUAKE = "earthquake"
    FLOOD = "flood"
    STORM = "storm"
    WILDFIRE = "wildfire"
    LANDSLIDE = "landslide"
    AVALANCHE = "avalanche"
    HEATWAVE = "heatwave"
    COLD_WAVE = "cold_wave"
    TSUNAMI = "tsunami"
    VOLCANO = "volcano"
    EPIDEMIC = "epidemic"
    FIRE = "fire"
    INDUSTRIAL_ACCIDENT = "industrial_accident"
    TRANSPORT_ACCIDENT = "transport_accident"
    MISSING_PERSON = "missing_person"
    MASS_GATHERING = "mass_gathering"
    SECURITY = "security"
    OTHER = "other"


class Severity(StrEnum):
    """CAP ``severity``; ``EXTREME`` and ``SEVERE`` are threats to life."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"

    @property
    def life_threatening(self) -> bool:
        return self in (Severity.EXTREME, Severity.SEVERE)


class Urgency(StrEnum):
    """CAP ``urgency``."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """CAP ``certainty``."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class EmergencyStatus(StrEnum):
    """An emergency is open from its declaration until it is ended or cancelled."""

    OPEN = "open"
    ENDED = "ended"
    CANCELLED = "cancelled"


class CalloutStatus(StrEnum):
    """``draft`` is not launched; ``asking`` may ask more people; ``filled`` has enough; ``ended`` is over."""

    DRAFT = "draft"
    ASKING = "asking"
    FILLED = "filled"
    ENDED = "ended"

    @property
    def running(self) -> bool:
        return self in (CalloutStatus.ASKING, CalloutStatus.FILLED)


class CalloutMode(StrEnum):
    """How people are asked: in waves, all at once, or one after the other."""

    PHASED = "phased"
    EVERYONE = "everyone"
    ONE_BY_ONE = "one_by_one"


class MembershipStatus(StrEnum):
    """Only ``active`` members are ever called."""

    APPLIED = "applied"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPELLED = "expelled"
    LEFT = "left"


class PhoneStatus(StrEnum):
    """What is known about a phone number's ability to receive texts."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    INVALID = "invalid"
    LANDLINE = "landline"


class PlaceKind(StrEnum):
    """Where a volunteer is: shared live, at work, or at home (in that order of preference)."""

    LIVE = "live"
    WORK = "work"
    HOME = "home"


class AccountRole(StrEnum):
    """Who signs in; design section 9 says what each may see."""

    ADMIN = "admin"
    COORDINATOR = "coordinator"
    AUTHORITY = "authority"
    VOLUNTEER = "volunteer"


class RecipientState(StrEnum):
    """Where one volunteer stands in one callout.

    ``accepted`` people fill a need (``need_id`` set) or wait as reserve (unset).
    """

    ASKED = "asked"
    ACCEPTED = "accepted"
    LIMITED = "limited"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    ARRIVED = "arrived"
    STOOD_DOWN = "stood_down"
    UNREACHABLE = "unreachable"


class Whereabouts(StrEnum):
    """Where somebody who was told to come is, as far as they have said. Never stored.

    ``overdue``: should have arrived, and does not answer; ``returning``: was let go, or gave up, and is not
    home yet; ``missing``: should have checked out before now.
    """

    ON_THE_WAY = "on_the_way"
    OVERDUE = "overdue"
    ON_SCENE = "on_scene"
    RETURNING = "returning"
    MISSING = "missing"
    HOME = "home"


class MessageKind(StrEnum):
    """Why a text is sent. ``BY_HAND``: a coordinator typed it."""

    CALLOUT = "callout"
    ACKNOWLEDGEMENT = "acknowledgement"
    QUESTION = "question"
    STAND_DOWN = "stand_down"
    REMINDER = "reminder"
    NOTICE = "notice"
    BY_HAND = "by_hand"


class Channel(StrEnum):
    """How an answer came: as a text, by the link in a text, or as a key pressed during a call."""

    TEXT = "text"
    LINK = "link"
    VOICE = "voice"


class Intent(StrEnum):
    """What a volunteer's text means. In doubt it is ``UNCLEAR``.

    ``EN_ROUTE``: has set out; ``LEFT``: is out of the field again; ``AVAILABLE`` and ``UNAVAILABLE`` speak
    of the time to come, not of one call.
    """

    ACCEPT = "accept"
    LIMITED = "limited"
    DECLINE = "decline"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    LEFT = "left"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    STATUS = "status"
    UNCLEAR = "unclear"


class AlarmKind(StrEnum):
    """Faults that a coordinator must see on every page until they are cleared."""

    SENDER_PAUSED = "sender_paused"
    ENGINE_MISSING = "engine_missing"
    UNKNOWN_ERROR_CODE = "unknown_error_code"
    REPLIES_COLLAPSED = "replies_collapsed"
    CHECK_OUT_OVERDUE = "check_out_overdue"
    CALLS_STOPPED = "calls_stopped"
