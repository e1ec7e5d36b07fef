"""The command `cinemyo`."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cinemyo import config, doctor
from cinemyo.cli import app
from cinemyo.doctor import Check
from cinemyo.layout import Layout
from cinemyo.record.runs import study_runs
from cinemyo.record.tracking import STORE, Store
from tests.tiny_study import build, identifier

RUN = CliRunner()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("project")
    build(base)
    return base


@pytest.fixture(autouse=True)
def _inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def test_help_names_the_commands() -> None:
    found = RUN.invoke(app, ["--help"]).output
    assert all(name in found for name in ("doctor", "guard", "audit", "key"))


def test_doctor_ends_well_without_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (lambda _: Check("python", "3.11"),))
    found = RUN.invoke(app, ["doctor"])
    assert (found.exit_code, found.output) == (0, "ok     python: 3.11\n")


def test_doctor_fails_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (lambda _: Check("disk", "1 GB free", "free some"),))
    found = RUN.invoke(app, ["doctor"])
    assert (found.exit_code, found.output) == (1, "fault  disk: 1 GB free; free some\n")


def test_doctor_speaks_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (lambda _: Check("python", "3.11"),))
    found = RUN.invoke(app, ["doctor", "--json"])
    assert json.loads(found.output) == [{"name": "python", "found": "3.11", "remedy": None, "ok": True}]


def test_a_new_key_shows_its_id_alone(tmp_path: Path) -> None:
    found = RUN.invoke(app, ["key", "new", str(tmp_path / "key")])
    assert found.exit_code == 0
    assert (tmp_path / "key").read_text(encoding="utf-8").strip() not in found.output


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("mine", encoding="utf-8")
    found = RUN.invoke(app, ["key", "new", str(tmp_path / "key")])
    assert found.exit_code == 1
    assert found.stderr.startswith("IdentityKeyError: ")
    assert len(found.stderr.splitlines()) == 1


def test_a_trace_is_a_table() -> None:
    found = RUN.invoke(app, ["audit", "trace", identifier("c", 0)])
    assert found.exit_code == 0
    assert "fold honest" in found.output


def test_a_trace_is_json_when_asked() -> None:
    found = RUN.invoke(app, ["audit", "trace", identifier("c", 0), "--json"])
    assert json.loads(found.output)["steps"][0]["kind"] == "source file"


def test_an_unknown_cine_is_one_line_on_stderr() -> None:
    found = RUN.invoke(app, ["audit", "trace", "c-none"])
    assert found.exit_code == 1
    assert found.stderr.startswith("AuditError: ")
    assert len(found.stderr.splitlines()) == 1


def test_lineage_without_a_lock_is_one_line_on_stderr() -> None:
    found = RUN.invoke(app, ["audit", "lineage"])
    assert (found.exit_code, len(found.stderr.splitlines())) == (1, 1)


def test_lineage_writes_its_table(project: Path) -> None:
    (project / "dvc.yaml").write_text("stages: {a: {cmd: x}}", encoding="utf-8")
    (project / "dvc.lock").write_text("stages: {a: {cmd: x, outs: [{path: none, md5: f, size: 1}]}}", encoding="utf-8")
    found = RUN.invoke(app, ["audit", "lineage"])
    assert found.output == "reports/lineage.csv: 1 artefacts of 1 stages; 1 absent\n"
    assert (project / "reports" / "lineage.csv").is_file()


def test_guard_lets_code_pass(project: Path) -> None:
    shutil.copy(__file__, project / "a.py")
    assert RUN.invoke(app, ["guard", "a.py"]).exit_code == 0


def test_guard_names_what_it_refuses() -> None:
    found = RUN.invoke(app, ["guard", "data/tiny/cines.csv", "params.yaml"])
    assert found.exit_code == 1
    assert found.stderr.startswith("data/tiny/cines.csv: ")


def test_guard_of_nothing_passes() -> None:
    assert RUN.invoke(app, ["guard"]).exit_code == 0


def test_compare_writes_a_page_of_the_recorded_runs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE, raising=False)
    layout = Layout("tiny")
    Store().record(study_runs(config.load(), layout=layout), study="tiny")
    found = RUN.invoke(app, ["compare", "dual", "--out", "compare.html"])
    assert (found.exit_code, found.output) == (0, "compare.html: dual\n")
    assert "dual" in (project / "compare.html").read_text(encoding="utf-8")


def test_compare_names_the_runs_that_exist(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE, raising=False)
    found = RUN.invoke(app, ["compare", "triple"])
    assert found.exit_code == 1
    assert "got triple; name arms, folds or run ids" in found.output
