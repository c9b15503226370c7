"""The exact texts of a callout, before and after its launch."""

from mobilize.services import callouts, previews
from mobilize.services.access import SYSTEM
from tests.world import World


def test_after_the_launch_those_who_were_asked_still_count(world: World) -> None:
    world.volunteer("Ana", language="it")
    callout = world.callout()
    before = previews.of_callout(SYSTEM, callout.id)
    callouts.launch(SYSTEM, callout.id)
    after = previews.of_callout(SYSTEM, callout.id)
    for texts in (before, after):
        assert [(spoken.language, spoken.people) for spoken in texts.languages] == [("it", 1)]
