"""The outside world: implementations of the Protocols in ``services/ports.py``."""

from config import Settings
from mobilize.services.ports import Clock, Geocoder, SmsGateway


def make_sms_gateway(settings: Settings, clock: Clock) -> SmsGateway:
    """The carrier that ``SMS_GATEWAY`` names. Connects to nothing.

    Raises `config.SettingsError` when a setting cannot work with that carrier.
    """
    if settings.sms_gateway == "twilio":
        from .twilio import TwilioGateway

        return TwilioGateway(settings)
    from .simulator import SimulatorGateway

    return SimulatorGateway(settings, clock)


def make_geocoder(settings: Settings) -> Geocoder:
    """The geocoder that ``GEOCODER`` names. Connects to nothing."""
    from . import geocoding

    return geocoding.make_geocoder(settings)
