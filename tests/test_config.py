"""Settings: a bad one stops the start and is named."""

import pytest

from config import SettingsError, load_settings

SECRET = {"SECRET_KEY": "x" * 32}
TWILIO = {
    "SMS_GATEWAY": "twilio",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_FROM": "+15005550006",
}
ROUTER = {"ROUTER": "valhalla", "ROUTER_URL": "http://127.0.0.1:8002"}


def test_defaults_need_only_a_secret() -> None:
    settings = load_settings(SECRET)
    assert (settings.sms_gateway, settings.secure_cookies) == ("simulator", False)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must have at least 32"),
        (SECRET | {"SMS_GATEWAY": "pigeon"}, "SMS_GATEWAY must be simulator, twilio, or twilio,backup"),
        (SECRET | {"SMS_GATEWAY": "simulator,twilio"}, "SMS_GATEWAY must be"),
        (SECRET | {"DATABASE_URL": "mysql://x"}, "DATABASE_URL must be"),
        (SECRET | {"PUBLIC_URL": "example.org"}, "PUBLIC_URL must be a URL"),
        (SECRET | {"ENGINE_BATCH": "many"}, "ENGINE_BATCH"),
        (SECRET | {"SMS_GATEWAY": "twilio"}, "TWILIO_ACCOUNT_SID is not set"),
        (SECRET | {"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_ACCOUNT_SID must be AC and 32"),
        (SECRET | TWILIO | {"SMS_GATEWAY": "twilio,backup"}, "BACKUP_ACCOUNT_SID is not set"),
        (SECRET | TWILIO | {"TWILIO_FROM": "+39333, not a number!"}, "TWILIO_FROM"),
        (SECRET | TWILIO | {"TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32}, "set exactly one of"),
        (SECRET | {"SENDER_RATES": "pigeon=3"}, "SENDER_RATES must be pairs"),
        (SECRET | {"SENDER_RATES": "short_code=0"}, "SENDER_RATES must be pairs"),
        (SECRET | {"SENDER_RATES": "short_code=nan"}, "SENDER_RATES must be pairs"),
        (SECRET | {"TRAVEL_MODE": "horse"}, "TRAVEL_MODE must be one of foot, bicycle, car, public_transport"),
        (SECRET | {"TRAVEL_DETOUR": "0.9"}, "TRAVEL_DETOUR Must be greater than or equal to 1"),
        (SECRET | {"TRAVEL_DETOUR": "nan"}, "TRAVEL_DETOUR"),
        (SECRET | {"TRAVEL_SPEEDS": "car=fast"}, "TRAVEL_SPEEDS must be pairs like foot=5"),
        (SECRET | {"TRAVEL_SPEEDS": "car=0"}, "TRAVEL_SPEEDS must be pairs .* from 1 to 200"),
        (SECRET | {"TRAVEL_SPEEDS": "horse=20"}, "TRAVEL_SPEEDS must be pairs .* names are foot, bicycle, car"),
        (SECRET | {"TRAVEL_SLOW_KM": "car=-1"}, "TRAVEL_SLOW_KM must be pairs"),
        (SECRET | {"TRAVEL_PREPARATION_MINUTES": "-1"}, "TRAVEL_PREPARATION_MINUTES"),
        (SECRET | {"ROUTER": "graphhopper"}, "ROUTER must be none, osrm or valhalla"),
        (SECRET | {"ROUTER": "osrm"}, "ROUTER_URL is not set; ROUTER=osrm needs it"),
        (SECRET | {"ROUTER": "osrm", "ROUTER_URL": "router.example.org"}, "ROUTER_URL must be a URL"),
        (SECRET | ROUTER | {"TRAVEL_MODE": "public_transport"}, "ROUTER must be none with TRAVEL_MODE"),
        (SECRET | {"ROUTER_TIMEOUT_SECONDS": "60"}, "ROUTER_TIMEOUT_SECONDS"),
        (SECRET | {"RESEND_IN_DOUBT": "Extreme,Awful"}, "RESEND_IN_DOUBT must be none, or some of"),
        (SECRET | {"LEASE_SECONDS": "10", "TWILIO_TIMEOUT_SECONDS": "9"}, "LEASE_SECONDS must be at least two"),
        (SECRET | {"DOUBT_WINDOW_SECONDS": "60"}, "DOUBT_WINDOW_SECONDS must be at least three times"),
    ],
)
def test_a_bad_setting_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(environ)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"SMS_GATEWAY": "pigeon", "LOG_LEVEL": "LOUD"})
    assert all(name in str(error.value) for name in ("SECRET_KEY", "SMS_GATEWAY", "LOG_LEVEL"))


