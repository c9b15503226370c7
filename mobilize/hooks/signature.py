"""Whether a webhook comes from Twilio.

Twilio signs the URL that it was told to call, so the URL is rebuilt from ``PUBLIC_URL`` and the
request's path and query; what a proxy shows as scheme and host is worth nothing. The signature is
``base64(HMAC-SHA1(auth token, URL + sorted names and values of the form))``. A URL's fragment
(``#rc=…``) is no part of it.
"""

from flask import Request
from twilio.request_validator import RequestValidator


def is_signed(request: Request, public_url: str, auth_token: str) -> bool:
    """Whether the request's ``X-Twilio-Signature`` is right for its URL and form.

    The form goes in whole: fields that appear unannounced and blank ones are signed too.
    """
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signature:
        return False  # the validator raises on a missing one
    # A MultiDict, since the validator takes repeated fields from `getlist` only.
    valid: bool = RequestValidator(auth_token).validate(
        _called_url(request, public_url), request.form, signature
    )
    return valid


def _called_url(request: Request, public_url: str) -> str:
    query = request.query_string.decode("latin-1")
    return f"{public_url}{request.path}{'?' + query if query else ''}"
