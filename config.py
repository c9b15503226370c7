"""Settings: read once from the environment, checked once, then passed on as one frozen value.

Every setting is a field of `SettingsSchema`, with its default and its meaning beside it; the table
in ``docs/settings.md`` names the same ones, and a test compares the two.
"""

import os
import re
from collections.abc import Callable, Mapping
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
    twilio_from: tuple[str, ...]
    twilio_api_url: str | None
    twilio_timeout_seconds: float
    backup_account_sid: str | None
    backup_auth_token: str | None
    backup_from: tuple[str, ...]
    backup_api_url: str | None
    sender_rates: Mapping[str, float]
    send_concurrency: int
    geocoder: str
    nominatim_url: str
    travel_mode: str
    travel_detour: float
    travel_speeds: Mapping[str, float]
    travel_slow_km: Mapping[str, float]
    travel_preparation_minutes: float
    router: str
    router_url: str | None
    router_timeout_seconds: float
    simulator_speed: float
    simulator_seed: int
    simulator_acceptance: float
    engine_tick_seconds: float
    engine_batch: int
    lease_seconds: int
    doubt_look_seconds: float
    doubt_window_seconds: float
    resend_in_doubt: tuple[str, ...]
    silence_seconds: float
    inbound_sweep_seconds: float
    probe_seconds: float
    sms_prices: Mapping[str, float] | None
    sms_currency: str
    voice_gateway: str
    voice_from: str | None
    voice_voices: Mapping[str, str]
    voice_calls_per_second: float
    voice_calls_at_once: int
    voice_ring_seconds: int
    voice_longest_seconds: int
    voice_attempts: int
    voice_retry_minutes: float
    voice_prices: Mapping[str, float] | None
    voice_cost_cap: float | None
    plan_seconds: float
    one_by_one_minutes: float
    silent_reminder_minutes: float
    overdue_minutes: float
    check_out_hours: float
    check_out_grace_minutes: float
    longest_shift_hours: float
    fatigue_cap: int
    fatigue_days: int
    live_place_minutes: int
    rest_hours: int
    minimum_age: int
    automatic_answers_per_hour: int
    certificate_notice_days: int
    token_max_age_seconds: int
    secure_cookies: bool
    trusted_proxies: int
    log_format: str
    log_level: str


#: Segments a second that carriers allow a sender, by its kind (``domain/pacing.py`` tells the kinds).
#: US long codes, toll-free numbers and short codes: Twilio's published limits. The others are cautious.
_RATES = {
    "us_long_code": 1.0,
    "long_code": 10.0,
    "toll_free": 3.0,
    "short_code": 100.0,
    "alphanumeric": 10.0,
    "messaging_service": 10.0,
}
#: Kilometres an hour at full speed, and the kilometres of road from which a trip gets to it
#: (``domain/travel.py`` has the formula). Assumptions about private people, to be set to the country.
_SPEEDS = {"foot": 5.0, "bicycle": 15.0, "car": 70.0, "public_transport": 40.0}
_SLOW_KM = {"foot": 0.0, "bicycle": 1.0, "car": 10.0, "public_transport": 15.0}
_SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
#: The table of prices: countries are ISO 3166-1 alpha-2, ``*`` is any other.
_PRICES = (
    r"([A-Z]{2}|\*)=(\d+(?:\.\d+)?)",
    float,
    "must be pairs like IT=0.08,AL=0.07,*=0.10: a country's two letters or *, and the price of a "
    "segment or a minute, 0 or more",
)
#: The table of voices: by language, the provider's name and its locale.
_VOICES = (
    r"([a-z]{2,3})=([\w.-]+/[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)",
    str,
    "must be pairs like sq=Polly.Carla/it-IT: a language's letters, the provider's name for a "
    "voice, and its locale",
)
_ADDRESS = r"(\+[1-9]\d{6,14}|MG[0-9a-fA-F]{32}|[A-Za-z0-9 ]{1,11}|\d{3,8})"
_ACCOUNT = validate.Regexp(r"^AC[0-9a-fA-F]{32}$", error="must be AC and 32 hexadecimal digits")


