"""Settings: read once from the environment, checked once, then passed on as one frozen value.

Every setting is a field of `SettingsSchema`, with its default and its meaning beside it; the table
in ``docs/settings.md`` names the same ones, and a test compares the two.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import (
    EXCLUDE,
    Schema,
    ValidationError,
    fields,
    post_load,
    pre_load,
    validate,
    validates_schema,
)

ROOT = Path(__file__).parent


class SettingsError(Exception):
    """One or more settings are missing or wrong; the message names each and says what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. Field names are the environment's, in lower case."""

    database_url: str
    secret_key: str
    public_url: str
    sms_gateway: str
    twilio_account_sid: str | None
    twilio_auth_token: str | None
    twilio_messaging_service_sid: str | None
    twilio_from: str | None
    twilio_api_url: str | None
    twilio_timeout_seconds: float
    send_concurrency: int
    geocoder: str
    nominatim_url: str
    simulator_speed: float
    simulator_seed: int
    simulator_acceptance: float
    engine_tick_seconds: float
    engine_batch: int
    lease_seconds: int
    wave_minutes: float
    wave_factor: float
    fatigue_cap: int
    fatigue_days: int
    rest_hours: int
    minimum_age: int
    automatic_answers_per_hour: int
    token_max_age_seconds: int
    secure_cookies: bool
    log_format: str
    log_level: str


def _url(*schemes: str) -> validate.Validator:
    return validate.Regexp(
        rf"^({'|'.join(schemes)})://[^\s/]+(/.*)?$",
        error=f"must be a URL that starts with {' or '.join(schemes)}://",
    )


