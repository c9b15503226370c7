"""Everything that Mobilize refuses, as one exception tree.

::

    MobilizeError
    +-- InvalidInput        the request names something impossible       422
    +-- SignInRequired      nobody is signed in                          401
    +-- NotAllowed          this account may not do this                 403
    +-- NotFound            no such thing, or not in this account's scope 404
    +-- Conflict            the thing's state does not permit this now   409
    +-- ProviderUnreachable the outside world gave no answer             503

Doors map the tree to responses in one place each (``api/errors.py``, ``web/errors.py``);
the message is shown to a person, so it says what is wrong and what to do instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class MobilizeError(Exception):
    """Something was refused; the message tells a person why and what to do."""


class InvalidInput(MobilizeError):
    """One or more fields cannot be accepted.

    ``errors`` maps a field's name to what is wrong with it and the remedy. Nested fields
    (a need within a callout) are joined by dots: ``needs.0.headcount``.
    """

    def __init__(self, errors: Mapping[str, Sequence[str]] | str, message: str | None = None) -> None:
        """``InvalidInput("radius_m", "must be …")`` names one field; a mapping names several."""
        if isinstance(errors, str):
            errors = {errors: [message or "is not acceptable"]}
        self.errors: dict[str, list[str]] = {name: list(found) for name, found in errors.items()}
        super().__init__("; ".join(f"{name}: {' '.join(found)}" for name, found in self.errors.items()))


class SignInRequired(MobilizeError):
    """Nobody is signed in, or the token is missing, wrong or expired."""

    def __init__(self) -> None:
        super().__init__("Sign in, or send a valid API token; tokens expire and can be replaced at any time.")


class NotAllowed(MobilizeError):
    """This account may not do this."""


class NotFound(MobilizeError):
    """No such thing, or it lies outside what this account may see."""

    def __init__(self, noun: str, key: Any) -> None:
        super().__init__(f"There is no {noun} {key!r}, or it is outside what your account may see.")


class Conflict(MobilizeError):
    """The thing's state does not permit this now."""


class ProviderUnreachable(MobilizeError):
    """A provider (of texts, of maps) gave no usable answer; the same call may work later."""
