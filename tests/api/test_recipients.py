"""People asked, as programs see them, and checking them out."""

from flask.testing import FlaskClient

from mobilize.domain.vocabulary import Intent
from mobilize.extensions import db
from mobilize.models import InboundMessage, Recipient
from mobilize.services import answers, callouts
from mobilize.services.access import SYSTEM
from mobilize.services.runtime import now
from tests.world import World


def test_somebody_on_scene_is_shown_and_checked_out(client: FlaskClient, world: World) -> None:
    world.volunteer()
    callout = callouts.launch(SYSTEM, world.callout().id)
    recipient = db.session.query(Recipient).one()
    answers.apply(recipient, InboundMessage(intent=Intent.ON_SCENE, received_at=now()))
    db.session.commit()
    headers = world.token(world.account())
    path = f"/api/v1/recipients/{recipient.id}"
    shown = client.get(path, headers=headers).get_json()
    assert shown["check_out_by"] == "2026-11-24T21:00:00+00:00"
    board = client.get(f"/api/v1/callouts/{callout.id}/board", headers=headers).get_json()
    assert board["whereabouts"] == {"on_scene": 1}
    assert board["recipients"][0]["whereabouts"] == "on_scene"

    gone = client.post(f"{path}/check-out", headers=headers)
    assert gone.status_code == 200
    assert (gone.get_json()["left_at"], gone.get_json()["check_out_by"]) == ("2026-11-24T09:00:00+00:00", None)
    assert client.post(f"{path}/check-out", headers=headers).status_code == 409
