"""What help is available where: counts by section and skill, no names."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice

from mobilize.domain.errors import InvalidInput
from mobilize.services import forecasts, readiness
from mobilize.services.forecasts import Forecast
from mobilize.services.guard import requires, viewer
from mobilize.services.readiness import ReadinessRow

from . import queries
from .blueprint import WATCHES, blp
from .forms import ForecastForm, put_errors


@blp.get("/readiness")
@requires(*WATCHES)
def show_readiness() -> ResponseReturnValue:
    country = request.args.get("country", "").strip().upper() or None
    rows = readiness.readiness(viewer(), country)
    form = ForecastForm(request.args, meta={"csrf": False})
    form.skill.choices = [SelectChoice(skill.code, skill.name) for skill in queries.skills(viewer())]
    found = _forecast(form) if "lat" in request.args else None
    status = 422 if form.errors else 200
    parts = {"table": _table(rows), "skills": _skills(rows), "country": country}
    return render_template("web/readiness.html", form=form, forecast=found, **parts), status


def _forecast(form: ForecastForm) -> Forecast | None:
    """What the form asks, or nothing with the faults put beside its fields."""
    if not form.validate():
        return None
    try:
        return forecasts.forecast(viewer(), form.question())
    except InvalidInput as error:
        put_errors(form, error, {"radius_m": "radius_km", "area": "lat"})
        return None


def _skills(rows: list[ReadinessRow]) -> list[str]:
    return sorted({row.skill for row in rows})


def _table(rows: list[ReadinessRow]) -> dict[tuple[str, str], dict[str, str]]:
    """(country, region) -> skill -> count for show; a hidden count reads ``<5``."""
    table: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        shown = "<5" if row.count is None else f"{row.count:,}"
        table.setdefault((row.country, row.region), {})[row.skill] = shown
    return dict(sorted(table.items()))
