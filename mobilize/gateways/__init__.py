"""The outside world: implementations of the Protocols in ``services/ports.py``."""

from config import Settings
from mobilize.services.ports import Clock, SmsGateway

from .geocoding import make_geocoder
from .simulator import SimulatorGateway
from .twilio import TwilioGateway

__all__ = ["make_geocoder", "make_sms_gateway"]


def make_sms_gateway(settings: Settings, clock: Clock) -> SmsGateway:
    """The carrier that ``SMS_GATEWAY`` names. Connects to nothing.

    Raises `config.SettingsError` when a setting cannot work with that carrier.
    """
    return TwilioGateway(settings) if settings.sms_gateway == "twilio" else SimulatorGateway(settings, clock)
