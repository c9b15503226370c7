"""Links: the short signed code by which one person answers one callout without signing in.

A code is the first 60 bits of HMAC-SHA256 over callout and volunteer, as 12 signs of Crockford's base32,
which has no I, L, O and U. Who holds it may answer for that person: it stands in their link, and in front
of a text from another phone. It is worth nothing without the row that it belongs to, and the row is worth
nothing without the signature.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from .vocabulary import RecipientState

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
#: A code to measure and preview texts with, before anybody is asked; nobody's in practice.
STAND_IN = "X" * LENGTH
#: How long a link works after the arrive-by time, or after the call was over for the person if that is later.
AFTERWARDS = timedelta(days=2)
#: How long a page that was opened can be answered from.
FORM_LIFE = timedelta(days=1)

_RFC_4648 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TO_CROCKFORD = bytes.maketrans(_RFC_4648, ALPHABET.encode())
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None})
_SIGNS = frozenset(ALPHABET)
_AROUND = ".,;:!?()<>\"'"
_COMING = (RecipientState.ACCEPTED, RecipientState.ARRIVED)


def code_for(secret: bytes, callout_id: int, volunteer_id: int) -> str:
    """The code of a person in a callout; the same whenever it is asked for."""
    digest = hmac.digest(secret, b"link:%d:%d" % (callout_id, volunteer_id), hashlib.sha256)
    return base64.b32encode(digest[:8])[:LENGTH].translate(_TO_CROCKFORD).decode()


def proves(code: str, secret: bytes, callout_id: int, volunteer_id: int) -> bool:
    """Whether a code is this person's in this callout, in constant time."""
    return hmac.compare_digest(code, code_for(secret, callout_id, volunteer_id))


def address(public_url: str, code: str) -> str:
    return f"{public_url}/c/{code}"


def read_code(text: str) -> str | None:
    """A code as somebody copied it: in any case, with hyphens, with O for 0 and I or L for 1."""
    if len(text) > 2 * LENGTH:
        return None
    code = text.upper().translate(_READ_AS)
    return code if len(code) == LENGTH and _SIGNS.issuperset(code) else None


@dataclass(frozen=True, slots=True)
class Claim:
    """A word of a text that may be a code, and what the text says beside it."""

    code: str
    words: str


def claims(body: str) -> Iterator[Claim]:
    """What may be a code at the beginning or at the end of a text; a whole link counts as its code."""
    words = body.split()
    ends = ((words[0], words[1:]), (words[-1], words[:-1])) if words else ()
    for word, others in ends:
        code = read_code(word.strip(_AROUND).rpartition("/")[2])
        if code is not None:
            yield Claim(code, " ".join(others))


class Standing(StrEnum):
    """Where a person stands in a callout, as far as their page differs."""

    ASKED = "asked"
    LIMITED = "limited"
    DECLINED = "declined"
    COMING = "coming"
    RESERVE = "reserve"
    ARRIVED = "arrived"
    RELEASED = "released"
    HOME = "home"
    OVER = "over"


class Press(StrEnum):
    """What can be pressed on the page."""

    YES = "yes"
    NO = "no"
    LIMITED = "limited"
    ARRIVED = "arrived"
    HOME = "home"
    ETA = "eta"


#: What a press says, as the person would have typed it.
TYPED: Mapping[Press, str] = MappingProxyType(
    {
        Press.YES: "1",
        Press.NO: "2",
        Press.LIMITED: "3",
        Press.ARRIVED: "4",
        Press.HOME: "5",
        Press.ETA: "1",
    }
)
#: What is offered, the likeliest first.
OFFERED: Mapping[Standing, tuple[Press, ...]] = MappingProxyType(
    {
        Standing.ASKED: (Press.YES, Press.NO, Press.LIMITED),
        Standing.LIMITED: (Press.YES, Press.NO),
        Standing.DECLINED: (Press.YES, Press.LIMITED),
        Standing.COMING: (Press.ARRIVED, Press.ETA, Press.NO),
        Standing.RESERVE: (Press.NO,),
        Standing.ARRIVED: (Press.HOME,),
        Standing.RELEASED: (Press.HOME,),
        Standing.HOME: (),
        Standing.OVER: (),
    }
)
#: Who said yes and is not let go may share where they are.
SHARES_PLACE = frozenset({Standing.COMING, Standing.RESERVE, Standing.ARRIVED})
#: The arrival times that are offered, in minutes.
MINUTES = (10, 15, 20, 30, 45, 60, 90, 120)


def typed(press: Press, minutes: int | None) -> str:
    """The text that a press stands for: ``1 20``."""
    with_minutes = minutes is not None and press in (Press.YES, Press.ETA)
    return f"{TYPED[press]} {minutes}" if with_minutes else TYPED[press]


def standing_of(state: RecipientState, *, placed: bool, over: bool, home: bool) -> Standing:
    """``placed``: fills a need; ``over``: let go, or the callout ended; ``home``: out of the field again."""
    if home:
        return Standing.HOME
    if over:
        return Standing.RELEASED if state in _COMING else Standing.OVER
    match state:
        case RecipientState.ARRIVED:
            return Standing.ARRIVED
        case RecipientState.ACCEPTED:
            return Standing.COMING if placed else Standing.RESERVE
        case RecipientState.LIMITED:
            return Standing.LIMITED
        case RecipientState.DECLINED | RecipientState.WITHDRAWN:
            return Standing.DECLINED
        case _:
            return Standing.ASKED


def works(standing: Standing, *, arrive_by: datetime, closed_at: datetime | None, now: datetime) -> bool:
    """Whether a link still opens its page.

    It does until `AFTERWARDS` after the arrive-by time or after the call was over for the person, whichever
    is later; and as long as somebody is in the field, who has to say when they are home.
    """
    if standing is Standing.ARRIVED:
        return True
    return now < max(arrive_by, closed_at or arrive_by) + AFTERWARDS


def form_token(secret: bytes, code: str, nonce: str, at: datetime) -> str:
    """What a form carries so that no other site's form can answer, and a double press counts once."""
    moment = f"{int(at.timestamp()):d}"
    return f"{nonce}.{moment}.{_form_signature(secret, code, nonce, moment)}"


def nonce_of(token: str, secret: bytes, code: str, now: datetime) -> str | None:
    """The nonce of a form of this code's page; ``None`` if the token is forged, another's or too old."""
    nonce, _, rest = token.partition(".")
    moment, _, signature = rest.partition(".")
    expected = _form_signature(secret, code, nonce, moment)
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        return None
    return nonce if now < datetime.fromtimestamp(int(moment), UTC) + FORM_LIFE else None


def _form_signature(secret: bytes, code: str, nonce: str, moment: str) -> str:
    text = f"form:{code}:{nonce}:{moment}".encode()
    return hmac.digest(secret, text, hashlib.sha256).hex()[:32]


def roughly_km(distance_m: float) -> int:
    """Kilometres, so rough that nobody's home can be found from several; 0 is less than two."""
    km = distance_m / 1000
    if km < 2:
        return 0
    step = 1 if km < 10 else 5 if km < 50 else 10
    return max(2, round(km / step) * step)
