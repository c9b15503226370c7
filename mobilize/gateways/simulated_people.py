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

from mobilize.domain import sms

from .own_texts import recognised

#: Reply delay: log-normal, median in seconds and standard deviation of the logarithm.
MEDIAN_REPLY_S = 240.0
REPLY_SIGMA = 1.0

#: Of the people who do not accept: the shares who say no, who offer limited help, and who write
#: something else. The rest stay silent.
DECLINERS, LIMITED, UNCLEAR = 0.40, 0.05, 0.04
#: Of the people who accept: the share who name a time; who say that they set out; who report that they arrived.
NAMES_TIME, SETS_OUT, REPORTS_ARRIVAL = 0.6, 0.3, 0.5
#: Of the people whom a reminder reaches: the share of the silent who answer after all; of the overdue who then
#: say that they are there, or when they will be; of those let go who report that they are home, by themselves
#: and when they are asked.
ANSWERS_REMINDER, IS_THERE, IS_LATE, REPORTS_HOME, CONFIRMS_HOME = 0.3, 0.6, 0.2, 0.85, 0.8
#: Median seconds after which somebody answers a reminder.
MEDIAN_REMINDED_S = 120.0

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
        "sets_out": ("on my way", "leaving now"),
    },
    "it": {
        "accept": ("1", "sì", "Si", "1"),
        "accept_at": ("1 {m}", "sì, tra {m} min", "si {m}", "1 {m}"),
        "decline": ("2", "no", "2", "No"),
        "unclear": ("Chi è?", "chiamatemi per favore", "Cosa è successo?"),
        "sets_out": ("sto partendo", "parto adesso"),
    },
    "sq": {
        "accept": ("1", "po", "Po", "1"),
        "accept_at": ("1 {m}", "po {m}", "Po, {m} min", "1 {m}"),
        "decline": ("2", "jo", "2", "Jo"),
        "unclear": ("Kush është?", "më telefononi ju lutem", "Çfarë ndodhi?"),
        "sets_out": ("jam nisur", "po nisem tani"),
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
    #: Whether it is about coming, and is not sent after all if a text meanwhile says not to come.
    on_errand: bool = False


#: Our texts on which people set out, and those after which they do not, or turn round.
_TELL_TO_COME = frozenset({"acknowledgement.accepted", "acknowledgement.en_route", "acknowledgement.eta"})
_CALL_OFF = frozenset(
    {
        *(f"stand_down.{kind}" for kind in sms.STAND_DOWNS),
        *(f"acknowledgement.{kind}" for kind in ("reserve", "late", "ended", "withdrawn")),
    }
)


def changes_plans(body: str) -> bool:
    """Whether what somebody was about to text on their errand is not true any more once they have this."""
    text = recognised(body)
    return text is not None and text.kind in _TELL_TO_COME | _CALL_OFF


def reminds(body: str) -> bool:
    """Whether a text only asks for what somebody may be about to text anyway."""
    text = recognised(body)
    return text is not None and text.kind.startswith("reminder.")


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
    """What the person types in answer to a text that arrived, soon or after a while; nothing, most times."""
    dice = _dice(seed, phone, message_id, "answer")
    words = _WORDS[language_of(phone, body)]
    text = recognised(body)
    letter = asked_with(body)
    if text is not None:
        ways = _Ways(
            travel_minutes(seed, phone), readiness(seed, phone, acceptance), text.letter or letter or ""
        )
        return _to_own_text(dice, text.kind, words, ways)
    if letter is None:
        return []
    delay = MEDIAN_REPLY_S * math.exp(dice.gauss(0, REPLY_SIGMA))
    if dice.random() < readiness(seed, phone, acceptance):
        return [_yes(dice, words, letter, delay, travel_minutes(seed, phone))]
    mood = dice.random()
    if mood < DECLINERS:
        return [Answer(delay, f"{letter}2" if letter else dice.choice(words["decline"]))]
    if mood < DECLINERS + LIMITED:
        return [Answer(delay, f"{letter}3")]
    if mood < DECLINERS + LIMITED + UNCLEAR:
        return [Answer(delay, dice.choice(words["unclear"]))]
    return []


@dataclass(frozen=True, slots=True)
class _Ways:
    """A person's way and readiness, which last; and the letter to answer with now."""

    minutes: int
    readiness: float
    letter: str


def travel_minutes(seed: int, phone: str) -> int:
    """How long this person takes to come, and says so."""
    return _dice(seed, phone, "travel").choice(_MINUTES)


def _yes(dice: Random, words: Mapping[str, tuple[str, ...]], letter: str, delay: float, minutes: int) -> Answer:
    if dice.random() >= NAMES_TIME:
        return Answer(delay, f"{letter}1" if letter else dice.choice(words["accept"]))
    if letter:
        return Answer(delay, f"{letter}1 {minutes}")
    return Answer(delay, dice.choice(words["accept_at"]).format(m=minutes))


def _to_own_text(dice: Random, kind: str, words: Mapping[str, tuple[str, ...]], ways: _Ways) -> list[Answer]:
    """What a text that follows a call-out leads to."""
    soon = MEDIAN_REMINDED_S * math.exp(dice.gauss(0, REPLY_SIGMA))
    way_s, luck, letter = 60.0 * ways.minutes, dice.random(), ways.letter
    match kind:
        case "acknowledgement.accepted" | "acknowledgement.en_route" | "acknowledgement.eta":
            return _on_the_errand(dice, kind, words, ways)
        case "stand_down.coming" | "stand_down.on_scene":
            return [Answer(way_s * dice.uniform(0.9, 1.6), f"{letter}5")] if luck < REPORTS_HOME else []
        case "reminder.silent":
            yes = dice.random() < ways.readiness
            return [Answer(soon, f"{letter}1" if yes else f"{letter}2")] if luck < ANSWERS_REMINDER else []
        case "reminder.overdue":
            if luck < IS_THERE:
                return [Answer(soon, f"{letter}4")]
            return [Answer(soon, f"{letter}1 {dice.choice(_MINUTES[:4])}")] if luck < IS_THERE + IS_LATE else []
        case "reminder.check_out":
            return [Answer(soon, f"{letter}5")] if luck < CONFIRMS_HOME else []
    return []


def _on_the_errand(dice: Random, kind: str, words: Mapping[str, tuple[str, ...]], ways: _Ways) -> list[Answer]:
    """Somebody who knows where to come sets out, and is there after about as long as they said."""
    given, way_s = [], 60.0 * ways.minutes
    if kind == "acknowledgement.accepted" and not ways.letter and dice.random() < SETS_OUT:
        given.append(Answer(way_s * dice.uniform(0.1, 0.4), dice.choice(words["sets_out"]), on_errand=True))
    if dice.random() < REPORTS_ARRIVAL:
        given.append(Answer(way_s * dice.uniform(0.8, 1.4), f"{ways.letter}4", on_errand=True))
    return given
