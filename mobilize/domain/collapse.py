"""When replies collapse: far fewer answers of any kind than a bad night explains; a network may be down."""

from dataclasses import dataclass

import numpy as np

from .chance import Asked, Manner

#: Nothing is told before so many answers were due.
LEAST_DUE = 8.0
#: A bad night brings half of the answers; a collapse is what even that does not explain, but for this chance.
_BAD_NIGHT, _RARE = 0.5, 0.001


@dataclass(frozen=True, slots=True)
class Replies:
    """Answers of any kind: how many came, and how many should have come by now if the past is a guide."""

    came: int
    due: float

    @property
    def collapsed(self) -> bool:
        """Whether so few are hardly an accident: the lower tail of a Poisson distribution."""
        if self.due < LEAST_DUE:
            return False
        mean = self.due * _BAD_NIGHT
        logs = np.cumsum(np.concatenate([[-mean], np.log(mean) - np.log(np.arange(1, self.came + 1))]))
        return bool(np.exp(logs).sum() < _RARE)


def replies(asked: Asked, manner: Manner) -> Replies:
    """Count the answers of a callout, and those that were due."""
    people = asked.accepted + asked.declined + asked.silent
    answering = asked.chance + (1 - asked.chance) * manner.says_no
    due = (people * answering * manner.delay.cdf(asked.elapsed_s)).sum()
    return Replies(int(asked.accepted.sum() + asked.declined.sum()), float(due))