class SettingsSchema(Schema):
    """What each setting is, what it must look like, and what it is when nobody sets it."""

    class Meta:
        unknown = EXCLUDE

    DATABASE_URL = fields.String(
        load_default="sqlite:///mobilize.db",
        validate=validate.Regexp(
            r"^(sqlite|postgresql(\+psycopg)?)://",
            error="must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
        ),
        metadata={"help": "The database. A relative SQLite file lies in `instance/`."},
    )
    SECRET_KEY = fields.String(
        required=True,
        validate=validate.Length(min=32, error="must have at least 32 characters"),
        metadata={"help": "Signs sessions, tokens and links. Keep it secret and keep it."},
        error_messages={
            "required": 'is not set; make one with: python -c "import secrets; print(secrets.token_hex(32))"'
        },
    )
    PUBLIC_URL = fields.String(
        load_default="http://127.0.0.1:8000",
        validate=_url("http", "https"),
        metadata={"help": "Where the outside reaches this service; Twilio signs its webhooks with it."},
    )
    SMS_GATEWAY = fields.String(
        load_default="simulator",
        validate=validate.OneOf(["simulator", "twilio"], error="must be simulator or twilio"),
        metadata={"help": "Who carries texts: `simulator` (phones on this machine) or `twilio`."},
    )
    TWILIO_ACCOUNT_SID = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^AC[0-9a-fA-F]{32}$", error="must be AC and 32 hexadecimal digits"),
        metadata={"help": "The Twilio account."},
    )
    TWILIO_AUTH_TOKEN = fields.String(
        load_default=None, metadata={"help": "The account's auth token; also checks webhook signatures."}
    )
    TWILIO_MESSAGING_SERVICE_SID = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^MG[0-9a-fA-F]{32}$", error="must be MG and 32 hexadecimal digits"),
        metadata={"help": "The messaging service that sends. Set this or `TWILIO_FROM`."},
    )
    TWILIO_FROM = fields.String(
        load_default=None,
        validate=validate.Regexp(
            r"^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11}|\d{3,8})$", error="must be a phone as +39…"
        ),
        metadata={"help": "The number that sends. Set this or `TWILIO_MESSAGING_SERVICE_SID`."},
    )
    TWILIO_API_URL = fields.String(
        load_default=None,
        validate=_url("http", "https"),
        metadata={"help": "Another base URL for the Twilio API: a compatible provider or a local server."},
    )
    TWILIO_TIMEOUT_SECONDS = fields.Float(
        load_default=10.0,
        validate=validate.Range(min=0.1, max=60),
        metadata={"help": "How long to wait for Twilio before an answer counts as lost."},
    )
    SEND_CONCURRENCY = fields.Integer(
        load_default=8,
        validate=validate.Range(min=1, max=400),
        metadata={"help": "Requests to the provider at the same time, per engine."},
    )
    GEOCODER = fields.String(
        load_default="offline",
        validate=validate.OneOf(["offline", "nominatim"], error="must be offline or nominatim"),
        metadata={
            "help": "Who finds coordinates for addresses: `offline` (cities of a gazetteer) or `nominatim`."
        },
    )
    NOMINATIM_URL = fields.String(
        load_default="https://nominatim.openstreetmap.org",
        validate=_url("http", "https"),
        metadata={"help": "The Nominatim server, when `GEOCODER=nominatim`."},
    )
    SIMULATOR_SPEED = fields.Float(
        load_default=1.0,
        validate=validate.Range(min=0.01, max=100_000),
        metadata={"help": "How much faster than life simulated phones answer."},
    )
    SIMULATOR_SEED = fields.Integer(
        load_default=1, metadata={"help": "Makes simulated phones answer the same way again."}
    )
    SIMULATOR_ACCEPTANCE = fields.Float(
        load_default=0.35,
        validate=validate.Range(min=0, max=1),
        metadata={"help": "The mean share of simulated people who say yes."},
    )
    ENGINE_TICK_SECONDS = fields.Float(
        load_default=0.5,
        validate=validate.Range(min=0.05, max=60),
        metadata={"help": "How often the engine looks for work; it is also woken when there is some."},
    )
    ENGINE_BATCH = fields.Integer(
        load_default=200,
        validate=validate.Range(min=1, max=5000),
        metadata={"help": "Texts claimed at a time."},
    )
    LEASE_SECONDS = fields.Integer(
        load_default=120,
        validate=validate.Range(min=5, max=3600),
        metadata={"help": "After this long a claimed text whose engine is silent counts as `unknown`."},
    )
    WAVE_MINUTES = fields.Float(
        load_default=5.0,
        validate=validate.Range(min=0.02, max=240),
        metadata={"help": "Minutes between two waves of a phased callout, or two people of `one_by_one`."},
    )
    WAVE_FACTOR = fields.Float(
        load_default=3.0,
        validate=validate.Range(min=1, max=50),
        metadata={"help": "People asked in a wave for each place that is still open."},
    )
    FATIGUE_CAP = fields.Integer(
        load_default=4,
        validate=validate.Range(min=1, max=1000),
        metadata={"help": "Call-outs per `FATIGUE_DAYS` after which a person is left in peace."},
    )
    FATIGUE_DAYS = fields.Integer(
        load_default=30,
        validate=validate.Range(min=1, max=366),
        metadata={"help": "The days over which `FATIGUE_CAP` counts."},
    )
    REST_HOURS = fields.Integer(
        load_default=12,
        validate=validate.Range(min=0, max=720),
        metadata={"help": "Hours of rest after a deployment."},
    )
    MINIMUM_AGE = fields.Integer(
        load_default=18,
        validate=validate.Range(min=14, max=30),
        metadata={"help": "Years a volunteer must have to be called."},
    )
    AUTOMATIC_ANSWERS_PER_HOUR = fields.Integer(
        load_default=6,
        validate=validate.Range(min=1, max=100),
        metadata={"help": "Automatic answers that one phone gets within an hour."},
    )
    TOKEN_MAX_AGE_SECONDS = fields.Integer(
        load_default=86_400,
        validate=validate.Range(min=1, max=31_536_000),
        metadata={"help": "How long an API token is valid."},
    )
    SECURE_COOKIES = fields.Boolean(
        load_default=None,
        allow_none=True,
        metadata={"help": "Send cookies over https only. Left out: yes, if `PUBLIC_URL` is https."},
    )
    LOG_FORMAT = fields.String(
        load_default="console",
        validate=validate.OneOf(["console", "json"], error="must be console or json"),
        metadata={"help": "`console` for people, `json` for machines."},
    )
    LOG_LEVEL = fields.String(
        load_default="INFO",
        validate=validate.OneOf(
            ["DEBUG", "INFO", "WARNING", "ERROR"], error="must be DEBUG, INFO, WARNING or ERROR"
        ),
        metadata={"help": "The least severe log line that is written."},
    )

    @pre_load
    def drop_empty(self, data: Mapping[str, str], **_: Any) -> dict[str, str]:
        """An empty variable is one that nobody set."""
        return {name: value.strip() for name, value in data.items() if value.strip()}

    @validates_schema
    def twilio_is_complete(self, data: dict[str, Any], **_: Any) -> None:
        if data["SMS_GATEWAY"] != "twilio":
            return
        missing = {
            name: ["is not set; SMS_GATEWAY=twilio needs it"]
            for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
            if not data[name]
        }
        if bool(data["TWILIO_MESSAGING_SERVICE_SID"]) == bool(data["TWILIO_FROM"]):
            missing["TWILIO_FROM"] = ["set exactly one of TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID"]
        if missing:
            raise ValidationError(missing)

    @post_load
    def freeze(self, data: dict[str, Any], **_: Any) -> Settings:
        values = {name.lower(): value for name, value in data.items()}
        values["public_url"] = values["public_url"].rstrip("/")
        # Plain postgresql:// would pick a driver that is not installed.
        values["database_url"] = values["database_url"].replace("postgresql://", "postgresql+psycopg://", 1)
        if values["secure_cookies"] is None:
            values["secure_cookies"] = values["public_url"].startswith("https://")
        return Settings(**values)


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the settings, or raise `SettingsError` naming every bad one at once."""
    try:
        settings: Settings = SettingsSchema().load(environ)
    except ValidationError as error:
        found: dict[str, list[str]] = error.normalized_messages()  # type: ignore[no-untyped-call]
        lines = [f"  {name} {' '.join(problems)}" for name, problems in sorted(found.items())]
        raise SettingsError("These settings are not right:\n" + "\n".join(lines)) from None
    return settings