def test_https_means_secure_cookies() -> None:
    assert load_settings(SECRET | {"PUBLIC_URL": "https://m.example.org/"}).secure_cookies


def test_a_pool_of_senders_is_written_with_commas() -> None:
    settings = load_settings(SECRET | TWILIO | {"TWILIO_FROM": "+15005550006, +15005550007"})
    assert settings.twilio_from == ("+15005550006", "+15005550007")


def test_a_rate_that_is_named_leaves_the_others_as_they_are() -> None:
    rates = load_settings(SECRET | {"SENDER_RATES": "short_code=30,toll_free=5"}).sender_rates
    assert (rates["short_code"], rates["toll_free"], rates["us_long_code"]) == (30, 5, 1)


def test_nobody_is_texted_twice_in_doubt_if_the_setting_says_none() -> None:
    assert load_settings(SECRET | {"RESEND_IN_DOUBT": "none"}).resend_in_doubt == ()
    assert load_settings(SECRET).resend_in_doubt == ("Extreme", "Severe")


def test_the_backup_may_come_first() -> None:
    backup = {"BACKUP_ACCOUNT_SID": "AC" + "1" * 32, "BACKUP_AUTH_TOKEN": "token", "BACKUP_FROM": "Mobilize"}
    settings = load_settings(SECRET | TWILIO | backup | {"SMS_GATEWAY": "backup,twilio"})
    assert settings.sms_gateway.split(",") == ["backup", "twilio"]


def test_calls_are_simulated_where_texts_are() -> None:
    assert load_settings(SECRET).voice_gateway == "simulator"
    assert load_settings(SECRET | TWILIO).voice_gateway == "none"
    assert load_settings(SECRET | {"VOICE_GATEWAY": "none"}).voice_gateway == "none"


def test_calls_come_from_the_first_phone_that_sends() -> None:
    chosen = {"TWILIO_FROM": "Mobilize,+15005550006", "VOICE_GATEWAY": "twilio"}
    assert load_settings(SECRET | TWILIO | chosen).voice_from == "+15005550006"


def test_a_voice_may_be_named_for_a_language() -> None:
    assert load_settings(SECRET).voice_voices == {}
    voices = load_settings(SECRET | {"VOICE_VOICES": "sq=Polly.Carla/it-IT, it=Polly.Bianca-Neural/it-IT"})
    assert voices.voice_voices == {"sq": "Polly.Carla/it-IT", "it": "Polly.Bianca-Neural/it-IT"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"VOICE_GATEWAY": "twilio"}, "VOICE_GATEWAY"),
        (TWILIO | {"VOICE_GATEWAY": "simulator"}, "VOICE_GATEWAY"),
        (TWILIO | {"TWILIO_FROM": "Mobilize", "VOICE_GATEWAY": "twilio"}, "VOICE_FROM"),
        ({"VOICE_COST_CAP": "5"}, "VOICE_PRICES"),
        ({"VOICE_COST_CAP": "5", "VOICE_PRICES": "AL=0.2"}, "VOICE_PRICES"),
        ({"VOICE_VOICES": "sq"}, "VOICE_VOICES"),
        ({"VOICE_FROM": "Mobilize"}, "VOICE_FROM"),
        ({"VOICE_CALLS_PER_SECOND": "0"}, "VOICE_CALLS_PER_SECOND"),
    ],
)
def test_calls_that_could_not_be_placed_as_meant_are_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(SECRET | changes)
