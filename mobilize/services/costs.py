"""What texts cost, by the country of the phone and the price table of the installation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import phonenumbers
from sqlalchemy import func, select

from mobilize.domain.sentences import language_of
from mobilize.models import Volunteer

from .number_lists import numbers, read
from .runtime import settings

#: Calling codes have at most three digits behind the plus.
_PREFIX = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount; ``without_price``: segments to countries of which the table says nothing, not in it."""

    amount: float
    currency: str
    without_price: int


def of(volunteer_ids: Sequence[int], segments_by_language: Mapping[str, int]) -> Cost | None:
    """What one text to each of these people costs; ``None`` where no prices are set (``SMS_PRICES``)."""
    prices = settings().sms_prices
    if not prices:
        return None
    prefix = func.substr(Volunteer.phone, 1, _PREFIX)
    rows = read(
        select(prefix, Volunteer.language, func.count())
        .where(Volunteer.id.in_(numbers(volunteer_ids)))
        .group_by(prefix, Volunteer.language)
    )
    amount, unknown = 0.0, 0
    for start, language, people in rows:
        segments = people * segments_by_language[language_of(language)]
        price = prices.get(country_of(start), prices.get("*"))
        if price is None:
            unknown += segments
        else:
            amount += segments * price
    return Cost(round(amount, 2), settings().sms_currency, unknown)


def country_of(phone: str) -> str:
    """The country of a phone by its calling code; where several share one, the largest. Empty if unknown."""
    digits = phone.removeprefix("+")
    for length in (1, 2, 3):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length] or 0))
        if regions:
            return str(regions[0])
    return ""
