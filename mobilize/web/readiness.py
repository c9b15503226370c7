"""What help is available where: counts by section and skill, no names."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mobilize.services import readiness
from mobilize.services.guard import requires, viewer
from mobilize.services.readiness import ReadinessRow

from .blueprint import WATCHES, blp


@blp.get("/readiness")
@requires(*WATCHES)
def show_readiness() -> ResponseReturnValue:
    country = request.args.get("country", "").strip().upper() or None
    rows = readiness.readiness(viewer(), country)
    return render_template("web/readiness.html", table=_table(rows), skills=_skills(rows), country=country)


def _skills(rows: list[ReadinessRow]) -> list[str]:
    return sorted({row.skill for row in rows})


def _table(rows: list[ReadinessRow]) -> dict[tuple[str, str], dict[str, str]]:
    """(country, region) -> skill -> count for show; a hidden count reads ``<5``."""
    table: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        shown = "<5" if row.count is None else f"{row.count:,}"
        table.setdefault((row.country, row.region), {})[row.skill] = shown
    return dict(sorted(table.items()))
