"""The blueprint that every page hangs on, and who may open which kind of page."""

from flask import Blueprint

from mobilize.domain.vocabulary import AccountRole

blp = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/assets")

#: For `guard.requires`; admin may open every page.
LEADS = (AccountRole.COORDINATOR,)
WATCHES = (AccountRole.COORDINATOR, AccountRole.AUTHORITY)
EVERYONE = tuple(AccountRole)
