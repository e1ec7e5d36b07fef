"""The commands `cinemyo holdout`."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cinemyo import sheets
from cinemyo.cli import app
from tests.tiny_study import build

RUN = CliRunner()
OPEN = ["holdout", "open", "dual", "--role", "statistician", "--reason", "analysis plan, step 4"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("project")
    build(base)
    (base / "conf" / "openings").mkdir(parents=True)
    return base


@pytest.fixture
def sheet(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sheet without openings, in the project that the command runs in."""
    monkeypatch.chdir(project)
    path = project / "conf" / "openings" / "demo.csv"
    path.write_text(",".join(sheets.OPENINGS.header) + "\n")
    return path


def test_an_opening_is_appended_with_its_day(sheet: Path) -> None:
    found = RUN.invoke(app, OPEN)
    assert found.output == "conf/openings/demo.csv: opened for dual; commit it, then run `make repro`\n"
    day = date.today().isoformat()
    assert sheet.read_text().splitlines()[1].startswith(f'dual,{day},statistician,"analysis plan, step 4",')


def test_a_refusal_is_one_line_and_appends_nothing(sheet: Path) -> None:
    RUN.invoke(app, OPEN)
    before = sheet.read_bytes()
    found = RUN.invoke(app, OPEN)
    assert (found.exit_code, len(found.stderr.splitlines())) == (1, 1)
    assert found.stderr.startswith("SplitError: hold-out of dual: ")
    assert sheet.read_bytes() == before


@pytest.mark.parametrize("missing", ["--role", "--reason"])
def test_role_and_reason_are_asked_for(sheet: Path, missing: str) -> None:
    at = OPEN.index(missing)
    assert RUN.invoke(app, OPEN[:at] + OPEN[at + 2 :]).exit_code == 2
    assert len(sheet.read_text().splitlines()) == 1


def test_status_tells_each_opening_and_whether_it_holds(sheet: Path) -> None:
    RUN.invoke(app, OPEN)
    first, last = RUN.invoke(app, ["holdout", "status"]).output.splitlines()
    assert first == f"dual: opened {date.today()} by statistician (analysis plan, step 4); holds"
    assert last == "study tiny: 1 openings, 1 of them for the present models"


def test_status_of_a_closed_hold_out_says_so(sheet: Path) -> None:
    assert RUN.invoke(app, ["holdout", "status"]).output == "study tiny: 0 openings, 0 of them for the present models\n"


def test_status_speaks_json(sheet: Path) -> None:
    RUN.invoke(app, OPEN)
    assert json.loads(RUN.invoke(app, ["holdout", "status", "--json"]).output)[0]["state"] == "holds"
