"""How many people to ask now.

Waves are fixed for now: for each place that is still open, a constant number of people, again after
a constant time. What a wave is sized for is said in its reason.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .vocabulary import CalloutMode


@dataclass(frozen=True, slots=True)
class NeedProgress:
    """How far one need has come: the people it asks for, and those who fill it."""

    skill_id: int
    headcount: int
    filled: int

    @property
    def missing(self) -> int:
        return max(self.headcount - self.filled, 0)


@dataclass(frozen=True, slots=True)
class WaveDecision:
    """People to ask now by skill id; ``None`` for a skill means everyone who has it."""

    wanted: Mapping[int, int | None]
    reason: str


def next_wave(
    mode: CalloutMode, needs: Sequence[NeedProgress], *, factor: float, silent: int
) -> WaveDecision | None:
    """Decide on the next wave, or ``None`` when nobody more should be asked.

    ``factor`` is people asked per open place (phased); ``silent`` is how many were asked and have
    not answered yet within the interval between waves (one by one waits for them).
    """
    missing = {need.skill_id: need.missing for need in needs if need.missing}
    if not missing:
        return None
    places = sum(missing.values())
    if mode is CalloutMode.EVERYONE:
        return WaveDecision(dict.fromkeys(missing), "everyone who may be called")
    if mode is CalloutMode.ONE_BY_ONE:
        if silent:
            return None
        skill_id = min(missing)
        return WaveDecision({skill_id: 1}, f"the next one, {places} places open")
    wanted = {skill_id: math.ceil(count * factor) for skill_id, count in missing.items()}
    return WaveDecision(wanted, f"{factor:g} for each of {places} open places")
