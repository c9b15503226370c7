"""Fixtures for tests of sending."""

import pytest
from flask import Flask

from mobilize.models import Message
from mobilize.services import callouts
from mobilize.services.access import SYSTEM
from tests.world import World

from .scripted import Script, the_text, use


@pytest.fixture
def script(app: Flask) -> Script:
    """The only provider, told by the test what to do."""
    script = Script()
    use(script)
    return script


@pytest.fixture
def message(script: Script, world: World) -> Message:
    """A queued call-out to one person."""
    world.volunteer()
    callouts.launch(SYSTEM, world.callout({"medic": 1}).id)
    return the_text()
