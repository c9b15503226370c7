"""Whether a webhook comes from a provider of ours.

Twilio signs the URL that it was told to call, so the URL is rebuilt from ``PUBLIC_URL`` and the
request's path and query; what a proxy shows as scheme and host is worth nothing. The signature is
``base64(HMAC-SHA1(auth token, URL + sorted names and values of the form))``. A URL's fragment
(``#rc=…``) is no part of it. Sources: Twilio's "Webhooks security" and ``twilio.request_validator``,
which decides the same, more slowly; a test compares the two.
"""

import hmac
from base64 import b64encode
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit, urlunsplit

_PORTS = {"https": 443, "http": 80}


class Signatures:
    """Checks what is called at one URL. Any of the tokens may have signed."""

    def __init__(self, url: str, tokens: Iterable[str]) -> None:
        """``url`` is the whole address without a query."""
        # The URL comes first in what is signed, so that much of the digest is the same every time.
        self._begun = [
            hmac.new(token.encode(), form.encode(), "sha1")
            for token in tokens
            for form in _with_and_without_port(url)
        ]

    @property
    def can_be_checked(self) -> bool:
        return bool(self._begun)

    def fit(self, signature: str, query: str, pairs: Sequence[tuple[str, str]]) -> bool:
        """Whether one of the tokens signed this query and these fields of the form.

        The fields go in whole: unannounced and blank ones are signed too, repeated ones once per value.
        """
        given = signature.encode("utf-8", "replace")
        signed = "".join([name + value for name, value in sorted(set(pairs))])
        rest = (f"?{query}{signed}" if query else signed).encode("utf-8", "replace")
        for begun in self._begun:
            digest = begun.copy()
            digest.update(rest)
            if hmac.compare_digest(b64encode(digest.digest()), given):
                return True
        return False


def _with_and_without_port(url: str) -> list[str]:
    """The URL as it is, and with the scheme's port added or its own left out: providers sign either."""
    parts = urlsplit(url)
    if parts.port is None:
        other = f"{parts.netloc}:{_PORTS.get(parts.scheme, 80)}"
    else:
        other = parts.netloc.rpartition(":")[0]
    return [url, urlunsplit(parts._replace(netloc=other))]
