"""Stages ingest and label as a person runs them: good input, and bad input that ends in one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cinemyo import tables
from cinemyo.layout import Layout
from pipelines import ingest, label
from tests.pipelines.project import link_code
from tests.shared import EXPLAIN, RESULTS
from tests.sources.release import GROUPS, write_patient


def params(**source: object) -> dict[str, object]:
    """The least that `params.yaml` must say."""
    acdc = {"kind": "acdc", "root": "data/source", "labels": "labels.csv", "groups": GROUPS}
    return {
        "seed": 1,
        "study": {"name": "tiny", "title": "Tiny", "synthetic": True, "primary": "none"},
        "phantoms": {},
        "source": acdc | {"slices": {"first": 0.0, "last": 1.0}} | source,
        "locate": {
            "smoothing_mm": 4,
            "prior_mm": 40,
            "stack_smoothing_mm": 10,
            "window_radius_mm": 60,
            "window_percentile": 99,
            "review_confidence": 0.2,
        },
        "recipes": {},
        "split": {"protocol": "paper", "folds": 3, "holdout_share": 0, "links": None},
        "arms": {},
        **RESULTS,
        "explain": {"correct_drawn": 0, "too_coarse_mm": 30, "lv_radius_mm": 25, "heart_radius_mm": 60, **EXPLAIN},
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with the code, params and an empty source."""
    link_code(tmp_path)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params()))
    (tmp_path / "data" / "source").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage"])
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "DVC_NO_ANALYTICS"):
        monkeypatch.setenv(name, os.environ.get(name, "true"))
    return tmp_path


@pytest.fixture
def release(project: Path) -> Path:
    """Two patients in the source."""
    write_patient(project / "data" / "source", "patient001", group="HCM")
    write_patient(project / "data" / "source", "patient002", group="NOR")
    return project


@pytest.fixture
def ingested(release: Path) -> Path:
    ingest.main()
    return release


def fault(main) -> str:
    """The one line that a stage ends with; a text in SystemExit is printed and gives status 1."""
    with pytest.raises(SystemExit) as caught:
        main()
    assert isinstance(caught.value.code, str)
    assert "\n" not in caught.value.code
    return caught.value.code


def left_behind(project: Path) -> list[str]:
    """Whatever stands in `data` beside the source."""
    return sorted(path.name for path in (project / "data").iterdir() if path.name != "source")


def write_labels(project: Path, *lines: str) -> None:
    (project / "labels.csv").write_text("\n".join(lines) + "\n")


def test_ingest_writes_its_tables_and_provenance(ingested: Path) -> None:
    layout = Layout("tiny")
    assert len(tables.read(layout.cines, table=tables.CINES)) == 8
    assert json.loads(layout.provenance("ingest").read_text())["stage"] == "ingest"


def test_label_joins_the_sheet(ingested: Path) -> None:
    write_labels(ingested, "patient,pathology", "patient001,hcm", "patient002,normal")
    label.main()
    labels = tables.read(Layout("tiny").labels, table=tables.LABELS)
    assert labels["pathology"].tolist() == ["hcm"] * 4 + ["normal"] * 4


def test_label_joins_the_labels_that_a_source_carries(ingested: Path) -> None:
    (ingested / "params.yaml").write_text(yaml.safe_dump(params(labels="data/tiny/carried_labels.csv")))
    label.main()
    labels = tables.read(Layout("tiny").labels, table=tables.LABELS)
    assert labels["pathology"].tolist() == ["hcm"] * 4 + ["normal"] * 4


def test_an_absent_source_is_one_sentence(project: Path) -> None:
    (project / "data" / "source").rmdir()
    assert fault(ingest.main).startswith("SourceError: data/source: expected a folder, got nothing; run `make source")
    assert left_behind(project) == []


def test_an_empty_source_is_one_sentence(project: Path) -> None:
    assert fault(ingest.main).startswith("SourceError: source.root: expected at least one cine, got none in 0 files")
    assert left_behind(project) == []


def test_an_empty_dicom_source_is_one_sentence(project: Path) -> None:
    dicom = {"kind": "dicom", "root": "data/source", "labels": "labels.csv", "key": "published", "truth": None}
    content = params() | {"source": dicom | {"min_phases": 8, "max_phases": 60}}
    (project / "params.yaml").write_text(yaml.safe_dump(content))
    assert fault(ingest.main).startswith("SourceError: DICOM folder data/source: expected")
    assert left_behind(project) == []


def test_a_source_without_a_cine_is_one_sentence(project: Path) -> None:
    (project / "data" / "source" / "notes.txt").write_text("no cine")
    assert "expected at least one cine, got none in 1 files (outside_patients 1)" in fault(ingest.main)
    assert left_behind(project) == []


def test_a_full_disk_is_one_sentence(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cinemyo.schema.write_bytes", full)
    assert fault(ingest.main).startswith("SetupError: data/tiny: expected room for the cines, got a full disk; free")
    assert left_behind(release) == []


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["patient,pathology", "patient001,hcm", "patient009,dcm"], "1 of 2 rows match none: row 3: unknown patient"),
        (["patient,pathology", ",hcm"], "row 2, column patient: empty"),
        (["patient,series,view", *[f"patient001,patient001_sax,{view}" for view in ("vla_left", "vla_right")]], "two"),
        (["patient,pathology", "patient001,hcm", "patient001,dcm"], "two pathologies within one exam: rows 2 (hcm)"),
        (["patient,pathologgy", "patient001,hcm"], "'pathologgy' (did you mean 'pathology'?)"),
        (["patient,pathology", "patient001,"], "expected a pathology or a view for at least one cine"),
    ],
)
def test_a_bad_sheet_is_one_sentence(ingested: Path, lines: list[str], told: str) -> None:
    write_labels(ingested, *lines)
    message = fault(label.main)
    assert message.startswith("LabelError: label sheet")
    assert told in message
    assert not Layout("tiny").labels.exists()


def test_an_absent_sheet_is_one_sentence(ingested: Path) -> None:
    assert "expected a CSV file, got no file" in fault(label.main)


def test_label_without_ingest_is_one_sentence(release: Path) -> None:
    write_labels(release, "patient,pathology", "patient001,hcm")
    assert "expected the table cines, got no file; run the stage before it" in fault(label.main)


def test_the_exit_status_of_a_fault_is_one(project: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "pipelines.ingest"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
