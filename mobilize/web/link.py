"""The page behind a link in a text: details, an answer, the rendezvous after a yes. Nobody signs in.

The code in the address is the key. Forms carry a token of their page, so that no other site's form can
answer; there is no session and no cookie.
"""

import secrets
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mobilize.domain import pages
from mobilize.domain.errors import InvalidInput
from mobilize.domain.links import MINUTES, OFFERED, SHARES_PLACE, Press
from mobilize.domain.replies import LATEST_ETA
from mobilize.domain.sms import hazard_name
from mobilize.extensions import csrf, limiter
from mobilize.services import links
from mobilize.services.guard import open_to_all
from mobilize.services.intake import NotStored
from mobilize.services.links import Page

from .blueprint import blp

#: A place that is known less well (metres) is none to call people by.
VAGUE_M = 10_000
#: From one address. Carriers put thousands of phones behind one, and nobody's wrong codes may keep others
#: from answering; at this pace it takes tens of thousands of years to guess one of 100,000 codes.
WRONG_CODES = "300/minute"


def _gone() -> Response:
    """The same for a code that is wrong, forged or too old: it tells nothing."""
    language = request.accept_languages.best_match(pages.LANGUAGES) or "en"
    return _sent("web/link_gone.html", HTTPStatus.NOT_FOUND, language=language)


_counted = limiter.shared_limit(
    WRONG_CODES,
    scope="wrong codes of links",
    deduct_when=lambda response: response.status_code == HTTPStatus.NOT_FOUND,
)


@blp.get("/c/<code>")
@open_to_all
@_counted
def show_link(code: str) -> ResponseReturnValue:
    page = links.look(code)
    return _shown(page) if page else _gone()


@blp.post("/c/<code>")
@open_to_all
@_counted
def answer_link(code: str) -> ResponseReturnValue:
    page = links.look(code)
    if page is None:
        return _gone()
    press = next((press for press in Press if press in request.form), None)
    minutes = request.form.get("minutes", "")
    if press is None or not _is_minutes(minutes):
        return _shown(page, "again", HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        kept = links.answer(page, _token(), press, int(minutes) if minutes else None)
    except NotStored:
        return _shown(page, "busy", HTTPStatus.SERVICE_UNAVAILABLE)
    return _back(page) if kept else _shown(page, "again", HTTPStatus.CONFLICT)


@blp.post("/c/<code>/place")
@open_to_all
@_counted
def share_place(code: str) -> ResponseReturnValue:
    """Share where the person is, once; or take it back."""
    page = links.look(code)
    if page is None:
        return _gone()
    if "forget" in request.form:
        kept = links.take_back_place(page, _token())
        return _back(page) if kept else _shown(page, "again", HTTPStatus.CONFLICT)
    lat, lon, accuracy = (request.form.get(name, type=float) for name in ("lat", "lon", "accuracy"))
    if lat is None or lon is None or accuracy is None:
        return _shown(page, "share_refused", HTTPStatus.UNPROCESSABLE_ENTITY)
    if not 0 <= accuracy <= VAGUE_M:
        return _shown(page, "share_vague", HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        kept = links.share_place(page, _token(), lat, lon)
    except InvalidInput:
        return _shown(page, "share_refused", HTTPStatus.UNPROCESSABLE_ENTITY)
    return _back(page) if kept else _shown(page, "again", HTTPStatus.CONFLICT)


# They use no session; each form carries a token of its own.
for view in (answer_link, share_place):
    csrf.exempt(view)


def _token() -> str:
    return request.form.get("token", "")


def _is_minutes(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) <= LATEST_ETA)


def _back(page: Page) -> Response:
    """To the page by GET, so that loading it again presses nothing again."""
    return _private(make_response(redirect(_here(page), HTTPStatus.SEE_OTHER)))


def _here(page: Page) -> str:
    return url_for("web.show_link", code=page.code)


def _shown(page: Page, fault: str | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    zone = ZoneInfo(page.time_zone)
    return _sent(
        "web/link.html",
        status,
        language=pages.language_of(page.language),
        page=page,
        # In full: a place that was refused is told at another address than the page's.
        here=_here(page),
        fault=fault,
        token=links.new_token(page.code),
        presses=() if page.waiting else OFFERED[page.standing],
        shares=page.standing in SHARES_PLACE and not page.waiting,
        minutes=MINUTES,
        place_minutes=links.place_minutes(),
        event=_event(page),
        moment=lambda at: pages.moment(page.language, at.astimezone(zone)),
        clock=lambda at: f"{at.astimezone(zone):%H:%M}",
    )


def _event(page: Page) -> str:
    """Kind and title, as the text says them: without saying the same twice."""
    hazard = hazard_name(page.language, page.hazard)
    return page.title if hazard.casefold() in page.title.casefold() else f"{hazard}, {page.title}"


def _sent(template: str, status: HTTPStatus, *, language: str, **parts: object) -> Response:
    nonce = secrets.token_urlsafe(12)
    html = render_template(
        template,
        language=language,
        nonce=nonce,
        say=lambda name, **words: pages.say(language, name, **words),
        **parts,
    )
    response = _private(make_response(html, status))
    # Browsers that know no nonce would show the page bare; those that do ignore what stands beside it.
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}' 'unsafe-inline'; script-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(self)"
    return response


def _private(response: Response) -> Response:
    """Neither search engines nor the pages that one goes on to learn the address; nothing keeps a copy."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
