"""Twilio's reading side: one text, the list with its filters and pages, the numbers of a service."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from .carrier import Carrier, Text
from .rules import Refusal

_LARGEST_PAGE = 1000
_USUAL_PAGE = 50


def text_of(carrier: Carrier, account: str, sid: str) -> dict[str, Any]:
    """One Message resource; raises `Refusal` (20404) when there is none, or none yet."""
    text = carrier.texts.get(sid)
    if text is None or not _visible(carrier, text):
        raise Refusal(20404, f"The requested resource /Messages/{sid}.json was not found")
    return text.as_resource(account)


def page_of_texts(carrier: Carrier, account: str, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of the list, newest first; raises `Refusal` when the query makes no sense.

    As at Twilio a page begins after a text that ``PageToken`` names, so texts that come while someone
    turns the pages shift nothing; ``DateSent<`` and ``DateSent>`` take a day or an instant, that one
    included; and a text that was not sent yet has no ``date_sent`` that could fit.
    """
    size, page = _page(query)
    candidates = carrier.texts_to(query.get("To"))
    end = len(candidates)
    if token := query.get("PageToken"):
        end = bisect_left(candidates, _serial(carrier, token), key=lambda text: text.serial)
    found: list[Text] = []
    for position in range(end - 1, -1, -1):
        text = candidates[position]
        if _visible(carrier, text) and _fits(text, query):
            found.append(text)
            if len(found) > size:
                break
    more, found = len(found) > size, found[:size]
    base = f"/2010-04-01/Accounts/{account}/Messages.json"
    kept = {name: value for name, value in query.items() if name not in {"Page", "PageToken"}}
    turn = kept | {
        "PageSize": str(size),
        "Page": str(page + 1),
        "PageToken": f"PA{found[-1].sid}" if found else "",
    }
    return {
        "first_page_uri": f"{base}?{urlencode(kept | {'PageSize': str(size), 'Page': '0'})}",
        "uri": f"{base}?{urlencode(query)}",
        "next_page_uri": f"{base}?{urlencode(turn)}" if more else None,
        "previous_page_uri": None,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, len(found) - 1),
        "messages": [text.as_resource(account) for text in found],
    }


def page_of_numbers(
    carrier: Carrier, account: str, service: str, base: str, query: Mapping[str, str]
) -> dict[str, Any]:
    """The numbers of a messaging service; ``base`` is the URL that the request came to."""
    if service not in carrier.knobs.services:
        raise Refusal(20404, f"The requested resource /Services/{service}/PhoneNumbers was not found")
    size, page = _page(query)
    numbers = carrier.knobs.services[service]
    url = f"{base}/v1/Services/{service}/PhoneNumbers"
    following = {"PageSize": str(size), "Page": str(page + 1), "PageToken": f"PT{page + 1}"}
    created = carrier.now().replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return {
        "meta": {
            "page": page,
            "page_size": size,
            "first_page_url": f"{url}?PageSize={size}&Page=0",
            "previous_page_url": None,
            "url": f"{url}?PageSize={size}&Page={page}",
            "next_page_url": f"{url}?{urlencode(following)}" if len(numbers) > (page + 1) * size else None,
            "key": "phone_numbers",
        },
        "phone_numbers": [
            {
                "sid": _number_sid(numbers, number),
                "account_sid": account,
                "service_sid": service,
                "date_created": created,
                "date_updated": created,
                "phone_number": number,
                "country_code": "US",
                "capabilities": ["SMS"],
                "url": f"{url}/{_number_sid(numbers, number)}",
            }
            for number in numbers[page * size : (page + 1) * size]
        ],
    }


def _number_sid(numbers: Sequence[str], number: str) -> str:
    return f"PN{numbers.index(number):032x}"


def _page(query: Mapping[str, str]) -> tuple[int, int]:
    size, page = query.get("PageSize", str(_USUAL_PAGE)), query.get("Page", "0")
    if not (size.isdecimal() and 1 <= int(size) <= _LARGEST_PAGE):
        raise Refusal(20001, f"'PageSize' must be between 1 and {_LARGEST_PAGE}.")
    if not page.isdecimal() or (int(page) > 0 and not query.get("PageToken")):
        raise Refusal(20001, "A page after the first is reached by next_page_uri only.")
    return int(size), int(page)


def _serial(carrier: Carrier, token: str) -> int:
    anchor = carrier.texts.get(token.removeprefix("PA"))
    if anchor is None:
        raise Refusal(20001, f"'PageToken' {token} is not valid.")
    return anchor.serial


def _visible(carrier: Carrier, text: Text) -> bool:
    lag_s = carrier.knobs.list_lag_s
    return not lag_s or carrier.now() - text.created_at >= timedelta(seconds=lag_s)


def _fits(text: Text, query: Mapping[str, str]) -> bool:
    if query.get("From") not in {None, "", text.sender}:
        return False
    day, after, before = query.get("DateSent"), query.get("DateSent>"), query.get("DateSent<")
    if not (day or after or before):
        return True
    if text.sent_at is None:
        return False
    sent_at = text.sent_at.replace(microsecond=0)
    return (
        (not day or sent_at.date() == _instant(day).date())
        and (not after or sent_at >= _instant(after))
        and (not before or sent_at <= _instant(before))
    )


def _instant(written: str) -> datetime:
    """A day (its midnight, UTC) or an instant in ISO 8601."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise Refusal(20001, f"{written!r} is not a date.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
