"""What our way of taking webhooks is measured beside: a hello-world route, and one ORM object per request.

The application that a careful programmer writes first: Flask, Flask-SQLAlchemy and Twilio's own validator,
without anything that pages need. It commits each webhook by itself, as durably as ours, and answers after that.
"""

import os

from flask import Flask, Response, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import IntegrityError
from twilio.request_validator import RequestValidator

import mobilize.extensions  # noqa: F401 (how SQLite is to behave, the same as for ours)
from mobilize.models import Base, InboundMessage, StatusCallback
from mobilize.services.ports import SystemClock

db = SQLAlchemy(metadata=Base.metadata)
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
# As many connections as threads: nobody waits for the pool.
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": int(os.environ["BENCH_THREADS"])}
db.init_app(app)
validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
public_url = os.environ["PUBLIC_URL"]
clock = SystemClock()


@app.post("/hello")
def hello() -> str:
    return "Hello, world!"


@app.post("/text")
def text() -> Response:
    if not _is_signed():
        return Response(status=403)
    form = request.form
    _store(
        InboundMessage(
            sid=form["MessageSid"],
            from_phone=form["From"],
            to_phone=form["To"],
            body=form["Body"],
            raw=form.to_dict(),
            received_at=clock.now(),
        )
    )
    return Response("<Response/>", mimetype="text/xml")


@app.post("/report")
def report() -> Response:
    if not _is_signed():
        return Response(status=403)
    form = request.form
    _store(
        StatusCallback(
            sid=form["MessageSid"],
            status=form["MessageStatus"],
            message_id=request.args.get("message", type=int),
            attempt=request.args.get("attempt", type=int),
            to_phone=form["To"],
            received_at=clock.now(),
        )
    )
    return Response(status=204)


def _is_signed() -> bool:
    url = public_url + request.full_path.rstrip("?")
    signed: bool = validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", ""))
    return signed


def _store(row: InboundMessage | StatusCallback) -> None:
    db.session.add(row)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()  # we have it already
