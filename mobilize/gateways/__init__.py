"""The outside world: implementations of the Protocols in ``services/ports.py``."""

from typing import Any

from config import Settings


def make_sms_gateway(settings: Settings, clock: Any) -> Any:
    return None


def make_geocoder(settings: Settings) -> Any:
    return None
