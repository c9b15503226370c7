"""Fields that several resources share."""

from datetime import datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate

from mobilize.services.runtime import now

#: How far ahead people can be asked to arrive.
MAX_AHEAD = timedelta(days=30)


def latitude() -> fields.Float:
    """Degrees WGS 84."""
    return fields.Float(required=True, validate=validate.Range(min=-90, max=90))


def longitude() -> fields.Float:
    """Degrees WGS 84."""
    return fields.Float(required=True, validate=validate.Range(min=-180, max=180))


def soon(instant: datetime) -> None:
    """Refuse an instant that is past or more than 30 days ahead."""
    if instant <= now():
        raise ValidationError("is in the past; name a time that is still to come")
    if instant > now() + MAX_AHEAD:
        raise ValidationError(f"is more than {MAX_AHEAD.days} days ahead; name an earlier time")


class Instant(fields.AwareDateTime):
    """An instant, as ISO 8601 with its offset; one without an offset is refused."""

    default_error_messages: dict[str, Any] = {  # noqa: RUF012
        "invalid": "must be a time as ISO 8601, like 2026-11-24T14:30:00+01:00",
        "invalid_awareness": "needs an offset from UTC, like 2026-11-24T14:30:00+01:00",
    }
