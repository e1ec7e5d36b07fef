"""The commands of the ledger as a person runs them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cinemyo.cli import app
from tests.audit import project as projects
from tests.audit.project import Project

RUN = CliRunner()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = projects.build(tmp_path_factory.mktemp("built") / "project")
    made.run()
    return made


@pytest.fixture
def project(built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = projects.copy(built, tmp_path / "project")
    monkeypatch.chdir(made.base)
    return made


def test_verify_ends_well_where_all_holds(project: Project) -> None:
    found = RUN.invoke(app, ["audit", "verify"])
    assert found.exit_code == 0, found.output
    assert found.output.splitlines()[-1].startswith("holds: ")


def test_verify_fails_and_names_what_differs(project: Project) -> None:
    RUN.invoke(app, ["audit", "verify"])
    with (project.base / "data/tiny/models/dual/fold1.safetensors").open("ab") as file:
        file.write(b"x")
    found = RUN.invoke(app, ["audit", "verify"])
    assert found.exit_code == 1
    assert "fault  artefacts: data/tiny/models/dual/fold1.safetensors: changed: SHA-256" in found.output


def test_verify_speaks_json(project: Project) -> None:
    found = json.loads(RUN.invoke(app, ["audit", "verify", "--json"]).output)
    assert found["holds"] is True
    assert found["records"] == len(project.ledger.records())


def test_access_lists_the_commands_before_it(project: Project) -> None:
    RUN.invoke(app, ["audit", "verify"])
    found = json.loads(RUN.invoke(app, ["audit", "access", "--json"]).output)
    assert [(run["name"], run["outcome"]) for run in found[-2:]] == [
        ("audit verify", "done"),
        ("audit access", "running"),
    ]


def test_a_verdict_of_difference_is_a_command_that_was_done(project: Project) -> None:
    (project.base / "src" / "train.py").write_text("# other\n")
    assert RUN.invoke(app, ["audit", "verify"]).exit_code == 1
    assert "done" in RUN.invoke(app, ["audit", "access"]).output.splitlines()[-3]


def test_anchor_writes_the_head_and_shows_the_tag(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "anchor.txt"
    found = RUN.invoke(app, ["audit", "anchor", "--out", str(out)])
    assert found.exit_code == 0, found.output
    assert found.output.startswith(out.read_text())
    assert f"git tag -s audit-{len(project.ledger.records()) - 1} -F {out.as_posix()}" in found.output
    assert RUN.invoke(app, ["audit", "verify", "--anchor", str(out)]).exit_code == 0


def test_anchor_speaks_json(project: Project, tmp_path: Path) -> None:
    found = json.loads(RUN.invoke(app, ["audit", "anchor", "--out", str(tmp_path / "a.txt"), "--json"]).output)
    assert found["head"] == project.ledger.records()[-1].previous


def test_merge_says_what_it_took(project: Project, tmp_path: Path) -> None:
    RUN.invoke(app, ["audit", "access"])
    other = projects.copy(project, tmp_path / "other")
    other.ledger.append([("access", {"event": "x", "name": "audit flow", "agent": "a", "outcome": "done"})])
    found = RUN.invoke(app, ["audit", "merge", str(other.base / "audit")])
    assert found.exit_code == 0, found.output
    assert "1 records and 0 contents taken over" in found.output
    again = json.loads(RUN.invoke(app, ["audit", "merge", str(other.base / "audit"), "--json"]).output)
    assert again["adopted"] == 0


def test_a_broken_ledger_is_one_line_on_stderr(project: Project) -> None:
    RUN.invoke(app, ["audit", "access"])
    project.ledger.path.write_bytes(project.ledger.path.read_bytes().replace(b"split", b"splat"))
    found = RUN.invoke(app, ["audit", "access"])
    assert found.exit_code == 1
    assert found.stderr.startswith("AuditError: audit/ledger.jsonl, line ")
    assert len(found.stderr.splitlines()) == 1


def test_reconcile_says_what_it_took_and_then_nothing_new(project: Project) -> None:
    found = RUN.invoke(app, ["audit", "reconcile"])
    assert found.exit_code == 0, found.output
    assert RUN.invoke(app, ["audit", "reconcile", "--json"]).output.strip() in {"{}", '{\n "access": 1\n}'}
