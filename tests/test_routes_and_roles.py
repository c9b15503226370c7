"""Every route, tried as every role and as nobody. A route that is missing in the table fails."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mobilize.domain.vocabulary import AccountRole

from .world import World

ADMIN = {AccountRole.ADMIN}
LEAD = ADMIN | {AccountRole.COORDINATOR}
WATCH = LEAD | {AccountRole.AUTHORITY}
HOLD = LEAD | {AccountRole.VOLUNTEER}
OWN = ADMIN | {AccountRole.VOLUNTEER}
ANY = set(AccountRole)
#: Anyone, signed in or not.
OPEN = None

ROUTES: dict[str, set[AccountRole] | None] = {
    # the interface for programs
    "GET /api/v1/openapi.json": OPEN,
    "POST /api/v1/tokens": OPEN,
    "GET /api/v1/me": ANY,
    "GET /api/v1/sections": LEAD,
    "POST /api/v1/sections": ADMIN,
    "GET /api/v1/sections/burden": LEAD,
    "GET /api/v1/sections/<int:section_id>/wordings": LEAD,
    "GET /api/v1/sections/<int:section_id>/wordings/<language>/<name>": LEAD,
    "PUT /api/v1/sections/<int:section_id>/wordings/<language>/<name>": LEAD,
    "DELETE /api/v1/sections/<int:section_id>/wordings/<language>/<name>": LEAD,
    "GET /api/v1/skills": ANY,
    "POST /api/v1/skills": ADMIN,
    "GET /api/v1/authorities": WATCH,
    "POST /api/v1/authorities": ADMIN,
    "POST /api/v1/authorities/<int:authority_id>/agreements": ADMIN,
    "GET /api/v1/volunteers": LEAD,
    "POST /api/v1/volunteers": LEAD,
    "POST /api/v1/volunteers/import": LEAD,
    "GET /api/v1/volunteers/export": LEAD,
    "GET /api/v1/volunteers/<int:volunteer_id>": HOLD,
    "PATCH /api/v1/volunteers/<int:volunteer_id>": HOLD,
    "GET /api/v1/certificates/lapsing": LEAD,
    "GET /api/v1/emergencies": WATCH,
    "POST /api/v1/emergencies": LEAD,
    "GET /api/v1/emergencies/<int:emergency_id>": WATCH,
    "POST /api/v1/emergencies/<int:emergency_id>/end": LEAD,
    "POST /api/v1/emergencies/<int:emergency_id>/cancel": LEAD,
    "GET /api/v1/callouts": WATCH,
    "POST /api/v1/callouts": LEAD,
    "POST /api/v1/callouts/preview": LEAD,
    "GET /api/v1/callouts/<int:callout_id>": WATCH,
    "GET /api/v1/callouts/<int:callout_id>/plan": LEAD,
    "GET /api/v1/callouts/<int:callout_id>/texts": LEAD,
    "POST /api/v1/callouts/<int:callout_id>/launch": LEAD,
    "POST /api/v1/callouts/<int:callout_id>/ask-more": LEAD,
    "POST /api/v1/callouts/<int:callout_id>/stop-asking": LEAD,
    "POST /api/v1/callouts/<int:callout_id>/resume-asking": LEAD,
    "POST /api/v1/callouts/<int:callout_id>/limit": LEAD,
    "POST /api/v1/callouts/<int:callout_id>/stand-down": LEAD,
    "GET /api/v1/callouts/<int:callout_id>/board": WATCH,
    "GET /api/v1/callouts/<int:callout_id>/explain": LEAD,
    "GET /api/v1/callouts/<int:callout_id>/reach": LEAD,
    "GET /api/v1/recipients": ANY,
    "GET /api/v1/recipients/<int:recipient_id>": ANY,
    "POST /api/v1/recipients/<int:recipient_id>/check-out": LEAD,
    "GET /api/v1/messages": LEAD,
    "GET /api/v1/messages/inbox": LEAD,
    "GET /api/v1/inbox": LEAD,
    "GET /api/v1/inbox/<int:inbound_id>": LEAD,
    "POST /api/v1/inbox/<int:inbound_id>/correct": LEAD,
    "POST /api/v1/inbox/<int:inbound_id>/reassign": LEAD,
    "POST /api/v1/inbox/<int:inbound_id>/reply": LEAD,
    "POST /api/v1/inbox/<int:inbound_id>/link": LEAD,
    "POST /api/v1/inbox/<int:inbound_id>/settle": LEAD,
    "GET /api/v1/messages/<int:message_id>": LEAD,
    "GET /api/v1/messages/<int:message_id>/events": LEAD,
    "GET /api/v1/calls": LEAD,
    "GET /api/v1/calls/<int:call_id>": LEAD,
    "GET /api/v1/readiness": WATCH,
    "GET /api/v1/readiness/forecast": WATCH,
    "GET /api/v1/senders": LEAD,
    "POST /api/v1/senders/pause": ADMIN,
    "POST /api/v1/senders/resume": LEAD,
    "GET /api/v1/alarms": LEAD,
    "POST /api/v1/alarms/<int:alarm_id>/acknowledge": LEAD,
    # monitoring
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": OPEN,  # from this machine; tests/api/test_health.py has the rest
    # pages
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "POST /sign-out": OPEN,
    "GET /static/<path:filename>": OPEN,
    "GET /assets/<path:filename>": OPEN,
    "GET /fs-static/<path:filename>": OPEN,
    "GET /c/<code>": OPEN,  # the code is the key; tests/web/test_link.py has the rest
    "POST /c/<code>": OPEN,
    "POST /c/<code>/place": OPEN,
    "GET /": ANY,
    "GET /me": OWN,
    "GET /emergencies": WATCH,
    "GET /emergencies/new": LEAD,
    "POST /emergencies/new": LEAD,
    "GET /emergencies/<int:emergency_id>": WATCH,
    "POST /emergencies/<int:emergency_id>/end": LEAD,
    "POST /emergencies/<int:emergency_id>/cancel": LEAD,
    "GET /emergencies/<int:emergency_id>/callouts/new": LEAD,
    "POST /emergencies/<int:emergency_id>/callouts/new": LEAD,
    "POST /emergencies/<int:emergency_id>/callouts/preview": LEAD,
    "GET /callouts/<int:callout_id>": WATCH,
    "GET /callouts/<int:callout_id>/board": WATCH,
    "GET /callouts/<int:callout_id>/map.json": WATCH,
    "GET /callouts/<int:callout_id>/why": LEAD,
    "GET /callouts/<int:callout_id>/texts": LEAD,
    "POST /callouts/<int:callout_id>/launch": LEAD,
    "POST /callouts/<int:callout_id>/ask-more": LEAD,
    "POST /callouts/<int:callout_id>/stop-asking": LEAD,
    "POST /callouts/<int:callout_id>/resume-asking": LEAD,
    "POST /callouts/<int:callout_id>/limit": LEAD,
    "POST /callouts/<int:callout_id>/confidence": LEAD,
    "POST /callouts/<int:callout_id>/stand-down": LEAD,
    "POST /recipients/<int:recipient_id>/check-out": LEAD,
    "GET /wordings": LEAD,
    "GET /sections/<int:section_id>/wordings/<language>/<name>": LEAD,
    "POST /sections/<int:section_id>/wordings/<language>/<name>": LEAD,
    "POST /sections/<int:section_id>/wordings/<language>/<name>/preview": LEAD,
    "POST /sections/<int:section_id>/wordings/<language>/<name>/standard": LEAD,
    "GET /inbox": LEAD,
    "GET /certificates": LEAD,
    "GET /inbox/live": LEAD,
    "POST /inbox/measure": LEAD,
    "GET /inbox/<int:inbound_id>": LEAD,
    "GET /inbox/<int:inbound_id>/conversation": LEAD,
    "POST /inbox/<int:inbound_id>/correct": LEAD,
    "POST /inbox/<int:inbound_id>/reassign": LEAD,
    "POST /inbox/<int:inbound_id>/reply": LEAD,
    "POST /inbox/<int:inbound_id>/link": LEAD,
    "POST /inbox/<int:inbound_id>/settle": LEAD,
    "GET /phones": HOLD,
    "GET /phones/<phone>": HOLD,
    "GET /phones/<phone>/texts": HOLD,
    "POST /phones/<phone>": HOLD,
    "GET /readiness": WATCH,
    "GET /senders": LEAD,
    "GET /senders/live": LEAD,
    "POST /senders/pause": ADMIN,
    "POST /senders/resume": LEAD,
    "GET /alarms": LEAD,
    "POST /alarms/<int:alarm_id>/acknowledge": LEAD,
    "GET /texts/<int:message_id>": LEAD,
}


def routes_of(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {rule.rule}"


def test_the_table_names_every_route_and_no_other(app: Flask) -> None:
    assert set(routes_of(app)) == set(ROUTES)


def call(client: FlaskClient, route: str, headers: dict[str, str]) -> TestResponse:
    """Ask for something that does not exist, so that nothing happens where the guard lets one pass."""
    method, rule = route.split(" ", maxsplit=1)
    path = re.sub(r"<(int|path):[a-z_]+>|<[a-z_]+>", "999999", rule)
    return client.open(path, method=method, headers=headers)


def turned_away(response: TestResponse) -> bool:
    """Refused by the guard, as a program (401) or as a person at a page (to the sign-in page)."""
    return response.status_code == 401 or "/sign-in" in response.headers.get("Location", "")


@pytest.mark.parametrize("role", list(AccountRole))
def test_a_role_passes_where_the_table_lets_it_and_nowhere_else(
    app: Flask, world: World, role: AccountRole
) -> None:
    headers = world.token(world.account(role))
    passed = {route: call(app.test_client(), route, headers).status_code != 403 for route in guarded()}
    assert passed == {route: role in (roles or ()) for route, roles in ROUTES.items() if roles is not OPEN}


def test_nobody_passes_only_where_the_table_says_open(app: Flask) -> None:
    refused = {route for route in ROUTES if turned_away(call(app.test_client(), route, {}))}
    assert refused == set(guarded())


def guarded() -> list[str]:
    return [route for route, roles in ROUTES.items() if roles is not OPEN]
