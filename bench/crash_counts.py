"""What is found at the end of a run: in the ledger of the phones, and in our own tables.

The ledger knows nothing of us: it is what the double put on each phone. The tables say how each text came
there; their events must be one unbroken chain of legal steps for each text.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from mobilize.domain.delivery import ENDED_SHORT, Cause, DoubtEnding, MessageState, may_become
from mobilize.extensions import db
from mobilize.models import Message, MessageEvent, StatusCallback
from mobilize.services.receipts import SECOND_COPY

_S = MessageState
#: States in which nobody needs to do anything about a text any more, or only the provider and the carrier.
SETTLED = frozenset(_S) - {_S.QUEUED, _S.SENDING, _S.UNKNOWN}
_GOOD = frozenset({_S.ACCEPTED, _S.SENT, _S.DELIVERED})
#: Examples of each fault that are shown.
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One message event."""

    before: MessageState | None
    after: MessageState
    cause: Cause


@dataclass(frozen=True, slots=True)
class Text:
    """One text as our tables have it at the end, with its events in order."""

    id: int
    phone: str
    state: MessageState
    attempt: int
    sid: str | None
    doubt_ending: DoubtEnding | None
    steps: Sequence[Step] = field(default_factory=list)

    @property
    def resent_in_doubt(self) -> int:
        """How often it was queued again because the list did not show it, or because nobody knew."""
        return sum(
            step.before is _S.UNKNOWN
            and step.after is _S.QUEUED
            and step.cause in (Cause.RECONCILIATION, Cause.DEADLINE)
            for step in self.steps
        )


def texts_of_database() -> list[Text]:
    """Every text, by its id. Ends the transaction."""
    steps: defaultdict[int, list[Step]] = defaultdict(list)
    events = select(
        MessageEvent.message_id, MessageEvent.from_state, MessageEvent.to_state, MessageEvent.cause
    ).order_by(MessageEvent.id)
    for message_id, before, after, cause in db.session.execute(events):
        steps[message_id].append(Step(before, after, cause))
    rows = db.session.execute(
        select(
            Message.id,
            Message.to_phone,
            Message.state,
            Message.attempt,
            Message.sid,
            Message.doubt_ending,
        ).order_by(Message.id)
    ).all()
    db.session.rollback()
    return [Text(*row, steps[row.id]) for row in rows]


def second_copies_noticed() -> int:
    """Second texts that the product found out about by itself: what `mobilize_second_copies` counts."""
    found = db.session.scalar(
        select(func.count(func.distinct(StatusCallback.sid))).where(StatusCallback.outcome == SECOND_COPY)
    )
    db.session.rollback()
    return found or 0


def chain_fault(text: Text) -> str | None:
    """What is wrong with the events of a text: a gap, an illegal step, a claim too many; or nothing."""
    at = _S.QUEUED
    for step in text.steps:
        if step.before is not at:
            return f"message {text.id} went from {step.before} while it was {at}"
        if not may_become(at, step.after):
            return f"message {text.id} went from {at} to {step.after}"
        at = step.after
    if at is not text.state:
        return f"message {text.id} is {text.state}, and its events end with {at}"
    claims = sum(step.after is _S.SENDING for step in text.steps)
    if claims != text.attempt:
        return f"message {text.id} counts {text.attempt} attempts and has {claims} claims"
    return None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ledger beside the tables; phones, or sentences."""

    lost: Sequence[str]
    twice: Sequence[str]
    most_copies: int
    second_texts: int
    strangers: Sequence[str]
    #: Copies beyond the first for which there is no resend in doubt in the events.
    unexplained: Sequence[str]
    #: Texts that reached no phone and are not shown as ended short of it.
    lost_untold: Sequence[str]
    #: Texts that reached their phone and are shown as ended short of it, without a word of doubt.
    reached_untold: Sequence[str]
    unfinished: Sequence[str]
    chain_faults: Sequence[str]
    #: Texts of which we have another identifier than the one that reached the phone.
    wrong_sids: Sequence[str]


def judge(phones: Iterable[str], texts: Sequence[Text], ledger: Sequence[Mapping[str, Any]]) -> Verdict:
    """Compare what was to reach each phone, once, with what did."""
    asked = set(phones)
    sids: defaultdict[str, list[str]] = defaultdict(list)
    for arrival in ledger:
        sids[arrival["to"]].append(arrival["sid"])
    ours = {text.phone: text for text in texts}
    return Verdict(
        lost=sorted(asked - sids.keys()),
        twice=sorted(to for to, some in sids.items() if len(some) > 1),
        most_copies=max((len(some) for some in sids.values()), default=0),
        second_texts=sum(len(some) - 1 for some in sids.values()),
        strangers=sorted((sids.keys() | ours.keys()) - asked),
        unexplained=sorted(to for to, text in ours.items() if len(sids.get(to, [])) > 1 + text.resent_in_doubt),
        lost_untold=sorted(
            to
            for to in asked - sids.keys()
            if to not in ours or ours[to].state in _GOOD or ours[to].state not in SETTLED
        ),
        reached_untold=sorted(
            to
            for to, text in ours.items()
            if to in sids and text.state in ENDED_SHORT and text.doubt_ending is None
        ),
        unfinished=sorted(f"{text.phone} is {text.state}" for text in texts if text.state not in SETTLED),
        chain_faults=[fault for text in texts if (fault := chain_fault(text))],
        wrong_sids=sorted(
            to for to, text in ours.items() if text.state in _GOOD and text.sid not in sids.get(to, [])
        ),
    )


def doubts(texts: Sequence[Text]) -> dict[str, int]:
    """How texts came into doubt, and how they came out of it; one text may do so more than once."""
    ways: Counter[str] = Counter()
    for text in texts:
        ways["in_doubt"] += any(step.after is _S.UNKNOWN for step in text.steps)
        for step in text.steps:
            if step.after is _S.UNKNOWN:
                ways["doubt_by_answer" if step.cause is Cause.ANSWER else "doubt_by_lease"] += 1
            elif step.before is _S.UNKNOWN:
                ways[_way_out(step)] += 1
            elif step.before is _S.SENDING and step.cause is Cause.CALLBACK:
                ways["proved_while_sending"] += 1
    names = (
        "in_doubt",
        "doubt_by_answer",
        "doubt_by_lease",
        "settled_by_callback",
        "settled_by_list",
        "settled_by_answer",
        "resent_after_two_lists",
        "resent_without_evidence",
        "given_up",
        "proved_while_sending",
    )
    return {name: ways[name] for name in names}


def _way_out(step: Step) -> str:
    if step.after is _S.QUEUED:
        return {
            Cause.RECONCILIATION: "resent_after_two_lists",
            Cause.DEADLINE: "resent_without_evidence",
        }.get(step.cause, "settled_by_answer")
    if step.cause is Cause.DEADLINE:
        return "given_up"
    return {
        Cause.CALLBACK: "settled_by_callback",
        Cause.RECONCILIATION: "settled_by_list",
    }.get(step.cause, "settled_by_answer")
