"""Lineage from a lock, checked against the files."""

import hashlib
from pathlib import Path

import pytest
import yaml

from cinemyo import tables
from cinemyo.errors import SetupError
from cinemyo.record.lineage import LINEAGE, counts, dvc_md5, lineage, stage_names, state

PIPELINE = {
    "stages": {
        "ingest": {"cmd": "python -m pipelines.ingest"},
        "train": {"foreach": "${arms}", "do": {"cmd": "python -m pipelines.train ${key}"}},
        "list": {"foreach": ["a", "b"], "do": {"cmd": "x"}},
        "grid": {"matrix": {"size": [1, 2], "kind": "${kinds.all}"}, "cmd": "x"},
        "none": {"foreach": "${phantoms}", "do": {"cmd": "x"}},
    }
}
PARAMS = {"arms": {"dual": {}, "systole": {}}, "kinds": {"all": ["p", "q"]}, "phantoms": {}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    table = tmp_path / "data" / "cines.csv"
    table.parent.mkdir()
    table.write_text("cine_id,patient_id\nc1,p1\nc2,p1\n", encoding="utf-8")
    out = {"path": "data/cines.csv", "hash": "md5", "md5": dvc_md5(table), "size": table.stat().st_size}
    gone = {"path": "data/models", "hash": "md5", "md5": "f" * 32 + ".dir", "size": 9, "nfiles": 3}
    ingest = {
        "cmd": ["python -m pipelines.ingest", "true"],
        "deps": [{"path": "data/source", "md5": "1" * 32 + ".dir"}],
        "params": {"params.yaml": {"source": {"kind": "dicom"}}},
        "outs": [out],
    }
    train = {"cmd": "python -m pipelines.train dual", "outs": [gone]}
    lock = {"schema": "2.0", "stages": {"ingest": ingest, "train@dual": train, "train@removed": train}}
    stages = {name: PIPELINE["stages"][name] for name in ("ingest", "train")}
    for name, content in (("dvc.yaml", {"stages": stages}), ("dvc.lock", lock), ("params.yaml", PARAMS)):
        (tmp_path / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return tmp_path


def row(project: Path, artefact: str) -> dict:
    frame = lineage(project)
    return frame[frame["artefact"] == artefact].to_dict("records")[0]


def test_templates_are_resolved_by_the_parameters() -> None:
    assert stage_names(PIPELINE, params=PARAMS) == [
        "ingest",
        "train@dual",
        "train@systole",
        "list@a",
        "list@b",
        "grid@1-p",
        "grid@1-q",
        "grid@2-p",
        "grid@2-q",
    ]


def test_an_artefact_has_its_command(project: Path) -> None:
    assert row(project, "data/cines.csv")["command"] == "python -m pipelines.ingest && true"


def test_an_artefact_has_the_hashes_of_its_inputs(project: Path) -> None:
    assert row(project, "data/cines.csv")["inputs"] == f"data/source={'1' * 32}.dir"


def test_an_artefact_has_its_params(project: Path) -> None:
    assert row(project, "data/cines.csv")["params"] == '{"source": {"kind": "dicom"}}'


def test_a_table_has_its_numbers(project: Path) -> None:
    found = row(project, "data/cines.csv")
    assert (found["n_rows"], found["n_cines"], found["n_patients"]) == (2, 2, 1)


def test_a_file_as_locked_is_ok(project: Path) -> None:
    assert row(project, "data/cines.csv")["state"] == "ok"


def test_a_changed_file_is_marked(project: Path) -> None:
    (project / "data" / "cines.csv").write_text("cine_id,patient_id\n", encoding="utf-8")
    assert row(project, "data/cines.csv")["state"] == "changed"


def test_a_missing_file_is_marked(project: Path) -> None:
    assert row(project, "data/models")["state"] == "absent"


def test_a_removed_arm_leaves_no_trace(project: Path) -> None:
    assert "train@removed" not in set(lineage(project)["stage"])


def test_a_stage_that_has_not_run_is_listed(project: Path) -> None:
    found = lineage(project)
    assert found[found["stage"] == "train@systole"]["state"].tolist() == ["not_run"]


def test_the_table_can_be_written(project: Path) -> None:
    tables.write(lineage(project), table=LINEAGE, path=project / "reports" / "lineage.csv")
    assert len(tables.read(project / "reports" / "lineage.csv", table=LINEAGE)) == 3


def test_without_a_lock_the_remedy_is_to_run(project: Path) -> None:
    (project / "dvc.lock").unlink()
    with pytest.raises(SetupError, match="make repro"):
        lineage(project)


def test_without_a_pipeline_the_place_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text("stages: {}", encoding="utf-8")
    with pytest.raises(SetupError, match=r"dvc\.yaml"):
        lineage(tmp_path)


def test_a_folder_is_hashed_as_dvc_does(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b").write_bytes(b"b")
    (tmp_path / "sub" / "a").write_bytes(b"a")
    listing = (
        f'[{{"md5": "{hashlib.md5(b"b").hexdigest()}", "relpath": "b"}}, '
        f'{{"md5": "{hashlib.md5(b"a").hexdigest()}", "relpath": "sub/a"}}]'
    )
    assert dvc_md5(tmp_path) == hashlib.md5(listing.encode()).hexdigest() + ".dir"


def test_a_parquet_table_is_counted(tmp_path: Path) -> None:
    frame = tables.from_rows([], table=tables.SOURCES)
    tables.write(frame, table=tables.SOURCES, path=tmp_path / "a.parquet")
    assert counts(tmp_path / "a.parquet") == {"n_rows": 0, "n_cines": 0}


def test_an_image_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    assert counts(tmp_path / "a.png") == {}


def test_nothing_there_is_absent(tmp_path: Path) -> None:
    assert state(tmp_path / "none", md5="") == "absent"


def test_a_folder_beside_a_file_of_its_name_is_hashed_as_dvc_does(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name, content in (("z.txt", "a"), ("sub/a.txt", "b"), ("sub.txt", "c")):
        (tmp_path / name).write_text(f"{content}\n", encoding="utf-8")
    # as `dvc add` of DVC 3.67 wrote it
    assert dvc_md5(tmp_path) == "5bfb0fc3f6f6eb47b8a7430c4bb3789c.dir"
