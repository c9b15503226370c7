"""``flask volunteers``."""

from pathlib import Path

from flask import Flask

from tests.conftest import count
from tests.world import World

CSV = "given_name,family_name,phone,born_on\nAna,Hoxha,0692012345,1990-01-02\nBen,Leka,1,1990-01-02\n"


def test_a_dry_run_tells_and_changes_nothing(app: Flask, world: World, tmp_path: Path) -> None:
    world.section()
    file = tmp_path / "people.csv"
    file.write_text(CSV)
    ran = app.test_cli_runner().invoke(args=["volunteers", "import", str(file), "--dry-run", "--section", "al"])
    assert ran.exit_code == 1
    assert "line 3: phone: '1'" in ran.output
    assert "2 lines: 1 created, 0 updated, 0 unchanged, 1 left out." in ran.output
    assert count("volunteer") == 0


def test_import_then_export_to_a_file(app: Flask, world: World, tmp_path: Path) -> None:
    world.section()
    file, out = tmp_path / "people.csv", tmp_path / "out.csv"
    file.write_text(CSV)
    runner = app.test_cli_runner()
    runner.invoke(args=["volunteers", "import", str(file), "--section", "al"])
    assert runner.invoke(args=["volunteers", "export", "--output", str(out)]).exit_code == 0
    assert "al,Ana,Hoxha,+355692012345" in out.read_text()


def test_an_unknown_section_is_a_clear_error(app: Flask, world: World, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(CSV)
    ran = app.test_cli_runner().invoke(args=["volunteers", "import", str(file), "--section", "nowhere"])
    assert ran.exit_code == 1
    assert "There is no section 'nowhere'" in ran.output


def test_reindex_counts_rows(app: Flask, world: World) -> None:
    world.volunteer(skills=["medic", "driver"])
    assert "2 rows" in app.test_cli_runner().invoke(args=["volunteers", "reindex"]).output
