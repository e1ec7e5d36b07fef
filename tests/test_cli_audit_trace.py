"""The commands `cinemyo audit trace`, `impact` and `flow`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cinemyo.cli import app
from tests.audit import project as projects
from tests.audit.project import Project
from tests.tiny_study import identifier

RUN = CliRunner()
METRIC = "reports/metrics.json:arms.dual.accuracy_mean"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = projects.build(tmp_path_factory.mktemp("audited") / "project")
    made.run()
    return made


@pytest.fixture(autouse=True)
def _inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.base)


def asked(*arguments: str) -> str:
    found = RUN.invoke(app, ["audit", *arguments])
    assert found.exit_code == 0, found.output
    return found.output


def test_from_a_number_to_its_source_hashes() -> None:
    told = asked("trace", METRIC)
    assert told.startswith(f"{METRIC} = 0.75\n")
    listed = asked("trace", METRIC, "--cines")
    cine = next(line.split()[0] for line in listed.splitlines() if line.startswith("c-"))
    assert "source file" in asked("trace", cine)


def test_a_trace_is_one_json_text() -> None:
    found = json.loads(asked("trace", METRIC, "--json"))
    assert len(found["sources"]) == found["n_sources"] == 32


def test_an_impact_is_a_table_or_json() -> None:
    assert "carries: " in asked("impact", identifier("p", 0))
    assert json.loads(asked("impact", identifier("p", 0), "--json"))["patients"] == [identifier("p", 0)]


def test_a_flow_is_a_table_json_and_a_drawing(tmp_path: Path) -> None:
    drawing = tmp_path / "flow.svg"
    assert "Every step balances" in asked("flow", "--svg", str(drawing))
    assert drawing.read_bytes().startswith(b"<?xml")
    assert json.loads(asked("flow", "--json"))["balanced"]


def test_the_question_is_recorded_and_not_what_was_asked(project: Project) -> None:
    RUN.invoke(app, ["audit", "impact", "Doe^John"])
    asked("flow")
    accesses = [record.body for record in project.ledger.records() if record.kind == "access"]
    assert "audit impact" in {body["name"] for body in accesses}
    assert not [path for path in (project.base / "audit").rglob("*") if path.is_file() and b"Doe" in path.read_bytes()]


def test_an_unknown_patient_is_one_line_on_stderr() -> None:
    found = RUN.invoke(app, ["audit", "impact", "Doe^John"])
    assert found.exit_code == 1
    assert found.stderr.startswith("AuditError: ")
    assert "Doe" not in found.output
