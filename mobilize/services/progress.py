"""How a running callout stands, in the form in which the pure plan takes it. Reads counts, not people."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from mobilize.domain.acceptance import Model
from mobilize.domain.chance import Asked, unknown_shift
from mobilize.domain.ranking import Candidate
from mobilize.domain.vocabulary import RecipientState
from mobilize.domain.waves import EVEN, NeedProgress, Pool, Situation
from mobilize.models import Callout, Recipient, Wave

from .acceptance import SAID_NO, SAID_YES
from .number_lists import read
from .runtime import now

#: States that tell something about how people answer here. Who could not be reached tells nothing, and who was
#: let go stopped answering for that reason.
_TELLING = (RecipientState.ASKED, *SAID_YES, *SAID_NO)


def situation(callout: Callout, candidates: Sequence[Candidate], model: Model) -> Situation:
    """Everything a plan is made from. ``candidates`` are weighed, and in the order in which to call them."""
    asked, able = _asked(callout, model)
    return Situation(
        needs=needs_of(callout),
        asked=asked,
        able=able,
        pool=pool_of(callout, candidates),
        shift=unknown_shift(model.shift_sd),
        manner=model.manner,
        patience=1.0 if callout.emergency.severity.life_threatening else EVEN,
    )


def needs_of(callout: Callout) -> list[NeedProgress]:
    filled = Counter[int]()
    for need_id, count in read(
        select(Recipient.need_id, func.count())
        .where(Recipient.callout_id == callout.id, Recipient.need_id.is_not(None))
        .group_by(Recipient.need_id)
    ):
        filled[need_id] = count
    return [
        NeedProgress(need.id, need.headcount, filled[need.id], need.confidence or callout.confidence)
        for need in callout.needs
    ]


def pool_of(callout: Callout, candidates: Sequence[Candidate]) -> Pool:
    left_s = (callout.arrive_by - now()).total_seconds()
    return Pool(
        chance=np.array([candidate.chance for candidate in candidates], np.float64),
        window_s=np.array([left_s - (candidate.travel_s or 0) for candidate in candidates], np.float64),
        able=np.array([callout.able(candidate.skill_ids) for candidate in candidates], np.int64),
    )


def _asked(callout: Callout, model: Model) -> tuple[Asked, npt.NDArray[np.int64]]:
    """Those asked, in groups of equals. Who was asked before chances were kept counts with the model's."""
    rows = read(
        select(
            Wave.asked_at,
            Recipient.chance,
            Recipient.travel_s,
            Recipient.able,
            Recipient.state,
            func.count(),
        )
        .join(Wave, Wave.id == Recipient.wave_id)
        .where(Recipient.callout_id == callout.id, Recipient.state.in_(_TELLING))
        .group_by(Wave.asked_at, Recipient.chance, Recipient.travel_s, Recipient.able, Recipient.state)
    )
    every_need = (1 << len(callout.needs)) - 1
    elapsed = np.array([(now() - row[0]).total_seconds() for row in rows], np.float64)
    window = np.array([_window_s(callout, row[0], row[2]) for row in rows], np.float64)
    counts = np.array([row[5] for row in rows], np.float64)
    yes, no = (np.array([row[4] in states for row in rows], np.bool_) for states in (SAID_YES, SAID_NO))
    asked = Asked(
        chance=np.array([model.anybody if row[1] is None else row[1] for row in rows], np.float64),
        accepted=counts * yes,
        declined=counts * no,
        silent=counts * ~(yes | no),
        elapsed_s=elapsed,
        window_s=window,
    )
    return asked, np.array([every_need if row[3] is None else row[3] for row in rows], np.int64)


def _window_s(callout: Callout, asked_at: datetime, travel_s: int | None) -> float:
    return (callout.arrive_by - asked_at).total_seconds() - (travel_s or 0)
