"""How simulated people behave: pure functions of a seed, a phone and a text.

Each phone belongs to someone with a lasting readiness to come; each text meets that person in a
certain moment. Both are drawn from hashes, so the same seed gives the same run, whatever the order.
The shape follows what is published about paging volunteers: reply delays are log-normal with a
median of a few minutes and a long tail, and most of those who will not come stay silent.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

#: Reply delay: log-normal, median in seconds and standard deviation of the logarithm.
MEDIAN_REPLY_S = 240.0
REPLY_SIGMA = 1.0

#: Of the people who do not accept: the shares who say no, who offer limited help, and who write
#: something else. The rest stay silent.
DECLINERS, LIMITED, UNCLEAR = 0.40, 0.05, 0.04
#: Of the people who accept: the share who name a time, and the share who report that they arrived.
NAMES_TIME, REPORTS_ARRIVAL = 0.6, 0.5

#: The share of texts that never arrive, and the provider's codes for it: handset off, number unknown.
UNDELIVERED = 0.02
_UNDELIVERED_CODES = (30003, 30003, 30005)

#: How closely readiness clusters around the mean: the sum of the beta distribution's two parameters.
_READINESS_SPREAD = 4.0
_MINUTES = (10, 15, 20, 25, 30, 40, 45, 60)

_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "accept": ("1", "yes", "Yes", "1"),
        "accept_at": ("1 {m}", "yes {m}", "Yes, in {m} min", "1 {m}"),
        "decline": ("2", "no", "2", "No"),
        "unclear": ("Who is this?", "call me please", "What happened?"),
    },
    "it": {
        "accept": ("1", "sì", "Si", "1"),
        "accept_at": ("1 {m}", "sì, tra {m} min", "si {m}", "1 {m}"),
        "decline": ("2", "no", "2", "No"),
        "unclear": ("Chi è?", "chiamatemi per favore", "Cosa è successo?"),
    },
    "sq": {
        "accept": ("1", "po", "Po", "1"),
        "accept_at": ("1 {m}", "po {m}", "Po, {m} min", "1 {m}"),
        "decline": ("2", "jo", "2", "Jo"),
        "unclear": ("Kush është?", "më telefononi ju lutem", "Çfarë ndodhi?"),
    },
}
#: People answer in the language of the text, known by its little words, or else in their country's.
_LITTLE_WORDS: Mapping[str, frozenset[str]] = {
    "en": frozenset({"the", "answer", "reply", "needed", "near", "by", "yes", "only", "if", "you", "can"}),
    "it": frozenset({"rispondi", "servono", "serve", "entro", "zona", "sì", "solo", "del", "il", "alle"}),
    "sq": frozenset({"pergjigju", "përgjigju", "duhen", "prane", "pranë", "deri", "ne", "në", "po", "jo"}),
}
_LANGUAGES = {"+39": "it", "+355": "sq", "+383": "sq"}

# A digit that is offered as an answer stands alone or behind one letter, and explains itself:
# "1=yes", "A1 yes", "reply 1 if", never "12 km", "1st" or "13:45".
_OFFER = r"(?<![\w:.,+-])([A-Z]?){digit}(?![\w:.]|,\d)"
_OFFERS_1, _OFFERS_2 = (re.compile(_OFFER.format(digit=digit)) for digit in "12")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What becomes of a text, ``after_s`` seconds of life after it was sent; ``code`` when it fails."""

    after_s: float
    code: int | None

    @property
    def status(self) -> str:
        return "undelivered" if self.code else "delivered"


@dataclass(frozen=True, slots=True)
class Answer:
    """A text that a person types, ``after_s`` seconds of life after the text it answers was sent."""

    after_s: float
    body: str


def _dice(*parts: object) -> Random:
    return Random(":".join(map(str, parts)))  # noqa: S311


def readiness(seed: int, phone: str, mean: float) -> float:
    """How likely this person is to accept: one lasting value between 0 and 1, ``mean`` on average."""
    if not 0 < mean < 1:
        return mean
    return _dice(seed, phone, "readiness").betavariate(mean * _READINESS_SPREAD, (1 - mean) * _READINESS_SPREAD)


def language_of(phone: str, body: str) -> str:
    """The language in which the owner of a phone answers this text: ``en``, ``it`` or ``sq``."""
    words = re.findall(r"[^\W\d_]+", body.lower())
    hits = {language: sum(word in known for word in words) for language, known in _LITTLE_WORDS.items()}
    best = max(hits, key=lambda language: hits[language])
    if hits[best] > 0:
        return best
    return next((language for prefix, language in _LANGUAGES.items() if phone.startswith(prefix)), "en")


def asked_with(body: str) -> str | None:
    """The letter with which a text wants to be answered, ``""`` if none; ``None`` if it asks nothing.

    A call-out offers both 1 and 2; confirmations and stand-downs do not.
    """
    first, second = _OFFERS_1.search(body), _OFFERS_2.search(body)
    return first.group(1) if first and second else None


def delivery(seed: int, phone: str, message_id: int) -> Delivery:
    """Whether and when a text reaches the phone: the median is 3 s."""
    dice = _dice(seed, phone, message_id, "delivery")
    code = dice.choice(_UNDELIVERED_CODES) if dice.random() < UNDELIVERED else None
    return Delivery(after_s=3.0 * math.exp(dice.gauss(0, 0.5)), code=code)


def answers(seed: int, phone: str, message_id: int, body: str, acceptance: float) -> list[Answer]:
    """What the person types in answer to a text that arrived: nothing, one text, or "1" and later "4"."""
    letter = asked_with(body)
    if letter is None:
        return []
    dice = _dice(seed, phone, message_id, "answer")
    delay = MEDIAN_REPLY_S * math.exp(dice.gauss(0, REPLY_SIGMA))
    accepts = dice.random() < readiness(seed, phone, acceptance)
    words = _WORDS[language_of(phone, body)]
    if accepts:
        return _acceptance(dice, words, letter, delay)
    mood = dice.random()
    if mood < DECLINERS:
        return [Answer(delay, f"{letter}2" if letter else dice.choice(words["decline"]))]
    if mood < DECLINERS + LIMITED:
        return [Answer(delay, f"{letter}3")]
    if mood < DECLINERS + LIMITED + UNCLEAR:
        return [Answer(delay, dice.choice(words["unclear"]))]
    return []


def _acceptance(dice: Random, words: Mapping[str, tuple[str, ...]], letter: str, delay: float) -> list[Answer]:
    minutes = dice.choice(_MINUTES)
    if dice.random() >= NAMES_TIME:
        given = [Answer(delay, f"{letter}1" if letter else dice.choice(words["accept"]))]
    elif letter:
        given = [Answer(delay, f"{letter}1 {minutes}")]
    else:
        given = [Answer(delay, dice.choice(words["accept_at"]).format(m=minutes))]
    if dice.random() < REPORTS_ARRIVAL:
        given.append(Answer(delay + 60.0 * minutes * dice.uniform(0.8, 1.4), f"{letter}4"))
    return given
