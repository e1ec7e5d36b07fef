"""The command `cinemyo audit leaks`: its status, what it says, and what it keeps to itself."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cinemyo import tables
from cinemyo.cli import app
from cinemyo.config import Split
from tests.audit.conftest import project, ran
from tests.audit.project import Project
from tests.shared import ACDC, needs
from tests.test_splitting import HONEST, PAPER, drawn
from tests.tiny_study import identifier

__all__ = ["project", "ran"]

RUN = CliRunner()


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def leaks(*arguments: str) -> tuple[int, str]:
    found = RUN.invoke(app, ["audit", "leaks", *arguments])
    return found.exit_code, found.output


def table(text: str) -> str:
    Path("split.csv").write_text(text, encoding="utf-8")
    return "split.csv"


def test_a_clean_split_is_status_0() -> None:
    status, told = leaks(table("who,fold\na,0\na,0\nb,1\n"), "--patient", "who", "--split", "fold")
    assert status == 0
    assert "no leak" in told


def test_a_patient_on_both_sides_is_status_1_and_told_by_line() -> None:
    status, told = leaks(table("who,fold\nDOE,0\nDOE,1\n"), "--patient", "who", "--split", "fold")
    assert status == 1
    assert "leak; lines 2, 3; parts 0, 1" in told
    assert "DOE" not in told


def test_patients_are_named_on_request() -> None:
    assert "'DOE'" in leaks(table("who,fold\nDOE,0\nDOE,1\n"), "--patient", "who", "--split", "fold", "--show")[1]


def test_what_could_not_be_checked_is_status_2() -> None:
    status, told = leaks(table("who,fold\na,0\n,1\n"), "--patient", "who", "--split", "fold")
    assert status == 2
    assert "not checked: 1 rows without who (line 3)" in told


def test_a_wrong_column_is_status_2_and_one_line_with_those_there_are() -> None:
    status, told = leaks(table("who,fold\na,0\n"), "--patient", "patient")
    assert status == 2
    assert "expected the column patient, got columns who, fold" in told


def test_machines_get_every_finding_without_a_name() -> None:
    split = table("who,scheme,fold\nDOE,one,0\nDOE,one,1\nDOE,other,0\n")
    _, told = leaks(split, "--patient", "who", "--split", "fold", "--by", "scheme", "--json")
    found = json.loads(told)
    assert found["leaks"] == 1
    leak = {"kind": "patient", "leak": True, "by": "one", "lines": [2, 3], "parts": ["0", "1"], "distance": None}
    assert found["findings"] == [leak]


def test_copies_under_two_patients_are_found_and_look_alikes_on_request() -> None:
    image = np.hypot(*np.mgrid[-40:40, -30:50]) + np.random.default_rng(1).normal(0, 2, (80, 80))
    np.save("one.npy", image)
    np.save("two.npy", image)
    np.save("three.npy", image * 2)
    split = table("who,fold,file\na,0,one.npy\nb,1,two.npy\nc,1,three.npy\n")
    options = ("--patient", "who", "--split", "fold", "--image", "file", "--json")
    assert json.loads(leaks(split, *options)[1])["counts"] == {"two_ids": 1}
    assert json.loads(leaks(split, *options, "--near")[1])["counts"] == {"near": 2, "two_ids": 1}


def test_an_image_that_is_not_there_is_not_checked() -> None:
    status, told = leaks(table("who,fold,file\na,0,x.png\n"), "--patient", "who", "--split", "fold", "--image", "file")
    assert status == 2
    assert "not checked: 1 images with no file (line 2)" in told


def test_outside_a_project_nothing_is_written() -> None:
    leaks(table("who\na\n"), "--patient", "who")
    assert [path.name for path in Path().iterdir()] == ["split.csv"]


@pytest.mark.parametrize(
    ("split", "clean"), [(HONEST, {"honest"}), (PAPER, {"paper", "paper_holdout"})], ids=["honest", "paper"]
)
def test_of_the_projects_own_schemes_the_one_by_input_alone_leaks(split: Split, clean: set[str]) -> None:
    folds = drawn(split=split)
    tables.write(folds, table=tables.FOLDS, path=Path("folds.csv"))
    options = ("--patient", "patient_id", "--split", "part", "--by", "scheme", "--json")
    found = json.loads(leaks("folds.csv", *options)[1])
    assert {item["by"] for item in found["findings"]} == {"paper_by_input"}
    assert set(folds["scheme"]) == {"paper_by_input", *clean}


@needs(ACDC)
def test_two_numbers_of_acdc_with_equal_pixels_are_found() -> None:
    names = [f"patient{number:03d}" for number in (73, 74, 75, 76, 77) if (ACDC / f"patient{number:03d}").is_dir()]
    rows = [
        f"{name},{fold},{path.relative_to(ACDC).as_posix()}"
        for fold, name in enumerate(names)
        for path in sorted((ACDC / name).glob("*_frame*.nii.gz"))
        if "_gt" not in path.name
    ]
    split = table("who,fold,file\n" + "\n".join(rows) + "\n")
    options = ("--patient", "who", "--split", "fold", "--image", "file", "--root", str(ACDC), "--show", "--json")
    found = json.loads(leaks(split, *options)[1])["findings"]
    assert {(item["kind"], tuple(item["patients"])) for item in found} == {("two_ids", ("patient074", "patient076"))}
    assert len(found) == 2


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(project.base)
    return project


@pytest.mark.parametrize("kind", ["ro-crate", "prov", "pdf"])
def test_an_export_is_written_and_told_with_the_head_of_the_ledger(inside: Project, kind: str) -> None:
    found = RUN.invoke(app, ["audit", "export", "--format", kind, "--out", "out", "--json"])
    assert found.exit_code == 0, found.output
    told = json.loads(found.output)
    assert (told["format"], told["head"]) == (kind, inside.ledger.head())
    assert Path("out").exists()
    assert (told["copied"] != []) == (kind == "ro-crate")


def test_an_export_is_never_written_over_another(inside: Project) -> None:
    Path("out").write_text("mine", encoding="utf-8")
    found = RUN.invoke(app, ["audit", "export", "--format", "prov", "--out", "out"])
    assert found.exit_code == 1
    assert "expected a new path" in found.output


def test_patients_are_exported_on_request_alone(inside: Project) -> None:
    for name, more in (("out.json", []), ("all.json", ["--patients"])):
        RUN.invoke(app, ["audit", "export", "--format", "prov", "--out", name, *more])
    assert identifier("p", 0) not in Path("out.json").read_text(encoding="utf-8")
    assert identifier("p", 0) in Path("all.json").read_text(encoding="utf-8")


def test_versions_of_labels_are_listed(inside: Project) -> None:
    assert "tiny labels 1: current" in RUN.invoke(app, ["audit", "labels"]).output
    (version,) = json.loads(RUN.invoke(app, ["audit", "labels", "--json"]).output)
    assert version["is_current"]
