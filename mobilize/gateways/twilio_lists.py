"""Reading from Twilio what it knows of texts: the evidence for what our own records cannot tell.

Twilio's times have whole seconds, so an instant is rounded down to one before it is compared.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from twilio.rest import Client

from mobilize.domain.delivery import ProviderRecord, ReceivedRecord

from .twilio_http import READING_CONNECTIONS, ErrorAnswer, json_object

#: Lines of a list in one answer. Twilio gives at most 1000.
_PAGE = 100
_LARGE_PAGE = 1000
#: Texts of one phone that are read at most; a longer list is not complete.
_MOST_RECORDS = 1000
#: Answers of which one list may consist; a list without end would never be known whole.
_MOST_PAGES = 200

_NOT_FOUND = 404
#: What Twilio puts before every text of an account that does not pay yet; the list shows it with the text.
_TRIAL = "Sent from your Twilio trial account - "


class Incomplete(Exception):
    """The list could not be read to its end, so it proves nothing."""


class Reader:
    """Twilio's lists as records; ``api`` and ``messaging`` are the base URLs of its two services.

    Every method raises `Incomplete`, or what `PooledHttpClient.request` raises.
    """

    def __init__(self, client: Client, account: str, *, api: str, messaging: str) -> None:
        self._client = client
        self._api = api
        self._messages = f"{api}/2010-04-01/Accounts/{account}/Messages"
        self._services = f"{messaging}/v1/Services"

    async def texts_to(self, phone: str, since: datetime) -> list[ProviderRecord]:
        """The texts to one phone since an instant.

        Twilio filters by the day of sending, which a text still queued does not have; so all are read,
        up to a page on which every text is older.
        """
        earliest = since.replace(microsecond=0)
        read, found = 0, []
        async for page in self._pages(f"{self._messages}.json", {"To": phone, "PageSize": str(_PAGE)}):
            read += len(page)
            # A text without a time counts as new: better found than sent again.
            recent = [line for line in page if (time_of(line, "date_created") or earliest) >= earliest]
            found += [_record(line, earliest) for line in recent]
            if page and not recent:
                return found
            if read > _MOST_RECORDS:
                raise Incomplete(f"more than {_MOST_RECORDS} texts to one phone")
        return found

    async def text(self, sid: str) -> ProviderRecord | None:
        """One text by its identifier; ``None`` when Twilio does not know it."""
        try:
            line = await self._get(f"{self._messages}/{quote(sid, safe='')}.json")
        except ErrorAnswer as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return _record(line, datetime.now(UTC))

    async def texts_from_phones(self, to: str, since: datetime) -> list[ReceivedRecord]:
        """The texts to one of our own numbers since an instant."""
        earliest = since.replace(microsecond=0)
        asked = {
            "To": to,
            "DateSent>": earliest.astimezone(UTC).date().isoformat(),
            "PageSize": str(_LARGE_PAGE),
        }
        found = []
        async for page in self._pages(f"{self._messages}.json", asked):
            recent = [line for line in page if (time_of(line, "date_created") or earliest) >= earliest]
            found += [_received(line, earliest) for line in recent if line.get("direction") == "inbound"]
            if page and not recent:
                break
        return found

    async def numbers_of(self, service: str) -> list[str]:
        """The phone numbers of a messaging service."""
        url = f"{self._services}/{service}/PhoneNumbers"
        numbers = []
        async for page in self._pages(url, {"PageSize": str(_PAGE)}, "phone_numbers"):
            numbers += [_text(line, "phone_number") for line in page]
        return numbers

    async def _pages(
        self, url: str, params: dict[str, str], name: str = "messages"
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """The pages of a list, each an array called ``name``."""
        following: str | None = url
        for _ in range(_MOST_PAGES):
            answer = await self._get(following, params)
            lines = answer.get(name)
            if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
                raise Incomplete(f"the answer holds no {name}")
            yield lines
            following, params = self._next(url, answer), {}
            if following is None:
                return
        raise Incomplete(f"a list of more than {_MOST_PAGES} pages")

    def _next(self, url: str, answer: Mapping[str, Any]) -> str | None:
        """The address of the page that follows, at the same server: our token goes nowhere else."""
        meta = answer.get("meta")
        named = answer.get("next_page_uri") or (meta.get("next_page_url") if isinstance(meta, dict) else None)
        if not named:
            return None
        following = f"{self._api}{named}" if str(named).startswith("/") else str(named)
        try:
            elsewhere = urlsplit(following)[:2] != urlsplit(url)[:2]
        except ValueError as error:
            raise Incomplete(f"the list goes on nowhere: {error}") from error
        if elsewhere:
            raise Incomplete("the list goes on at another server")
        return following

    async def _get(self, url: str | None, params: dict[str, str] | None = None) -> dict[str, Any]:
        answer = await self._client.request_async("GET", url, params=params)
        return json_object(answer.text)


_Item = TypeVar("_Item")


async def for_each(items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]]) -> None:
    """Do something for each item, as many at a time as there are connections for reading."""
    remaining = iter(items)

    async def take() -> None:
        for item in remaining:
            await work(item)

    await asyncio.gather(*(take() for _ in range(READING_CONNECTIONS)))


def _record(line: Mapping[str, Any], otherwise: datetime) -> ProviderRecord:
    code = line.get("error_code")
    return ProviderRecord(
        sid=_text(line, "sid"),
        to=_text(line, "to"),
        body=(line.get("body") or "").removeprefix(_TRIAL),
        status=_text(line, "status"),
        error_code=code if isinstance(code, int) else None,
        created_at=time_of(line, "date_created") or otherwise,
    )


def _received(line: Mapping[str, Any], otherwise: datetime) -> ReceivedRecord:
    return ReceivedRecord(
        sid=_text(line, "sid"),
        from_phone=_text(line, "from"),
        to_phone=_text(line, "to"),
        body=line.get("body") or "",
        received_at=time_of(line, "date_created") or otherwise,
    )


def _text(line: Mapping[str, Any], name: str) -> str:
    found = line.get(name)
    if not isinstance(found, str) or not found:
        raise Incomplete(f"a line without {name}")
    return found


def time_of(line: Mapping[str, Any], name: str) -> datetime | None:
    """A time as RFC 2822 writes it, in UTC; ``None`` where none is given, or nothing readable."""
    try:
        at = parsedate_to_datetime(line[name])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
