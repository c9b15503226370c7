"""The senders: the addresses that texts go out from, their pace, and their pauses.

A pause is an open alarm of the kind ``sender_paused``. Its subject says how much it stops: a provider
(``twilio``), one sender (``twilio:+15005550006``), or the texts to one country (``twilio to +355``).
A pause with a ``retry_at`` is probed with single texts; one without was made by a person and ends
when a person says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import phonenumbers
import structlog
from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mobilize.domain.delivery import MessageState, OutboundText
from mobilize.domain.errors import Conflict, NotFound
from mobilize.domain.pacing import SenderKind, busy_after, kind_of, room
from mobilize.domain.vocabulary import AccountRole, AlarmKind
from mobilize.extensions import db
from mobilize.models import Alarm, Message, SenderPace

from . import access, alarms, audit
from .access import Viewer
from .ports import SmsGateway
from .runtime import now, runtime, settings, work_waiting

log = structlog.get_logger(__name__)

PACES: Table = SenderPace.__table__  # type: ignore[assignment]

#: Probes of a provider that could not be reached come sooner: nothing is wrong with the texts or with us.
UNREACHABLE_PROBE = timedelta(seconds=5)
#: Room for exactly one text, however many segments it has.
_ONE_TEXT = 0.5
#: Stands between provider and country in the subject of a country's pause.
_TO = " to "


@dataclass(frozen=True, slots=True)
class Line:
    """One address at one provider, and how fast it may send (segments a second; ``None``: no limit)."""

    gateway: SmsGateway
    address: str
    kind: SenderKind
    rate: float | None

    @property
    def provider(self) -> str:
        return self.gateway.name

    @property
    def name(self) -> str:
        return f"{self.provider}:{self.address}"


@dataclass(frozen=True, slots=True)
class Openings:
    """What may be sent now: room in segments for each open line, and what is held back."""

    lines: Sequence[Line]
    #: Line name -> segments. A line that is paused is missing.
    rooms: Mapping[str, float]
    #: Provider -> calling-code prefixes whose texts are held back, and those of which one is tried now.
    held: Mapping[str, frozenset[str]]
    probed: Mapping[str, frozenset[str]]
    #: When the first line that is only busy has room again.
    next_at: datetime | None = None


def lines() -> list[Line]:
    """All senders, in the order of the providers."""
    found = []
    for gateway in runtime().gateways:
        for address in gateway.senders:
            kind = SenderKind.SIMULATOR if gateway.name == "simulator" else kind_of(address)
            found.append(Line(gateway, address, kind, settings().sender_rates.get(kind)))
    return found


def country_prefix(phone: str) -> str:
    """The calling code of an E.164 phone, as ``+355``."""
    try:
        return f"+{phonenumbers.parse(phone).country_code}"
    except phonenumbers.NumberParseException:
        return phone


# --- what may be sent now ----------------------------------------------------------------------


def openings() -> Openings:
    """The room of every line, with the paced ones held until the transaction ends.

    Of several engines, the one whose update counts makes a probe.
    """
    pauses = {alarm.subject: alarm for alarm in _pauses()}
    all_lines = lines()
    probed = _probes(pauses, all_lines)
    paced = [line.name for line in all_lines if line.rate is not None]
    busy = busy_until(paced)
    rooms: dict[str, float] = {}
    waits: list[datetime] = []
    for line in all_lines:
        stopping = [subject for subject in (line.provider, line.name) if subject in pauses]
        if not stopping:
            rooms[line.name] = room(busy.get(line.name), line.rate, now())
            if rooms[line.name] <= 0:
                waits.append(busy[line.name] - timedelta(seconds=1))
        elif all(subject in probed for subject in stopping):
            rooms[line.name] = _ONE_TEXT
            probed -= set(stopping)
    countries = [subject for subject in pauses if _TO in subject]
    return Openings(
        all_lines,
        rooms,
        _by_provider(subject for subject in countries if subject not in probed),
        _by_provider(subject for subject in countries if subject in probed),
        min(waits, default=None),
    )


def _by_provider(subjects: Iterable[str]) -> dict[str, frozenset[str]]:
    """The countries of pauses, ``twilio to +355``, by their provider."""
    found: dict[str, frozenset[str]] = {}
    for subject in subjects:
        provider, _, prefix = subject.partition(_TO)
        found[provider] = found.get(provider, frozenset()) | {prefix}
    return found


def _probes(pauses: Mapping[str, Alarm], all_lines: Sequence[Line]) -> set[str]:
    """The pauses that this engine probes now. A sender that two pauses stop is probed when both are due."""
    due = {subject for subject, alarm in pauses.items() if alarm.retry_at and alarm.retry_at <= now()}
    wanted = {subject for subject in due if _TO in subject}
    for line in all_lines:
        stopping = {line.provider, line.name} & pauses.keys()
        if stopping <= due:
            wanted |= stopping
    return {subject for subject in pauses if subject in wanted and _takes_probe(pauses[subject])}


def _pauses() -> Sequence[Alarm]:
    return db.session.scalars(
        # In one order everywhere: what takes several of them then waits, and does not cross.
        select(Alarm)
        .where(Alarm.kind == AlarmKind.SENDER_PAUSED, Alarm.cleared_at.is_(None))
        .order_by(Alarm.id)
    ).all()


def _takes_probe(alarm: Alarm) -> bool:
    moved = db.session.execute(
        update(Alarm)
        .where(Alarm.id == alarm.id, Alarm.retry_at == alarm.retry_at, Alarm.cleared_at.is_(None))
        .values(retry_at=now() + _probe_after())
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]


def _probe_after() -> timedelta:
    return timedelta(seconds=settings().probe_seconds)


def busy_until(names: Sequence[str]) -> dict[str, datetime]:
    """Until when each of these has work, held until the transaction ends; whoever has none is made known."""
    if not names:
        return {}
    held = (
        select(SenderPace.sender, SenderPace.busy_until)
        .where(SenderPace.sender.in_(names))
        .order_by(SenderPace.sender)
        .with_for_update()
    )
    rows = db.session.execute(held).all()
    if len(rows) < len(names):  # a new sender: there must be a row before there can be a lock
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        new = [{"sender": name, "busy_until": now()} for name in sorted(names)]
        db.session.execute(dialect.insert(SenderPace).on_conflict_do_nothing(), new)
        rows = db.session.execute(held).all()
    return {row.sender: row.busy_until for row in rows}


def spend(open_now: Openings, segments: Mapping[str, int]) -> None:
    """Write down what lines were given. Adds to the transaction in which `openings` was called."""
    by_name = {line.name: line for line in open_now.lines}
    spent = {name: count for name, count in segments.items() if by_name[name].rate is not None and count}
    if not spent:
        return
    busy = busy_until(sorted(spent))
    db.session.execute(
        update(PACES).where(PACES.c.sender == bindparam("name")),
        [
            {"name": name, "busy_until": busy_after(busy[name], by_name[name].rate, count, now())}
            for name, count in sorted(spent.items())
        ],
    )


# --- pauses ------------------------------------------------------------------------------------


def pause(subject: str, detail: str, *, probe_after: timedelta | None = None) -> None:
    """Stop a provider, a sender or a country until a probe succeeds. Adds to the current transaction.

    A pause that a person made stays theirs.
    """
    found = alarms.find_open(AlarmKind.SENDER_PAUSED, subject)
    if found is not None and found.retry_at is None:
        return
    alarms.raise_alarm(
        AlarmKind.SENDER_PAUSED,
        subject,
        f"Texts are not going out by {subject} ({detail}). They are kept and go when this is mended.",
        retry_at=now() + (probe_after or _probe_after()),
    )


def worked(provider: str, texts: Sequence[OutboundText]) -> None:
    """The provider took these texts: pauses that they disprove end, a person's excepted.

    Adds to the current transaction.
    """
    pauses = [alarm for alarm in _pauses() if alarm.retry_at is not None] if texts else []
    if not pauses:
        return
    disproved = {provider}
    for text in texts:
        disproved |= {f"{provider}:{text.sender}", f"{provider}{_TO}{country_prefix(text.to)}"}
    for alarm in pauses:
        if alarm.subject in disproved:
            alarms.clear(AlarmKind.SENDER_PAUSED, alarm.subject)


def pause_by_hand(viewer: Viewer, subject: str) -> None:
    """Stop a provider or a sender until a person resumes it. One transaction."""
    access.require(viewer)
    _check_subject(subject)
    alarm = alarms.raise_alarm(
        AlarmKind.SENDER_PAUSED, subject, f"Paused by hand: no texts go out by {subject} until it is resumed."
    )
    audit.record(viewer, "sender.pause", "alarm", alarm.id, after={"sender": subject})
    db.session.commit()


def resume(viewer: Viewer, subject: str) -> None:
    """End a pause now; if the fault is still there, the first text shows it. One transaction."""
    access.require(viewer, AccountRole.COORDINATOR)
    alarm = alarms.find_open(AlarmKind.SENDER_PAUSED, subject)
    if alarm is None:
        _check_subject(subject)
        raise Conflict(f"{subject} is not paused.")
    alarms.clear(AlarmKind.SENDER_PAUSED, subject)
    audit.record(viewer, "sender.resume", "alarm", alarm.id, after={"sender": subject})
    db.session.commit()
    work_waiting.send()


def _check_subject(subject: str) -> None:
    known = {line.name for line in lines()} | {line.provider for line in lines()}
    if subject not in known:
        raise NotFound("sender", subject)


def _is_country(subject: str) -> bool:
    """Whether a pause is of a country; a sender's name may hold the word "to", but then also a colon."""
    return ":" not in subject and " to " in subject


