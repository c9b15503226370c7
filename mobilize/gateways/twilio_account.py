"""What carriers of texts and of calls at Twilio share: the account, its client, what an error answer means."""

from dataclasses import dataclass

from twilio.rest import Client

from config import Settings
from mobilize.domain.delivery import Deferred, ErrorClass, Refused, Unclear
from mobilize.domain.retry import BACKOFFS

from .twilio_http import ErrorAnswer, PooledHttpClient

API = "https://api.twilio.com"

#: A redirect, or no such account: that speaks of the base URL or the account, not of what was sent.
_NO_SUCH_ADDRESS = frozenset({301, 302, 303, 307, 308, 404, 405})


@dataclass(frozen=True, slots=True)
class Account:
    """What differs between two providers that speak Twilio's API. ``api_url`` has no slash at its end."""

    name: str
    sid: str
    token: str
    senders: tuple[str, ...]
    api_url: str | None = None

    def client(self, transport: PooledHttpClient) -> Client:
        """Twilio's own client, over our transport."""
        return Client(
            self.sid,
            self.token,
            http_client=transport,
            # Otherwise TWILIO_EDGE and TWILIO_REGION of the environment would bend our URLs. It must not
            # be empty: the client takes the whole environment instead of an empty one.
            environment={"TWILIO_ACCOUNT_SID": self.sid},
        )


def accounts_of(settings: Settings) -> dict[str, Account]:
    """The accounts that the settings describe, by the names that ``SMS_GATEWAY`` gives them."""
    service = settings.twilio_messaging_service_sid
    return {
        "twilio": Account(
            name="twilio",
            sid=settings.twilio_account_sid or "",
            token=settings.twilio_auth_token or "",
            senders=(service,) if service else settings.twilio_from,
            api_url=settings.twilio_api_url and settings.twilio_api_url.rstrip("/"),
        ),
        "backup": Account(
            name="backup",
            sid=settings.backup_account_sid or "",
            token=settings.backup_auth_token or "",
            senders=settings.backup_from,
            api_url=settings.backup_api_url and settings.backup_api_url.rstrip("/"),
        ),
    }


def error_outcome(error: ErrorAnswer, found: ErrorClass) -> Refused | Deferred | Unclear:
    """What an HTTP error means for a text or a call; ``found`` is its class, by ``domain/retry.py``."""
    if found is ErrorClass.UNRECOGNISED and error.status in _NO_SUCH_ADDRESS:
        found = ErrorClass.CONFIGURATION
    if error.status >= 500 or found is ErrorClass.AMBIGUOUS:
        return Unclear(error.detail)
    if found in BACKOFFS:
        return Deferred(found, error.code, error.detail, error.retry_after_s)
    return Refused(found, error.code, error.detail)
