"""What earlier call-outs would have taught about simulated people: how they answer, and how fast they live."""

import math
from dataclasses import replace

from config import Settings
from mobilize.domain.acceptance import FIRST, Model
from mobilize.domain.delays import Delay
from mobilize.gateways import simulated_people as people
from mobilize.services import learning

#: The share of those who do not come that says so.
_SAYS_NO = people.DECLINERS + people.LIMITED


def teach(settings: Settings) -> None:
    """Put a model into force that fits simulated people, who may live many times as fast as real ones.

    They mind neither the distance nor the hour.
    """
    chance, speed = settings.simulator_acceptance, settings.simulator_speed
    model = Model(
        odds=(math.log(chance / (1 - chance)), *(0.0 for _ in FIRST[1:])),
        delay=Delay(math.log(people.MEDIAN_REPLY_S / speed), people.REPLY_SIGMA),
        says_no=_SAYS_NO,
    )
    for drill in (False, True):
        learning.put_into_force(replace(model, shift_sd=0.3), drill=drill)
