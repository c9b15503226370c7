"""A simulated call as it goes on: somebody picks up, presses keys, hangs up."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mobilize.domain.calling import Turn
from mobilize.extensions import db
from mobilize.gateways import simulator_voice
from mobilize.models import SimulatedCall
from mobilize.services import call_keys, call_reports


def play(kind: str, fields: Mapping[str, Any]) -> None:
    """Let the next thing happen in a call, unless it was taken back; played twice it changes nothing."""
    if _status(fields["sid"]) in ("canceled", "completed"):
        return
    if kind == simulator_voice.STATUS:
        _note(fields["sid"], status=fields["status"], duration_s=fields["duration_s"])
        call_reports.report(**fields)
    else:
        _press(fields)


def _press(fields: Mapping[str, Any]) -> None:
    """Press one key each time the question is put, then none, until the call says goodbye."""
    about = {name: fields[name] for name in ("call_id", "sid", "to_phone")}
    keys, turn = list(fields["keys"]), Turn()
    _note(fields["sid"], keys=fields["keys"])
    while turn is not None:
        reply = call_keys.pressed(**about, turn=turn, keys=keys.pop(0) if keys else "")
        db.session.remove()
        if reply is None or reply.turn is None:
            return
        turn = reply.turn


def _status(sid: str) -> str | None:
    with Session(db.engine) as session:
        return session.scalar(select(SimulatedCall.status).where(SimulatedCall.sid == sid))


def _note(sid: str, **values: Any) -> None:
    with Session(db.engine) as session, session.begin():
        session.execute(update(SimulatedCall).where(SimulatedCall.sid == sid).values(**values))
