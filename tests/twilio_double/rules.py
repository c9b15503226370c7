"""What Twilio says no to, and with which code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from .knobs import Knobs

#: Twilio's magic numbers: a text to one is refused with this code.
MAGIC = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
#: HTTP statuses of refusals, where they are not 400.
HTTP_STATUS = {20003: 401, 20403: 403, 20404: 404, 20429: 429, 21408: 403}


class Refusal(Exception):
    """Twilio's no, with its error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = HTTP_STATUS.get(code, 400)


def check(form: Mapping[str, str]) -> None:
    """Refuse a request that does not follow Twilio's reference, or that is not what we mean to send."""
    to, body, validity_s = form.get("To", ""), form.get("Body", ""), form.get("ValidityPeriod", "36000")
    if not to:
        raise Refusal(21604, "A 'To' phone number is required.")
    if not (to.startswith("+") and to[1:].isdigit() and 8 <= len(to) <= 16):
        raise Refusal(21211, f"Invalid 'To' phone number: {to}")
    if not body:
        raise Refusal(21602, "Message body is required.")
    if len(body) > 1600:
        raise Refusal(21617, "The message body exceeds 1600 characters.")
    if bool(form.get("From")) == bool(form.get("MessagingServiceSid")):
        raise Refusal(21603, "Exactly one of 'From' and 'MessagingServiceSid' is expected.")
    if not (validity_s.isdecimal() and 1 <= int(validity_s) <= 36_000):
        raise Refusal(20001, "'ValidityPeriod' must be between 1 and 36000.")
    callback = form.get("StatusCallback")
    if callback and not _can_be_called(callback.partition("?")[0]):
        raise Refusal(21609, "The 'StatusCallback' URL is not valid.")


def permit(knobs: Knobs, sender: str, to: str) -> None:
    """Refuse what this account, this sender or this phone cannot do, opt-outs aside."""
    _permit_sender(knobs, sender)
    if to.startswith(tuple(knobs.regions_denied)):
        raise Refusal(21408, f"Permission to send an SMS has not been enabled for the region of {to}.")
    code = knobs.refusals.get(to) or MAGIC.get(to)
    if code:
        raise Refusal(code, f"refused by the double for {to}")
    if [sender, to] in knobs.pair_faults:
        raise Refusal(21612, f"The 'To' phone number {to} is not reachable from {sender}.")


def _permit_sender(knobs: Knobs, sender: str) -> None:
    if sender.startswith("MG"):
        if knobs.services and sender not in knobs.services:
            raise Refusal(20404, f"The messaging service {sender} was not found")
    elif knobs.numbers is not None and sender not in knobs.numbers:
        raise Refusal(21606, f"The 'From' phone number {sender} does not belong to the account.")
    code = knobs.sender_faults.get(sender)
    if code:
        raise Refusal(code, f"refused by the double for texts from {sender}")


@lru_cache(maxsize=256)
def _can_be_called(url: str) -> bool:
    address = urlsplit(url)
    return (
        address.scheme in {"http", "https"} and bool(address.hostname) and "_" not in (address.hostname or "")
    )
