import json
import os
from pathlib import Path

import pytest
from pydicom import Dataset
from typer.testing import CliRunner, Result

from cinemyo import tables
from cinemyo.cli import app
from tests.sources.dicom_files import write_cine
from tests.sources.release import write_patient


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["ingest", *map(str, arguments)])


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cines of one patient, a scout of another, and a text; no key is at hand."""

    def scout(image: Dataset, phase: int) -> None:
        image.SeriesDescription = "scout"

    monkeypatch.delenv("CINEMYO_KEY_FILE", raising=False)
    root = tmp_path / "export"
    write_cine(root / "DOE^JOHN", patient="P-4711")
    write_cine(root / "DOE^JOHN", patient="P-4711", z_mm=10, name="b")
    write_cine(root / "ROE", patient="P-0815", study=2, edit=scout)
    (root / "readme.txt").write_text("DOE^JOHN")
    return root


@pytest.fixture
def ingested(export: Path, tmp_path: Path) -> Result:
    return run(export, "--out", tmp_path / "out", "--key", "published")


def test_a_folder_becomes_the_tables_and_images_of_a_study(ingested: Result, tmp_path: Path) -> None:
    assert ingested.exit_code == 0
    cines = tables.read(tmp_path / "out" / "cines.csv", table=tables.CINES)
    assert {path.stem for path in (tmp_path / "out" / "ingested").iterdir()} == set(cines["cine_id"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "carried_labels.csv",
        "cines.csv",
        "exclusions.csv",
        "ingested",
        "masks",
        "sources.parquet",
    ]


def test_what_was_found_used_and_left_out_is_told_with_its_reason(ingested: Result, export: Path) -> None:
    lines = ingested.stdout.splitlines()
    assert lines[0].startswith(f"{export} (dicom) -> ")
    assert lines[2] == "files  found 31  used 20  excluded 11"
    assert lines[3] == "images  1 patients, 1 exams, 1 series, 2 cines, 20 frames"
    assert any(line.split() == ["scout", "10", "1", "a", "localiser"] for line in lines)
    assert any(line.split()[:3] == ["not_dicom", "1", "1"] for line in lines)


def test_no_identifier_is_told(ingested: Result) -> None:
    said = ingested.stdout + ingested.stderr
    assert [name for name in ("DOE", "ROE", "4711", "0815", "im000", "readme", "p-", "c-") if name in said] == []


def test_the_same_is_told_as_json(export: Path, tmp_path: Path) -> None:
    told = json.loads(run(export, "--out", tmp_path / "out", "--key", "published", "--json").stdout)
    assert (told["found"], told["used"], told["excluded"], told["cines"]) == (31, 20, 11, 2)
    assert told["counts"]["transfer syntaxes"] == {"Explicit VR Little Endian": 2}
    assert {item["code"]: item["files"] for item in told["left"]} == {"scout": 10, "not_dicom": 1}


def test_the_published_key_is_used_with_a_warning(ingested: Result) -> None:
    assert "warning: under the published key" in ingested.stderr


def test_people_need_a_key_of_their_own(export: Path, tmp_path: Path) -> None:
    result = run(export, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "CINEMYO_KEY_FILE: expected the path of a key file" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_public_release_needs_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CINEMYO_KEY_FILE", raising=False)
    write_patient(tmp_path / "release", "patient001", group="HCM")
    result = run(tmp_path / "release", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{tmp_path / 'release'} (acdc)")


def test_a_dry_run_writes_nothing_and_says_what_it_cannot_know(export: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = run(export, "--dry-run")
    assert result.exit_code == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert "cines, by headers      2" in result.stdout
    assert "what pixels alone tell is not known yet" in result.stdout


def test_a_dry_run_of_volumes_promises_no_cine(tmp_path: Path) -> None:
    write_patient(tmp_path / "release", "patient001", group="HCM")
    told = json.loads(run(tmp_path / "release", "--dry-run", "--json").stdout)
    assert (told["cines"], told["parts"]) == (None, 1)
    assert told["unknown"].startswith("images are not opened")


@pytest.mark.parametrize("inner", ["", "out"])
def test_outputs_within_the_source_are_refused(export: Path, inner: str) -> None:
    result = run(export, "--out", export / inner, "--key", "published")
    assert result.exit_code == 1
    assert "expected a folder outside ROOT, got one within it" in result.stderr


def test_a_folder_with_files_is_refused(export: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    result = run(export, "--out", tmp_path / "out", "--key", "published")
    assert result.exit_code == 1
    assert "expected a new or empty folder, got files" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_unfinished_work_is_gone_on_with(export: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / ".ingest").mkdir(parents=True)
    assert run(export, "--out", tmp_path / "out", "--key", "published").exit_code == 0
    assert not (tmp_path / "out" / ".ingest").exists()


def test_a_sheet_is_joined_and_told(export: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "labels.csv"
    sheet.write_text("patient,pathology,view\nP-4711,hcm,four_chamber\n")
    result = run(export, "--out", tmp_path / "out", "--key", "published", "--labels", sheet)
    assert result.exit_code == 0
    assert "pathology hcm" in result.stdout
    labels = tables.read(tmp_path / "out" / "labels.csv", table=tables.LABELS)
    assert labels["pathology"].tolist() == ["hcm", "hcm"]


def test_a_faulty_sheet_is_told_before_anything_is_read(export: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "labels.csv"
    sheet.write_text("patient,patology\nP-4711,hcm\n")
    result = run(export, "--out", tmp_path / "out", "--key", "published", "--labels", sheet)
    assert result.exit_code == 1
    assert "did you mean 'pathology'" in result.stderr
    assert not (tmp_path / "out").exists()


def test_somewhere_to_write_is_asked_for(export: Path) -> None:
    result = run(export)
    assert result.exit_code == 2
    assert "--dry-run" in result.stderr


def test_workers_can_be_said_and_change_nothing(export: Path, tmp_path: Path, ingested: Result) -> None:
    assert run(export, "--out", tmp_path / "other", "--key", "published", "--workers", 1).exit_code == 0
    for path in sorted((tmp_path / "out").rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "other" / os.path.relpath(path, tmp_path / "out")).read_bytes()
