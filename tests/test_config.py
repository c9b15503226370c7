"""Settings: a bad one stops the start and is named."""

import pytest

from config import SettingsError, load_settings

SECRET = {"SECRET_KEY": "x" * 32}


def test_defaults_need_only_a_secret() -> None:
    settings = load_settings(SECRET)
    assert (settings.sms_gateway, settings.secure_cookies) == ("simulator", False)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must have at least 32"),
        (SECRET | {"SMS_GATEWAY": "pigeon"}, "SMS_GATEWAY must be simulator or twilio"),
        (SECRET | {"DATABASE_URL": "mysql://x"}, "DATABASE_URL must be"),
        (SECRET | {"PUBLIC_URL": "example.org"}, "PUBLIC_URL must be a URL"),
        (SECRET | {"ENGINE_BATCH": "many"}, "ENGINE_BATCH"),
        (SECRET | {"SMS_GATEWAY": "twilio"}, "TWILIO_ACCOUNT_SID is not set"),
        (SECRET | {"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_ACCOUNT_SID must be AC and 32"),
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
