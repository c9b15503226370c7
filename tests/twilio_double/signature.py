"""``X-Twilio-Signature`` by its documentation: base64 of HMAC-SHA1 over the URL and the sorted form."""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """The signature of a POST to ``url`` (with its query, without its fragment)."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
