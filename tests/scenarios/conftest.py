"""Fixtures of the Twilio double for scenarios."""

from tests.twilio_double.process import backup_double, backup_double_process, double, double_process
from tests.twilio_double.serving import port, public_url, served

__all__ = [
    "backup_double",
    "backup_double_process",
    "double",
    "double_process",
    "port",
    "public_url",
    "served",
]
