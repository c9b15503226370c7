"""Volunteers: register, read, change, search, import and export."""

from typing import Any

from flask import Response, request, stream_with_context

from mobilize.domain.errors import InvalidInput
from mobilize.domain.vocabulary import AccountRole
from mobilize.models import Volunteer
from mobilize.services import guard, imports, volunteers
from mobilize.services.import_cells import COLUMNS
from mobilize.services.import_files import Readable
from mobilize.services.imports import ImportReport
from mobilize.services.volunteer_drafts import VolunteerDraft
from mobilize.services.volunteers import Criteria

from .blueprint import Blueprint
from .paging import Page, page_schema, paginate
from .volunteer_schemas import (
    ImportQuery,
    ImportReportSchema,
    VolunteerChange,
    VolunteerFilters,
    VolunteerIn,
    VolunteerQuery,
    VolunteerSchema,
)

blp = Blueprint("volunteers", __name__, url_prefix="/api/v1/volunteers", description="Registered members")

#: Enough for 200,000 lines with every column filled.
LARGEST_IMPORT = 64 * 1024 * 1024
_CSV = {"text/csv": {"schema": {"type": "string"}}}


@blp.route("", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(VolunteerIn)
@blp.response(201, VolunteerSchema)
def create(found: dict[str, Any]) -> Volunteer:
    """Register a volunteer."""
    return volunteers.create(guard.viewer(), VolunteerDraft(**found))


@blp.route("")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(VolunteerQuery, location="query")
@blp.response(200, page_schema(VolunteerSchema))
def listed(found: dict[str, Any]) -> Page[Volunteer]:
    """List volunteers by family name."""
    page, per_page = found.pop("page"), found.pop("per_page")
    return paginate(volunteers.search(guard.viewer(), Criteria(**found)), page=page, per_page=per_page)


@blp.route("/<int:volunteer_id>")
@guard.requires(AccountRole.COORDINATOR, AccountRole.VOLUNTEER)
@blp.response(200, VolunteerSchema)
def read(volunteer_id: int) -> Volunteer:
    """One volunteer; volunteers read themselves."""
    return volunteers.read(guard.viewer(), volunteer_id)


@blp.route("/<int:volunteer_id>", methods=["PATCH"])
@guard.requires(AccountRole.COORDINATOR, AccountRole.VOLUNTEER)
@blp.arguments(VolunteerChange)
@blp.response(200, VolunteerSchema)
def change(found: dict[str, Any], volunteer_id: int) -> Volunteer:
    """Change the fields that are sent.

    Volunteers may change their own language, time zone, places, availability, absences, snooze and consent.
    """
    return volunteers.change(guard.viewer(), volunteer_id, found)


@blp.route("/import", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.doc(
    requestBody={
        "required": True,
        "content": _CSV,
        "description": f"CSV; its header: {', '.join(COLUMNS)}",
    }
)
@blp.arguments(ImportQuery, location="query")
@blp.response(200, ImportReportSchema)
def import_file(found: dict[str, Any]) -> ImportReport:
    """Import a CSV file, sent as the body or as the form field `file`; up to 64 MiB.

    Lines with faults are left out and reported; a phone that is registered already is updated.
    An empty cell changes nothing. UTF-8, Windows-1252 or Latin-1; comma, semicolon or tab.
    """
    request.max_content_length = LARGEST_IMPORT
    use = imports.check if found["dry_run"] else imports.apply
    return use(guard.viewer(), _uploaded(), found["section"])


def _uploaded() -> Readable:
    if request.mimetype != "multipart/form-data":
        return request.stream
    if "file" not in request.files:
        raise InvalidInput("file", "is missing; send the CSV file as the form field `file`, or as the body.")
    return request.files["file"].stream


@blp.route("/export")
@guard.requires(AccountRole.COORDINATOR)
@blp.doc(responses={200: {"description": "CSV in the form that the import reads", "content": _CSV}})
@blp.arguments(VolunteerFilters, location="query")
def export(found: dict[str, Any]) -> Response:
    """Export volunteers as CSV, to be read again by the import.

    Cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    lines = imports.export(guard.viewer(), Criteria(**found))
    response = Response(stream_with_context(lines), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=volunteers.csv"
    response.headers["Cache-Control"] = "private, no-store"
    return response
