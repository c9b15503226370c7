"""Fixtures of the Twilio double for the gateways' tests."""

from tests.twilio_double.process import double, double_process
from tests.twilio_double.serving import port, public_url, served

from .to_the_double import make

__all__ = ["double", "double_process", "make", "port", "public_url", "served"]
