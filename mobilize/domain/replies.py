"""What a volunteer's text means: coming, not coming, only if needed, on the way, there; and when.

Reading a no as a yes is the worst fault there is. The words of a language are listed by what they do
(``answers/<language>.toml``), and rules combine them, so that a sentence is understood which nobody listed;
but whatever might deny stands against a yes, and in doubt the answer is `Intent.UNCLEAR`: the volunteer is
asked once, and a person reads the raw text.

A digit comes first, behind the letter of the call if several are open, and minutes may follow: ``A1 20``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rapidfuzz.distance import OSA

from .understanding.foreign import foreign
from .understanding.letters import fold
from .understanding.lexicon import LANGUAGES, Role, lexicon, primary
from .understanding.numbers import DIGITS
from .understanding.times import with_times
from .understanding.verdict import Meaning, weigh
from .understanding.words import Piece, pieces
from .vocabulary import Intent

#: Longer texts are letters, for a person to read.
MOST_CHARACTERS, MOST_WORDS = 480, 60
#: With less confidence a text is unclear.
LEAST_CONFIDENCE = 0.5
_SHORTEST_SLIP = 3

#: Minutes; an arrival further away than a day is no arrival time.
LATEST_ETA = 24 * 60
#: The carriers' words; never to be offered as ours.
CARRIERS: Mapping[str, Intent] = MappingProxyType(
    dict.fromkeys(
        ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"), Intent.OPT_OUT
    )
    | dict.fromkeys(("start", "unstop"), Intent.OPT_IN)
    | dict.fromkeys(("help", "info"), Intent.HELP)
)
#: With our own. They count only as the whole message: "Don't stop, I'm coming" is no opt-out.
COMMANDS: Mapping[str, Intent] = MappingProxyType(
    {**CARRIERS, "status": Intent.STATUS, "on": Intent.AVAILABLE, "off": Intent.UNAVAILABLE}
)
# Of intents that are about no single call.
_WITHOUT_CALL = frozenset(
    {Intent.OPT_OUT, Intent.OPT_IN, Intent.HELP, Intent.STATUS, Intent.AVAILABLE, Intent.UNAVAILABLE}
)
_CAPITAL = re.compile(r"(?<!\w)[A-Z](?!\w)")
# Greek and Cyrillic letters that look like the Latin letter of a call.
_LOOKALIKES = str.maketrans("αβεικμνορτυχавсенкмортх", "abeikmnoptyxabcehkmoptx")
_OTHER_LETTER = re.compile(r"\W*([^\W\d_])\W?[0-9]")


@dataclass(frozen=True, slots=True)
class Reply:
    """``eta_minutes`` is 0 to 1440 after a yes; ``code`` the letter of the call, if it is certain which.

    ``minutes`` is how long an absence lasts. ``confidence`` is 0 to 1: 1 less 0.8 of the share of words
    that are unknown and 0.25 of the share read in spite of a slip, and 0.8 in a language that is not the
    volunteer's. It orders texts for a person to look at; it is no probability.
    """

    intent: Intent
    eta_minutes: int | None = None
    code: str | None = None
    confidence: float = 1.0
    minutes: int | None = None


_UNCLEAR = Reply(Intent.UNCLEAR, confidence=0.0)


def understand(text: str, language: str, now: datetime, codes: Sequence[str]) -> Reply:
    """Understand one text. Never raises, whatever the text.

    ``language`` is the volunteer's (BCP 47; English is understood besides, and others if nothing else is);
    ``now`` is aware and in the volunteer's time zone, for clock times; ``codes`` are the letters of the
    volunteer's open calls. With several open and no letter in the text, ``code`` is ``None`` and the
    volunteer must be asked.
    """
    if len(text) > MOST_CHARACTERS:
        return _UNCLEAR
    command = COMMANDS.get("".join(filter(str.isalnum, fold(text))))
    if command is not None:
        return Reply(command)
    own = primary(language)
    read = pieces(text, lexicon(*_spoken(own)))
    if sum(piece.words for piece in read) > MOST_WORDS:
        return _UNCLEAR
    code, rest = _split_code(read, codes, text)
    if code is None and _names_another(text, rest):
        return _UNCLEAR
    slipped = _misspelt_command(read)
    if slipped is not None:
        return Reply(slipped, confidence=LEAST_CONFIDENCE)
    meaning = weigh(with_times(rest, now), bool(codes))
    if not meaning.understood:
        meaning = foreign(text, own, now, bool(codes)) or meaning
    return _reply(meaning, code or _only(codes))


def prepare() -> None:
    """Load all word lists, so that the first text of a night waits for none; some seconds of work."""
    for language in LANGUAGES:
        lexicon(language)
        lexicon(*_spoken(language))


def _misspelt_command(read: Sequence[Piece]) -> Intent | None:
    """A command with a slip ("STPO"), if it is the whole message and no word of the language."""
    said = [piece for piece in read if piece.words or piece.roles & {Role.ASKED, Role.DIGITS}]
    if len(said) != 1 or (said[0].known and not said[0].guessed) or len(said[0].text) < _SHORTEST_SLIP:
        return None
    near = {
        intent
        for word, intent in COMMANDS.items()
        if len(word) > _SHORTEST_SLIP and OSA.distance(said[0].text, word, score_cutoff=1) <= 1
    }
    return near.pop() if len(near) == 1 else None


# Who speaks one of these often writes the other.
_BESIDES: Mapping[str, tuple[str, ...]] = MappingProxyType({"uk": ("ru",), "ru": ("uk",)})


def _spoken(own: str) -> tuple[str, ...]:
    spoken = (own, *_BESIDES.get(own, ()), "en")
    return tuple(dict.fromkeys(one for one in spoken if one in LANGUAGES))


def _reply(meaning: Meaning, code: str | None) -> Reply:
    if meaning.intent is Intent.UNCLEAR or meaning.confidence < LEAST_CONFIDENCE:
        return _UNCLEAR
    about = None if meaning.intent in _WITHOUT_CALL else code
    return Reply(meaning.intent, meaning.eta_minutes, about, meaning.confidence, meaning.minutes)


_BEHIND_LETTER = (Role.YES, Role.NO, Role.COME, Role.SET_OUT, Role.ARRIVED, Role.CANNOT, Role.NOT, Role.LEFT)


def _split_code(read: list[Piece], codes: Sequence[str], text: str = "") -> tuple[str | None, list[Piece]]:
    """Take the letter of an open call off the front ("A 1 20"), the end ("yes A") or out of the middle.

    In front of a sentence a letter may be a word of the language: Albanian "a vij" asks "shall I come".
    """
    letters = {fold(code): code for code in codes if len(code) == 1}
    said = [piece for piece in read if piece.words]
    if len(said) < 2:
        return None, read
    first, second, last = said[0], said[1], said[-1]
    front = first.text.translate(_LOOKALIKES)
    if front in letters:
        digit = second.does(Role.DIGITS) and second.values[Role.NUMBER] in DIGITS
        behind = read[read.index(first) + 1]
        apart = len(codes) > 1 and behind.does(Role.BREAK, Role.DASH)  # "B, 30 mins"
        if digit or ((apart or second.does(*_BEHIND_LETTER)) and not first.does(Role.QUESTION)):
            at = read.index(first) + 1
            while at < len(read) and read[at].does(Role.BREAK, Role.DASH):
                at += 1
            return letters[front], read[at:]
    if last.text in letters and not last.does(Role.QUESTION):
        return letters[last.text], [piece for piece in read if piece is not last]
    return _capital_inside(said, read, text, letters if len(codes) > 1 else {})


def _capital_inside(
    said: Sequence[Piece], read: list[Piece], text: str, letters: Mapping[str, str]
) -> tuple[str | None, list[Piece]]:
    """The letter of one of several calls as the only capital of its kind inside a text: "bei A kann ich"."""
    named = [letter for letter in _CAPITAL.findall(text) if letter.lower() in letters]
    found = [piece for piece in said[1:] if len(named) == 1 and piece.text == named[0].lower()]
    if len(found) != 1 or text.isupper():
        return None, read
    at = read.index(found[0])
    before = read[at - 1 : at] if at else []
    # Portuguese "na B" is "at B"; elsewhere "na" is a no.
    small = [piece for piece in before if piece.does(Role.NOT) and piece.does(Role.NEUTRAL)]
    taken = {id(piece) for piece in (found[0], *small)}
    return letters[found[0].text], [piece for piece in read if id(piece) not in taken]


def _names_another(text: str, read: Sequence[Piece]) -> bool:
    """Whether a letter that is no open call stands before a digit: "C1"."""
    match = _OTHER_LETTER.match(text)
    return match is not None and text[match.end(1) : match.end(1) + 1].isdecimal()


def _only(codes: Sequence[str]) -> str | None:
    return codes[0] if len(codes) == 1 else None