class Listed(fields.String):
    """Values separated by commas, as a tuple. ``none`` is the empty list."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return () if text == "none" else tuple(part.strip() for part in text.split(",") if part.strip())


class Table(fields.String):
    """``name=value`` pairs separated by commas, each as ``pattern`` has it: a group for either side."""

    def __init__(self, pattern: str, read: Callable[[str], object], fault: str, **options: Any) -> None:
        super().__init__(load_default=None, error_messages={"table": fault}, **options)
        self._pattern, self._read = pattern, read

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        table: dict[str, object] = {}
        for pair in super()._deserialize(value, attr, data, **kwargs).split(","):
            found = re.fullmatch(self._pattern, pair.strip())
            if found is None:
                raise self.make_error("table")
            table[found[1]] = self._read(found[2])
        return table


class Pairs(fields.String):
    """``name=number`` pairs separated by commas; names that are not given keep their default."""

    default_error_messages = {  # noqa: RUF012 (the library's form)
        "pairs": "must be pairs like {example}, separated by commas; the names are {names}, "
        "the numbers go from {low:g} to {high:g}"
    }

    def __init__(
        self, defaults: Mapping[str, float], *, low: float, high: float, metadata: Mapping[str, Any]
    ) -> None:
        super().__init__(load_default=defaults, metadata=metadata)
        self._defaults, self._low, self._high = defaults, low, high

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        numbers = dict(self._defaults)
        for pair in super()._deserialize(value, attr, data, **kwargs).split(","):
            name, _, number = pair.strip().partition("=")
            try:
                numbers[name] = float(number)
            except ValueError:
                raise self._fault() from None
            if name not in self._defaults or not self._low <= numbers[name] <= self._high:
                raise self._fault()
        return numbers

    def _fault(self) -> ValidationError:
        name, number = next(iter(self._defaults.items()))
        return self.make_error(
            "pairs",
            example=f"{name}={number:g}",
            names=", ".join(self._defaults),
            low=self._low,
            high=self._high,
        )


def _url(*schemes: str) -> validate.Validator:
    return validate.Regexp(
        rf"^({'|'.join(schemes)})://[^\s/]+(/.*)?$",
        error=f"must be a URL that starts with {' or '.join(schemes)}://",
    )


def _addresses(listed: tuple[str, ...]) -> None:
    wrong = [one for one in listed if not re.fullmatch(_ADDRESS, one)]
    if wrong:
        raise ValidationError(
            f"{wrong[0]!r} must be a phone as +39…, a short code, a name or a messaging service"
        )


def _first_phone(addresses: tuple[str, ...]) -> str | None:
    return next((one for one in addresses if one.startswith("+")), None)


def _severities(listed: tuple[str, ...]) -> None:
    if not set(listed) <= set(_SEVERITIES):
        raise ValidationError(f"must be none, or some of {', '.join(_SEVERITIES)}, separated by commas")


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
        validate=validate.OneOf(
            ["simulator", "twilio", "twilio,backup", "backup,twilio"],
            error="must be simulator, twilio, or twilio,backup in the order in which they are to be used",
        ),
        metadata={
            "help": "Who carries texts: `simulator` (phones on this machine), `twilio`, or `twilio,backup`: "
            "the second when the first certainly did not send."
        },
    )
    TWILIO_ACCOUNT_SID = fields.String(
        load_default=None,
        validate=_ACCOUNT,
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
    TWILIO_FROM = Listed(
        load_default=(),
        validate=_addresses,
        metadata={
            "help": "The numbers that send, separated by commas. Set this or `TWILIO_MESSAGING_SERVICE_SID`."
        },
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
    BACKUP_ACCOUNT_SID = fields.String(
        load_default=None,
        validate=_ACCOUNT,
        metadata={"help": "The account at a second provider that speaks Twilio's API."},
    )
    BACKUP_AUTH_TOKEN = fields.String(
        load_default=None, metadata={"help": "That account's token; its webhooks are signed with it."}
    )
    BACKUP_FROM = Listed(
        load_default=(),
        validate=_addresses,
        metadata={"help": "The numbers, or the messaging service, that send there."},
    )
    BACKUP_API_URL = fields.String(
        load_default=None,
        validate=_url("http", "https"),
        metadata={"help": "The second provider's base URL. Left out: Twilio's own, with another account."},
    )
    SENDER_RATES = Pairs(
        _RATES,
        low=0.01,
        high=1_000_000,
        metadata={
            "help": "Segments a second that a sender may send, by its kind, as `us_long_code=1,short_code=100`."
        },
    )
    SEND_CONCURRENCY = fields.Integer(
        load_default=400,
        validate=validate.Range(min=1, max=2000),
        metadata={
            "help": "Requests to a provider at the same time, at most, per engine; it feels its way there."
        },
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
    TRAVEL_MODE = fields.String(
        load_default="car",
        validate=validate.OneOf(list(_SPEEDS), error=f"must be one of {', '.join(_SPEEDS)}"),
        metadata={"help": "How people come, for travel times: `" + "`, `".join(_SPEEDS) + "`."},
    )
    TRAVEL_DETOUR = fields.Float(
        load_default=1.4,
        validate=validate.Range(min=1, max=5),
        metadata={"help": "How many times longer the road is than the straight line."},
    )
    TRAVEL_SPEEDS = Pairs(
        _SPEEDS,
        low=1,
        high=200,
        metadata={"help": "Kilometres an hour at full speed, by mode, as `foot=4,car=80`."},
    )
    TRAVEL_SLOW_KM = Pairs(
        _SLOW_KM,
        low=0,
        high=100,
        metadata={"help": "Kilometres of road from which a trip gets to full speed, by mode; 0: at once."},
    )
    TRAVEL_PREPARATION_MINUTES = fields.Float(
        load_default=15.0,
        validate=validate.Range(min=0, max=600),
        metadata={"help": "Minutes from the call until a volunteer sets off."},
    )
    ROUTER = fields.String(
        load_default="none",
        validate=validate.OneOf(["none", "osrm", "valhalla"], error="must be none, osrm or valhalla"),
        metadata={"help": "Who works out travel times: `none` (the formula alone), `osrm` or `valhalla`."},
    )
    ROUTER_URL = fields.String(
        load_default=None,
        validate=_url("http", "https"),
        metadata={"help": "The routing server. It learns where people are: run your own."},
    )
    ROUTER_TIMEOUT_SECONDS = fields.Float(
        load_default=2.0,
        validate=validate.Range(min=0.1, max=30),
        metadata={"help": "The longest that anything waits for the routing server; then the formula serves."},
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
        load_default=500,
        validate=validate.Range(min=1, max=5000),
        metadata={"help": "Texts claimed at a time."},
    )
    LEASE_SECONDS = fields.Integer(
        load_default=30,
        validate=validate.Range(min=5, max=3600),
        metadata={"help": "After this long a claimed text whose engine is silent counts as `unknown`."},
    )
    DOUBT_LOOK_SECONDS = fields.Float(
        load_default=30.0,
        validate=validate.Range(min=0.1, max=3600),
        metadata={
            "help": "A text in doubt is looked up in the provider's list after this long, and once more after "
            "as long again; two empty lists prove that it was not sent."
        },
    )
    DOUBT_WINDOW_SECONDS = fields.Float(
        load_default=300.0,
        validate=validate.Range(min=1, max=36_000),
        metadata={"help": "After this long without evidence `RESEND_IN_DOUBT` decides."},
    )
    RESEND_IN_DOUBT = Listed(
        load_default=("Extreme", "Severe"),
        validate=_severities,
        metadata={
            "help": "Severities whose call-outs are sent again when no evidence could be had, since a second "
            "text is the lesser harm; `none` for never."
        },
    )
    SILENCE_SECONDS = fields.Float(
        load_default=300.0,
        validate=validate.Range(min=1, max=36_000),
        metadata={"help": "A text of which no report comes for this long is looked up at the provider."},
    )
    INBOUND_SWEEP_SECONDS = fields.Float(
        load_default=60.0,
        validate=validate.Range(min=0.5, max=3600),
        metadata={"help": "How often the provider is asked for answers whose webhook was lost."},
    )
    PROBE_SECONDS = fields.Float(
        load_default=30.0,
        validate=validate.Range(min=0.1, max=3600),
        metadata={"help": "While a sender is paused, one text is tried this often."},
    )
    SMS_PRICES = Table(
        *_PRICES,
        metadata={
            "help": "What a segment costs by country, for plans, as `IT=0.08,AL=0.07,*=0.10`; `*` is any "
            "other. Without prices, plans show none."
        },
    )
    SMS_CURRENCY = fields.String(
        load_default="EUR",
        validate=validate.Regexp(r"^[A-Z]{3}$", error="must be three letters, as in EUR (ISO 4217)"),
        metadata={"help": "The currency of `SMS_PRICES` and `VOICE_PRICES`, ISO 4217."},
    )
    VOICE_GATEWAY = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(["none", "simulator", "twilio"], error="must be none, simulator or twilio"),
        metadata={
            "help": "Who places calls to people who stay silent: `none`, `simulator` (phones on this machine) "
            "or `twilio`. Left out: `simulator` if texts are simulated, otherwise `none`."
        },
    )
    VOICE_FROM = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^\+[1-9]\d{6,14}$", error="must be a phone as +39…"),
        metadata={"help": "The number that calls come from. Left out: the first phone of `TWILIO_FROM`."},
    )
    VOICE_VOICES = Table(
        *_VOICES,
        metadata={
            "help": "Voices by language, in place of the usual ones or for a language without, as "
            "`it=Polly.Giorgio/it-IT,sq=Polly.Carla/it-IT`."
        },
    )
    VOICE_CALLS_PER_SECOND = fields.Float(
        load_default=1.0,
        validate=validate.Range(min=0.01, max=100),
        metadata={"help": "Calls that the account may start in a second; Twilio allows one unless agreed."},
    )
    VOICE_CALLS_AT_ONCE = fields.Integer(
        load_default=20,
        validate=validate.Range(min=1, max=1000),
        metadata={"help": "Calls that may ring or be spoken in at the same time, over all engines."},
    )
    VOICE_RING_SECONDS = fields.Integer(
        load_default=30,
        validate=validate.Range(min=5, max=120),
        metadata={"help": "How long a phone rings before nobody counts as there."},
    )
    VOICE_LONGEST_SECONDS = fields.Integer(
        load_default=120,
        validate=validate.Range(min=30, max=600),
        metadata={"help": "A call is ended after this long; so is what it can cost."},
    )
    VOICE_ATTEMPTS = fields.Integer(
        load_default=2,
        validate=validate.Range(min=1, max=10),
        metadata={"help": "Calls to one person in one callout, at most."},
    )
    VOICE_RETRY_MINUTES = fields.Float(
        load_default=5.0,
        validate=validate.Range(min=0.1, max=240),
        metadata={"help": "From the end of a call without an answer until the next to the same person."},
    )
    VOICE_PRICES = Table(
        *_PRICES,
        metadata={
            "help": "What a minute of a call costs by country, as `IT=0.03,AL=0.25,*=0.30`; `*` is any other. "
            "Without prices, no cost is shown."
        },
    )
    VOICE_COST_CAP = fields.Float(
        load_default=None,
        validate=validate.Range(min=0),
        metadata={"help": "What the calls of one callout may cost. Left out: no limit. Needs `VOICE_PRICES`."},
    )
    PLAN_SECONDS = fields.Float(
        load_default=60.0,
        validate=validate.Range(min=0.5, max=3600),
        metadata={
            "help": "How often a running callout is planned anew when nobody answers; answers do it at once."
        },
    )
    ONE_BY_ONE_MINUTES = fields.Float(
        load_default=5.0,
        validate=validate.Range(min=0.05, max=240),
        metadata={
            "help": "How long a `one_by_one` callout waits for an answer before it asks the next person."
        },
    )
    SILENT_REMINDER_MINUTES = fields.Float(
        load_default=10.0,
        validate=validate.Range(min=0.05, max=1440),
        metadata={"help": "Somebody who does not answer a call-out is reminded once, this long after it left."},
    )
    OVERDUE_MINUTES = fields.Float(
        load_default=15.0,
        validate=validate.Range(min=0.05, max=1440),
        metadata={
            "help": "Somebody who should have arrived is asked this long after, and shown as overdue after as "
            "long again."
        },
    )
    CHECK_OUT_HOURS = fields.Float(
        load_default=2.0,
        validate=validate.Range(min=0.05, max=72),
        metadata={
            "help": "How long people have to get home and check out once they are let go, at least; those from "
            "far away have twice their travel time."
        },
    )
    CHECK_OUT_GRACE_MINUTES = fields.Float(
        load_default=30.0,
        validate=validate.Range(min=0.05, max=1440),
        metadata={
            "help": "Who has not checked out is reminded; this long after that, coordinators are alarmed."
        },
    )
    LONGEST_SHIFT_HOURS = fields.Float(
        load_default=12.0,
        validate=validate.Range(min=0.05, max=168),
        metadata={"help": "How long somebody may be on scene before they are asked whether they are home."},
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
    LIVE_PLACE_MINUTES = fields.Integer(
        load_default=120,
        validate=validate.Range(min=5, max=1440),
        metadata={"help": "How long a place counts that a person shared from their link."},
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
    CERTIFICATE_NOTICE_DAYS = fields.Integer(
        load_default=30,
        validate=validate.Range(min=1, max=366),
        metadata={"help": "Days ahead of which holders are told that a certificate lapses."},
    )
    TOKEN_MAX_AGE_SECONDS = fields.Integer(
        load_default=86_400,
        validate=validate.Range(min=1, max=31_536_000),
        metadata={"help": "How long an API token is valid."},
    )
    TRUSTED_PROXIES = fields.Integer(
        load_default=0,
        validate=validate.Range(min=0, max=10),
        metadata={
            "help": "How many proxies of yours stand before this service and add to `X-Forwarded-For`. Limits "
            "then count the addresses behind them."
        },
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
    def providers_are_complete(self, data: dict[str, Any], **_: Any) -> None:
        providers = data["SMS_GATEWAY"].split(",")
        wanted = {
            "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
            "backup": ("BACKUP_ACCOUNT_SID", "BACKUP_AUTH_TOKEN", "BACKUP_FROM"),
        }
        missing = {
            name: [f"is not set; SMS_GATEWAY={data['SMS_GATEWAY']} needs it"]
            for provider in providers
            for name in wanted.get(provider, ())
            if not data[name]
        }
        if "twilio" in providers and bool(data["TWILIO_MESSAGING_SERVICE_SID"]) == bool(data["TWILIO_FROM"]):
            missing["TWILIO_FROM"] = ["set exactly one of TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID"]
        if missing:
            raise ValidationError(missing)

    @validates_schema
    def calls_can_be_placed(self, data: dict[str, Any], **_: Any) -> None:
        """Real people are never called by pretence, nor invented people's numbers in earnest."""
        wrong = {}
        texts = data["SMS_GATEWAY"]
        if data["VOICE_GATEWAY"] == "simulator" and texts != "simulator":
            wrong["VOICE_GATEWAY"] = ["must be none or twilio when texts go to real phones"]
        if data["VOICE_GATEWAY"] == "twilio":
            if "twilio" not in texts.split(","):
                wrong["VOICE_GATEWAY"] = ["can be twilio only if SMS_GATEWAY has twilio"]
            elif not data["VOICE_FROM"] and not _first_phone(data["TWILIO_FROM"]):
                wrong["VOICE_FROM"] = ["is not set; VOICE_GATEWAY=twilio needs it, or a phone in TWILIO_FROM"]
        if data["VOICE_COST_CAP"] is not None and "*" not in (data["VOICE_PRICES"] or {}):
            wrong["VOICE_PRICES"] = [
                "must have a price for every country (*=…), or VOICE_COST_CAP caps nothing"
            ]
        if wrong:
            raise ValidationError(wrong)

    @validates_schema
    def router_can_be_asked(self, data: dict[str, Any], **_: Any) -> None:
        wrong = {}
        if data["ROUTER"] != "none" and not data["ROUTER_URL"]:
            wrong["ROUTER_URL"] = [f"is not set; ROUTER={data['ROUTER']} needs it"]
        if data["ROUTER"] != "none" and data["TRAVEL_MODE"] == "public_transport":
            wrong["ROUTER"] = ["must be none with TRAVEL_MODE=public_transport, of which routers know nothing"]
        if wrong:
            raise ValidationError(wrong)

    @validates_schema
    def times_fit(self, data: dict[str, Any], **_: Any) -> None:
        """A lease must outlast the request that it covers; a window must hold two looks."""
        wrong = {}
        if data["LEASE_SECONDS"] < data["TWILIO_TIMEOUT_SECONDS"] + 2:
            wrong["LEASE_SECONDS"] = ["must be at least two seconds longer than TWILIO_TIMEOUT_SECONDS"]
        if data["DOUBT_WINDOW_SECONDS"] < 3 * data["DOUBT_LOOK_SECONDS"]:
            wrong["DOUBT_WINDOW_SECONDS"] = ["must be at least three times DOUBT_LOOK_SECONDS"]
        if wrong:
            raise ValidationError(wrong)

    @post_load
    def freeze(self, data: dict[str, Any], **_: Any) -> Settings:
        values = {name.lower(): value for name, value in data.items()}
        values["public_url"] = values["public_url"].rstrip("/")
        # Plain postgresql:// would pick a driver that is not installed.
        values["database_url"] = values["database_url"].replace("postgresql://", "postgresql+psycopg://", 1)
        if values["voice_gateway"] is None:
            values["voice_gateway"] = "simulator" if values["sms_gateway"] == "simulator" else "none"
        values["voice_voices"] = values["voice_voices"] or {}
        values["voice_from"] = values["voice_from"] or _first_phone(values["twilio_from"])
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
