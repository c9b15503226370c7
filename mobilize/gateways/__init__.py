"""The outside world: implementations of the Protocols in ``services/ports.py``."""

from config import Settings
from mobilize.services.ports import Clock, SmsGateway, VoiceGateway

from .geocoding import make_geocoder
from .routing import make_router
from .simulator import SimulatorGateway
from .simulator_voice import SimulatorVoiceGateway
from .twilio import TwilioGateway
from .twilio_account import accounts_of
from .voice import TwilioVoiceGateway

__all__ = ["make_geocoder", "make_router", "make_sms_gateways", "make_voice_gateway"]


def make_sms_gateways(settings: Settings, clock: Clock) -> list[SmsGateway]:
    """The carriers that ``SMS_GATEWAY`` names, in the order in which they are to be used. Connects to nothing.

    Raises `config.SettingsError` when a setting cannot work with them.
    """
    if settings.sms_gateway == "simulator":
        return [SimulatorGateway(settings, clock)]
    accounts = accounts_of(settings)
    return [TwilioGateway(settings, accounts[name], clock) for name in settings.sms_gateway.split(",")]


def make_voice_gateway(settings: Settings, clock: Clock) -> VoiceGateway | None:
    """The carrier of calls that ``VOICE_GATEWAY`` names, if any. Connects to nothing."""
    match settings.voice_gateway:
        case "simulator":
            return SimulatorVoiceGateway(settings, clock)
        case "twilio":
            return TwilioVoiceGateway(settings, accounts_of(settings)["twilio"], clock)
    return None
