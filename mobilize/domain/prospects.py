"""In which order to call people who are about equally near: the likelier first, then the longest left alone."""

import numpy as np
import numpy.typing as npt

from .chance import Numbers

#: Travel times count as equal within this share of the time that is left: with four hours to go, ten minutes
#: more on the way matter little; with half an hour to go, they do.
_EQUAL_SHARE, _LEAST_S = 0.1, 60.0
#: Chances within one band count as equal, so that the same eager people are not called every time.
_BAND = 0.05


def calling_order(
    travel_s: Numbers, chance: Numbers, last_asked: Numbers, left_s: float
) -> npt.NDArray[np.intp]:
    """Positions of people, first to call first. The given order decides between those equal in everything.

    ``travel_s``: seconds from the call to the arrival; ``last_asked``: instants as numbers, the smaller the
    longer ago; ``left_s``: seconds until the arrive-by time.
    """
    step = max(left_s * _EQUAL_SHARE, _LEAST_S)
    given = np.arange(travel_s.size)
    # The last key is the first to sort by.
    return np.lexsort((given, last_asked, -np.floor(chance / _BAND), np.floor(travel_s / step)))
