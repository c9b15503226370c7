"""What services ask of the process they run in: settings, clock, gateways, and a bell for the engine.

`create_app` builds one `Runtime` and hangs it on the Flask application; tests hand in their own parts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from blinker import Signal
from flask import current_app, g

from config import Settings

from .ports import Clock, Geocoder, Router, SmsGateway, VoiceGateway

#: Rung when there may be work for an engine in this process (a launch, an answer). Carries no data.
work_waiting = Signal()


@dataclass(slots=True)
class Runtime:
    """The parts of the outside world that this process was given."""

    settings: Settings
    clock: Clock
    #: The carriers of texts, in the order in which they are to be used.
    gateways: Sequence[SmsGateway]
    geocoder: Geocoder
    #: Who knows the roads; without one, travel times are estimated.
    router: Router | None = None
    #: Who calls people; without one, nobody is called.
    voice: VoiceGateway | None = None


def runtime() -> Runtime:
    found: Runtime = current_app.extensions["mobilize"]
    return found


def settings() -> Settings:
    return runtime().settings


def now() -> datetime:
    """The current instant, UTC, from the process's clock; within `as_of` the instant that it names."""
    supposed: datetime | None = g.get(_SUPPOSED)
    return supposed or runtime().clock.now()


_SUPPOSED = "mobilize_supposed_instant"


@contextmanager
def as_of(instant: datetime) -> Iterator[None]:
    """Look at everything as if it were this instant; for forecasts, which must change nothing.

    Holds for the current application context alone, so other requests and the engine notice nothing.
    """
    earlier = g.get(_SUPPOSED)
    setattr(g, _SUPPOSED, instant)
    try:
        yield
    finally:
        setattr(g, _SUPPOSED, earlier)
