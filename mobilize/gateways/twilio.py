"""Twilio as a carrier of texts, through its own Python client.

Sending at Twilio is not idempotent, so every request is tried once and its ending is told exactly:
see `twilio_http` for how a failure before the request is told from one after it.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from config import Settings, SettingsError
from mobilize.domain.delivery import (
    Accepted,
    Deferred,
    ErrorClass,
    OutboundText,
    ProviderRecord,
    Refused,
    SendOutcome,
    Unclear,
)
from mobilize.domain.errors import ProviderUnreachable
from mobilize.domain.retry import BACKOFFS, classify

from .twilio_http import ErrorAnswer, NoAnswer, NotSent, PooledHttpClient

#: Seconds; Twilio's limits for ``ValidityPeriod``.
_VALIDITY_S = range(1, 36_001)
#: By default Twilio repeats a callback only when it could not connect. This asks for up to five
#: repetitions after a 5xx, a failed connection or a read timeout ("connection overrides"). The
#: fragment stays at Twilio: it is neither sent nor part of the signature.
_RETRY_CALLBACK = "#rc=5&rp=5xx,ct,rt"
#: Texts of one phone that are read at most.
_MOST_RECORDS = 1000

#: A redirect, or no such account: that speaks of TWILIO_API_URL or TWILIO_ACCOUNT_SID, not of the text.
_NO_SUCH_ADDRESS = frozenset({301, 302, 303, 307, 308, 404, 405})

#: What the library trips over when a 2xx answer is not what it should be.
_UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, TwilioException)


class TwilioGateway:
    """Implements `SmsGateway`. One per process; it keeps connections and threads for ``SEND_CONCURRENCY``."""

    name = "twilio"

    def __init__(self, settings: Settings) -> None:
        """Raises `config.SettingsError` when Twilio could not call back to ``PUBLIC_URL``."""
        self._callback_url = _callback_url(settings.public_url)
        self._sender = (
            {"messaging_service_sid": settings.twilio_messaging_service_sid}
            if settings.twilio_messaging_service_sid
            else {"from_": settings.twilio_from}
        )
        self._messages = _client(settings).messages
        self._threads = ThreadPoolExecutor(settings.send_concurrency, thread_name_prefix="twilio")

    def send(self, texts: Sequence[OutboundText]) -> Iterator[tuple[OutboundText, SendOutcome]]:
        """Try each text once, ``SEND_CONCURRENCY`` at a time; outcomes come as they are known."""
        running = {self._threads.submit(self._send_one, text): text for text in texts}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        finally:
            # Whoever stops listening half-way must not have texts sent behind their back.
            for waiting in running:
                waiting.cancel()

    def find(self, to: str, since: datetime) -> list[ProviderRecord]:
        """The texts to one phone in Twilio's list, newest first; raises `ProviderUnreachable`.

        Twilio's times have whole seconds, so ``since`` is rounded down to one. Twilio filters by the
        day of sending, which a text still queued does not have; so the filtering is done here.
        """
        earliest = since.replace(microsecond=0)
        try:
            listed = self._messages.list(to=to, limit=_MOST_RECORDS, page_size=100)
            records = [_record(message, earliest) for message in listed]
        except (NotSent, NoAnswer, ErrorAnswer, *_UNREADABLE) as error:
            raise ProviderUnreachable(f"Twilio did not list the texts to a phone: {error}") from error
        return [record for record in records if record.created_at >= earliest]

    def _send_one(self, text: OutboundText) -> SendOutcome:
        try:
            message = self._messages.create(
                to=text.to,
                body=text.body,
                validity_period=min(max(text.validity_s, _VALIDITY_S.start), _VALIDITY_S.stop - 1),
                status_callback=f"{self._callback_url}?message={text.message_id}{_RETRY_CALLBACK}",
                **self._sender,
            )
        except NotSent as error:
            return Deferred(ErrorClass.NOT_PROCESSED, None, str(error))
        except NoAnswer as error:
            return Unclear(str(error))
        except ErrorAnswer as error:
            return _outcome(error)
        except UnicodeEncodeError as error:
            return Refused(ErrorClass.BODY, None, f"The text cannot be written as UTF-8: {error.reason}")
        except _UNREADABLE as error:
            return Unclear(f"Twilio's answer could not be read: {type(error).__name__}: {error}"[:200])
        return Accepted(message.sid) if message.sid else Unclear("Twilio's answer names no message.")


def _outcome(error: ErrorAnswer) -> SendOutcome:
    """What an HTTP error means for the text; the classes are in ``domain/retry.py``."""
    found = classify(error.status, error.code)
    if found is ErrorClass.UNRECOGNISED and error.status in _NO_SUCH_ADDRESS:
        found = ErrorClass.CONFIGURATION
    if error.status >= 500 or found is ErrorClass.AMBIGUOUS:
        return Unclear(error.detail)
    if found in BACKOFFS:
        return Deferred(found, error.code, error.detail, error.retry_after_s)
    return Refused(found, error.code, error.detail)


def _record(message: Any, otherwise: datetime) -> ProviderRecord:
    """One line of Twilio's list. A text without a time counts as new: better found than sent again."""
    return ProviderRecord(
        sid=message.sid,
        to=message.to,
        body=message.body or "",
        status=message.status,
        error_code=message.error_code if isinstance(message.error_code, int) else None,
        created_at=message.date_created or otherwise,
    )


def _client(settings: Settings) -> Client:
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    client = Client(
        sid,
        token,
        http_client=PooledHttpClient(
            concurrency=settings.send_concurrency, timeout_s=settings.twilio_timeout_seconds
        ),
        # Otherwise TWILIO_EDGE and TWILIO_REGION of the environment would bend our URLs. It must not
        # be empty: the client takes the whole environment instead of an empty one.
        environment={"TWILIO_ACCOUNT_SID": sid},
    )
    if settings.twilio_api_url:
        client.api.base_url = settings.twilio_api_url.rstrip("/")
    return client


def _callback_url(public_url: str) -> str:
    if "_" in (urlsplit(public_url).hostname or ""):
        raise SettingsError(
            f"These settings are not right:\n  PUBLIC_URL has an underscore in its host name ({public_url}); "
            "Twilio does not call such a host back, so give the service a name without one"
        )
    return f"{public_url}/hooks/twilio/status"
