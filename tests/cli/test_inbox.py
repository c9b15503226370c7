"""``flask inbox export``: corrected texts as a corpus, without whose they were."""

import json
from typing import Any

from flask import Flask

from mobilize.domain.vocabulary import Intent
from mobilize.services import corrections
from mobilize.services.access import SYSTEM
from mobilize.services.corrections import Reading
from tests.corpus.test_corpus import faults
from tests.services.conversing import launched, says
from tests.world import World


def export(app: Flask, *options: str) -> list[dict[str, Any]]:
    result = app.test_cli_runner().invoke(args=["inbox", "export", *options])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_corrected_texts_come_out_as_lines_of_the_corpus(app: Flask, world: World) -> None:
    ana = world.volunteer("Ana", language="sq", family_name="Hoxha")
    launched(world)
    says(ana, "2")
    text = says(ana, "Ana Hoxha: ndoshta, 069 123 4567")
    corrections.correct(SYSTEM, text.id, Reading(Intent.ACCEPT, eta_minutes=20))
    (line,) = export(app)
    assert line == {
        "text": "[name] [name]: ndoshta, [number]",
        "intent": "accept",
        "eta_minutes": 20,
        "code": "A",
        "codes": ["A"],
        "now": "2026-11-24T10:00:00+01:00",
        "source": "inbox 2026-11-24",
    }
    assert faults(line) == []


def test_choosing_by_language_and_day(app: Flask, world: World) -> None:
    for name, language in (("Ana", "sq"), ("Ben", "it")):
        text = says(world.volunteer(name, language=language), "mumble")
        corrections.correct(SYSTEM, text.id, Reading(Intent.OPT_OUT))
    assert len(export(app)) == 2
    assert len(export(app, "--language", "it")) == 1
    assert export(app, "--since", "2026-11-25") == []


def test_what_nobody_corrected_stays(app: Flask, world: World) -> None:
    says(world.volunteer(), "mumble")
    assert export(app) == []
