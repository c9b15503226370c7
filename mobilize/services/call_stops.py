"""What stops calls: a fault at the provider, a country that may not be called, a callout's cap.

A stop is an open alarm of the kind ``calls_stopped``. Its subject says how much it stops: a provider's calls
(``calls by twilio``), those to one country (``calls by twilio to +355``), or those of a callout (its id). The
first two are probed with single calls. Everything here adds to the current transaction.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select, update

from mobilize.domain.vocabulary import AlarmKind
from mobilize.extensions import db
from mobilize.models import Alarm, Callout

from . import alarms, call_caps
from .runtime import now, settings
from .senders import country_prefix


def of_provider(provider: str) -> str:
    return f"calls by {provider}"


def of_country(provider: str, phone: str) -> str:
    return f"calls by {provider} to {country_prefix(phone)}"


def stop(subject: str, detail: str, probe_after: timedelta | None = None) -> None:
    """Stop calls until a probe succeeds or a person says so."""
    alarms.raise_alarm(
        AlarmKind.CALLS_STOPPED,
        subject,
        f"Nobody is being called: {subject} fail ({detail}). Texts go on."[:255],
        retry_at=now() + (probe_after or timedelta(seconds=settings().probe_seconds)),
    )


def stop_callout(callout: Callout, spent: float) -> None:
    """A callout's calls have cost what they may. The alarm is put away by whoever lets them go on."""
    cap, currency = call_caps.cap_of(callout), settings().sms_currency
    alarms.raise_alarm(
        AlarmKind.CALLS_STOPPED,
        str(callout.id),
        f"Nobody more is being called for {callout.rendezvous[:80]}: calls have cost {spent:.2f} {currency}, "
        f"and may cost {cap:.2f}.",
    )


def standing() -> Mapping[str, Alarm]:
    """The open stops, by subject."""
    found = db.session.scalars(
        select(Alarm)
        .where(Alarm.kind == AlarmKind.CALLS_STOPPED, Alarm.cleared_at.is_(None))
        .order_by(Alarm.id)
    )
    return {alarm.subject: alarm for alarm in found}


def is_due(alarm: Alarm) -> bool:
    """Whether a probe may be made; a callout's stop has none."""
    return alarm.retry_at is not None and alarm.retry_at <= now()


def takes_probe(alarm: Alarm) -> bool:
    """Whether this engine makes the probe that is due; of several, the one whose update counts."""
    moved = db.session.execute(
        update(Alarm)
        .where(Alarm.id == alarm.id, Alarm.retry_at == alarm.retry_at, Alarm.cleared_at.is_(None))
        .values(retry_at=now() + timedelta(seconds=settings().probe_seconds))
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]


def worked(provider: str, phone: str) -> None:
    """The provider took a call: stops that this disproves end."""
    disproved = {of_provider(provider), of_country(provider, phone)}
    for subject in disproved & standing().keys():
        alarms.clear(AlarmKind.CALLS_STOPPED, subject)


def forget_ended() -> None:
    """Close the stops of callouts that are over."""
    for subject, alarm in standing().items():
        if subject.isdecimal():
            callout = db.session.get(Callout, int(subject))
            if callout is None or not callout.status.running:
                alarm.cleared_at = now()
