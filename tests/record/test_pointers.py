import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cinemyo.record.pointers import NONE, SEAL, ledger_head, lock_digest, pointers, upstream

STAGES: dict[str, Any] = {
    "ingest": {"outs": [{"path": "data/x/cines.csv", "md5": "1"}]},
    "train@dual": {
        "deps": [{"path": "data/x/cines.csv", "md5": "1"}],
        "outs": [{"path": "data/x/models/dual", "md5": "2.dir"}],
    },
    "train@other": {
        "deps": [{"path": "data/x/cines.csv", "md5": "1"}],
        "outs": [{"path": "data/x/models/other", "md5": "3.dir"}],
    },
    "record": {"deps": [{"path": "data/x/models", "md5": "4.dir"}], "outs": [{"path": "mlruns/recorded_x.json"}]},
}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": STAGES}), encoding="utf-8")
    seal = tmp_path / SEAL
    seal.parent.mkdir()
    seal.write_text(json.dumps({"records": 3, "hash": "a" * 64}), encoding="utf-8")
    return tmp_path


def test_a_model_comes_from_its_own_stages_alone() -> None:
    assert upstream(STAGES, paths=["data/x/models/dual"]) == {"train@dual", "ingest"}


def test_a_folder_comes_from_all_that_made_something_in_it() -> None:
    assert upstream(STAGES, paths=["data/x/models"]) == {"train@dual", "train@other", "ingest"}


def test_the_digest_is_the_same_once_later_stages_have_run() -> None:
    later = {**STAGES, "record": {"outs": [{"path": "mlruns/recorded_x.json", "md5": "9"}]}}
    assert lock_digest(later, paths=["data/x/models/dual"]) == lock_digest(STAGES, paths=["data/x/models/dual"])


def test_another_input_of_an_earlier_stage_is_another_digest() -> None:
    other = {**STAGES, "ingest": {"outs": [{"path": "data/x/cines.csv", "md5": "8"}]}}
    assert lock_digest(other, paths=["data/x/models/dual"]) != lock_digest(STAGES, paths=["data/x/models/dual"])


def test_a_run_points_at_ledger_and_lock(base: Path) -> None:
    found = pointers(base, made=[base / "data/x/models/dual"])
    assert found == {"ledger_head": "a" * 64, "dvc_lock": lock_digest(STAGES, paths=["data/x/models/dual"])}


def test_without_ledger_and_lock_there_is_nothing_to_point_at(tmp_path: Path) -> None:
    assert pointers(tmp_path, made=[tmp_path / "x"]) == {"ledger_head": NONE, "dvc_lock": NONE}


def test_a_seal_that_is_none_is_no_head(base: Path) -> None:
    (base / SEAL).write_text("[]", encoding="utf-8")
    assert ledger_head(base) == NONE
