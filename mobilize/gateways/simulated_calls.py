"""How simulated people take a call: pure functions of a seed, a phone and a call.

Somebody who did not answer a text may have missed it, so a call reaches some who would have come; at
night most phones lie in another room. Whoever picks up is as ready to come as they ever are.
"""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from .simulated_people import readiness

#: The shares of calls that find the line busy, and that a mailbox takes.
BUSY, MACHINE = 0.05, 0.15
#: The shares of calls that nobody takes, by day and by night.
MISSED_BY_DAY, MISSED_BY_NIGHT = 0.25, 0.5
#: Of the people who pick up and will not come: the shares who say no, who offer limited help, and who
#: press a wrong key first. The rest hang up.
DECLINERS, LIMITED, FUMBLERS = 0.5, 0.1, 0.1
#: Night is from the first of these hours to the second, where the phone is.
_NIGHT = (22, 7)
_ZONES = {"+39": "Europe/Rome", "+355": "Europe/Tirane", "+383": "Europe/Belgrade", "+49": "Europe/Berlin"}

#: Until a phone begins to ring; and how long a mailbox listens; seconds of life.
_DIALLING_S, _MAILBOX_S = 2.0, 45


@dataclass(frozen=True, slots=True)
class Reaction:
    """What becomes of a call. Seconds of life: after ``rings_s`` it ends ringing, then ``talks_s`` pass.

    ``status`` is the provider's last word; ``keys`` are those pressed, one each time the question was put.
    """

    status: str
    rings_s: float
    talks_s: int = 0
    keys: str = ""

    @property
    def picked_up(self) -> bool:
        return self.status == "completed"


def is_night(phone: str, at: datetime) -> bool:
    """Whether it is night where this phone's number belongs."""
    zone = next((zone for prefix, zone in _ZONES.items() if phone.startswith(prefix)), "UTC")
    hour = at.astimezone(ZoneInfo(zone)).hour
    return hour >= _NIGHT[0] or hour < _NIGHT[1]


def reaction(seed: int, phone: str, call_id: int, at: datetime, *, acceptance: float, ring_s: int) -> Reaction:
    """What the owner of a phone does with this call."""
    dice = Random(f"{seed}:{phone}:{call_id}:call")  # noqa: S311
    fate = dice.random()
    missed = MISSED_BY_NIGHT if is_night(phone, at) else MISSED_BY_DAY
    if fate < BUSY:
        return Reaction("busy", _DIALLING_S)
    if fate < BUSY + missed:
        return Reaction("no-answer", float(ring_s))
    rings_s = _DIALLING_S + dice.uniform(0.1, 0.8) * ring_s
    if fate < BUSY + missed + MACHINE:
        return Reaction("completed", float(ring_s), _MAILBOX_S)
    return Reaction("completed", rings_s, dice.randint(15, 40), _keys(dice, readiness(seed, phone, acceptance)))


def _keys(dice: Random, ready: float) -> str:
    if dice.random() < ready:
        return "1"
    mood = dice.random()
    first = "7" if dice.random() < FUMBLERS else ""
    if mood < DECLINERS:
        return f"{first}2"
    return f"{first}3" if mood < DECLINERS + LIMITED else first
