"""HTTP beneath the twilio client: one request, one of four endings.

The client's own transport has no timeout unless told, keeps a pool smaller than our concurrency, and
drops the response's headers from errors, with them ``Retry-After``. Here every ending is told apart,
because what follows differs: an answer, an error answer, nothing sent, or nobody knows.
"""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from twilio.http import HttpClient
from twilio.http.response import Response
from urllib3.exceptions import ConnectTimeoutError

#: Opening a connection takes milliseconds, or does not happen; seconds.
_CONNECT_TIMEOUT_S = 5.0

#: Raised by requests while it builds a request.
_NOT_BUILT = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidProxyURL,
)


class NotSent(Exception):
    """No connection came about, so the provider cannot have seen the request."""


class NoAnswer(Exception):
    """The request may have reached the provider, and no whole answer came back."""


class ErrorAnswer(Exception):
    """The provider answered, with a status other than 2xx.

    ``code`` is the provider's own error code, ``retry_after_s`` its wish to be left alone.
    """

    def __init__(self, status: int, code: int | None, detail: str, retry_after_s: float | None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class PooledHttpClient(HttpClient):  # type: ignore[misc]
    """A transport for the twilio client; safe in ``concurrency`` threads. It tries each request once."""

    def __init__(self, *, concurrency: int, timeout_s: float) -> None:
        super().__init__(logger=None, is_async=False, timeout=timeout_s)
        self._timeout = (min(_CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        self._session = requests.Session()
        # A retry below us could send a text twice.
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=concurrency, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def request(  # noqa: PLR0917 (the order is the library's)
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send it, and return a 2xx answer; raises `NotSent`, `NoAnswer` or `ErrorAnswer`.

        Redirects are never followed, since they would repeat the request.
        """
        try:
            answer = self._session.request(
                method,
                uri,
                params=params,  # type: ignore[arg-type]
                data=data,
                headers=headers,
                auth=auth,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise _ending(error) from error
        if not 200 <= answer.status_code < 300:
            raise _error_answer(answer)
        return Response(answer.status_code, answer.text, answer.headers)


def _ending(error: requests.RequestException) -> NotSent | NoAnswer:
    """Whether a failed request can have reached the provider. In doubt, it can."""
    detail = f"{type(error).__name__}: {error}"[:200]
    before_sending = isinstance(error, _NOT_BUILT) or any(
        isinstance(cause, ConnectTimeoutError | ssl.SSLCertVerificationError) for cause in _causes(error)
    )
    return NotSent(detail) if before_sending else NoAnswer(detail)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those wrapped in it.

    requests and urllib3 wrap by argument (``ConnectionError(MaxRetryError(reason=…))``). Refused
    connections and names that do not resolve are urllib3 subclasses of `ConnectTimeoutError`.
    """
    pending: list[BaseException] = [error]
    while pending:
        current = pending.pop()
        yield current
        inner = [*current.args, getattr(current, "reason", None), getattr(current, "original_error", None)]
        pending.extend(cause for cause in inner if isinstance(cause, BaseException) and cause is not current)


def _error_answer(answer: requests.Response) -> ErrorAnswer:
    """The error in both forms that Twilio uses: its own, and RFC 9457 (``title``, ``detail``)."""
    body = _json_object(answer.text)
    message = body.get("message") or body.get("detail") or body.get("title") or answer.reason
    code = str(body.get("code"))
    return ErrorAnswer(
        answer.status_code,
        int(code) if code.isascii() and code.isdigit() else None,
        f"HTTP {answer.status_code}: {message}"[:200],
        _seconds(answer.headers.get("Retry-After")),
    )


def _json_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(retry_after: str | None) -> float | None:
    """``Retry-After`` in seconds from now: a number, or a date (RFC 9110, 10.2.3); ``None`` if unreadable."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    # The date is the provider's wall clock, so it is compared with the machine's, not with a test's.
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())
