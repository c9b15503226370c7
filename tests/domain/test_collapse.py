"""When replies collapse, and when it is only a bad night."""

import numpy as np
import pytest

from mobilize.domain.chance import Asked, Manner
from mobilize.domain.collapse import Replies, replies
from mobilize.domain.delays import PRIOR


@pytest.mark.parametrize(
    ("came", "due", "collapsed"),
    [
        (0, 7, False),  # too little was due to say anything
        (0, 20, True),
        (3, 40, True),
        (10, 20, False),  # half of what was due: a bad night
        (16, 40, False),
        (40, 40, False),
    ],
)
def test_far_fewer_answers_than_due(came: int, due: float, collapsed: bool) -> None:
    assert Replies(came, due).collapsed is collapsed


def test_answers_are_due_as_time_passes() -> None:
    def after(minutes: float) -> Replies:
        one = (0.3, 1, 2, 97, minutes * 60, 7200)
        return replies(Asked(*(np.array([float(n)]) for n in one)), Manner(PRIOR, 0.5))

    assert after(0).due == 0
    assert after(4).due == pytest.approx(100 * 0.65 / 2)
    assert after(4).came == 3
    assert after(60).collapsed
