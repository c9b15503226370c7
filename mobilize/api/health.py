"""For monitoring: is the process alive, can it do its work, and what are its figures."""

import ipaddress
from collections.abc import Iterator

from flask import Response, current_app, jsonify, request
from flask_security import current_user
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from mobilize.domain.errors import SignInRequired
from mobilize.services import access, condition, guard, measures

from .blueprint import Blueprint

blp = Blueprint("health", __name__, description="For monitoring")


@blp.route("/healthz")
@guard.open_to_all
@blp.response(200)
@blp.doc(security=[])
def healthz() -> Response:
    """The process answers. Looks at nothing else, so that a broken database does not restart it."""
    return jsonify(alive=True)


@blp.route("/readyz")
@guard.open_to_all
@blp.response(200)
@blp.alt_response(503, description="At least one essential check failed; the body names it")
@blp.doc(security=[])
def readyz() -> Response:
    """The database is reachable, its schema is current, and an engine was seen.

    A paused sender is told here too, but pages and answers are still wanted: it does not make the process
    unready.
    """
    checks = condition.check()
    ready = all(found.ok for found in checks if found.essential)
    response = jsonify(
        ready=ready,
        checks={
            found.name: {"ok": found.ok, "essential": found.essential, "detail": found.detail}
            for found in checks
        },
    )
    response.status_code = 200 if ready else 503
    return response


@blp.route("/metrics")
@guard.open_to_all
@blp.response(200, content_type="text/plain")
def metrics() -> Response:
    """Figures in Prometheus' text format, for this machine itself and for admins' tokens.

    Open without a token only to a direct request from the loopback address: one that came through
    a proxy on this machine carries a forwarding header and needs the token.
    """
    if not _from_this_machine():
        if not current_user.is_authenticated:
            raise SignInRequired
        access.require(access.viewer_of(current_user))
    registry = CollectorRegistry()
    registry.register(_Figures())
    return current_app.response_class(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _from_this_machine() -> bool:
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP"))
    return not forwarded and ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104


class _Figures(Collector):
    """The service's figures, counted anew for each scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        figures = measures.measure()
        for name, help_text, label, values in (
            ("messages", "Texts by state", "state", figures.messages),
            ("alarms_open", "Open alarms by kind", "kind", figures.open_alarms),
            ("callouts", "Callouts by status", "status", figures.callouts),
            ("calls", "Voice calls by state", "state", figures.calls),
            (
                "messages_doubt_ended",
                "Texts in doubt that no evidence settled in time, by how it ended",
                "ending",
                figures.doubts_ended,
            ),
            (
                "engines",
                "Engines that are known, by whether they were seen lately",
                "state",
                {"alive": figures.engines_alive, "missing": figures.engines_missing},
            ),
        ):
            family = GaugeMetricFamily(f"mobilize_{name}", help_text, labels=[label])
            for word, count in values.items():
                family.add_metric([str(word)], count)
            yield family
        yield GaugeMetricFamily("mobilize_emergencies_open", "Open emergencies", figures.open_emergencies)
        yield GaugeMetricFamily(
            "mobilize_inbound_waiting", "Texts received and not yet understood", figures.waiting_inbound
        )
        yield GaugeMetricFamily(
            "mobilize_callbacks_waiting", "Status callbacks not yet applied", figures.waiting_callbacks
        )
        yield GaugeMetricFamily(
            "mobilize_senders_paused", "Pauses of providers, senders and countries", figures.paused_senders
        )
        yield GaugeMetricFamily(
            "mobilize_messages_second_copies",
            "Texts that the provider reports beside the one that was wanted",
            figures.second_copies,
        )
        yield GaugeMetricFamily(
            "mobilize_messages_oldest_due_age_seconds",
            "How long the text that waits longest could have gone; 0 if none waits",
            figures.oldest_due_s,
        )
        silence = float("nan") if figures.heartbeat_age_s is None else figures.heartbeat_age_s
        yield GaugeMetricFamily("mobilize_engine_heartbeat_age_seconds", "Since any engine was seen", silence)