# --- what people see ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pause:
    """Why something is stopped, since when, and when it is tried again (``None``: when a person says so)."""

    subject: str
    detail: str
    since: datetime
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class SenderStatus:
    """One sender as a coordinator sees it. ``rate`` in segments a second; ``None``: no limit."""

    name: str
    provider: str
    address: str
    kind: SenderKind
    rate: float | None
    pauses: tuple[Pause, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """All senders, the texts that wait, and the pauses that concern no single sender.

    ``former_pauses`` are of senders and providers that the settings no longer name.
    """

    senders: Sequence[SenderStatus]
    queued: int
    country_pauses: tuple[Pause, ...] = field(default=())
    former_pauses: tuple[Pause, ...] = field(default=())


def overview(viewer: Viewer) -> Overview:
    """The senders and what stops them. Reads only."""
    access.require(viewer, AccountRole.COORDINATOR)
    pauses = [Pause(a.subject, a.detail, a.raised_at, a.retry_at) for a in _pauses()]
    known = {line.name for line in lines()} | {line.provider for line in lines()}
    others = [pause for pause in pauses if pause.subject not in known]
    return Overview(
        senders=[
            SenderStatus(
                line.name,
                line.provider,
                line.address,
                line.kind,
                line.rate,
                tuple(p for p in pauses if p.subject in (line.provider, line.name)),
            )
            for line in lines()
        ],
        queued=db.session.scalar(
            select(func.count()).select_from(Message).where(Message.state == MessageState.QUEUED)
        )
        or 0,
        country_pauses=tuple(p for p in others if _is_country(p.subject)),
        former_pauses=tuple(p for p in others if not _is_country(p.subject)),
    )


def segments_per_second() -> float:
    """What all senders of the first provider send together; infinite where there is no limit."""
    first = lines()[0].provider
    rates = [line.rate for line in lines() if line.provider == first]
    limits = [rate for rate in rates if rate is not None]
    return sum(limits) if len(limits) == len(rates) else float("inf")
