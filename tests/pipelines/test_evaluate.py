"""The stage evaluate on a made-up study."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from cinemyo import tables
from cinemyo.layout import Layout
from cinemyo.preparation.canvas import write_pages
from pipelines import evaluate
from tests.evaluation.example import ARMS, history, params, predictions, study_tables

ROOT = Path(__file__).resolve().parents[2]
SMALL: dict[str, dict[str, Any]] = {name: ARMS[name] | {"crop_px": 16} for name in ("dual", "dual_by_input", "systole")}


def write_params(**arms: dict[str, Any]) -> None:
    Path("params.yaml").write_text(yaml.safe_dump(params(**arms).model_dump(mode="json")))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the stage reads."""
    base = tmp_path_factory.mktemp("study")
    for folder in ("src", "pipelines"):
        (base / folder).symlink_to(ROOT / folder)
    layout, (cines, labels, folds) = Layout("demo", base), study_tables()
    ids = cines[["cine_id"]]
    region = {"centre_row_mm": 10.0, "centre_column_mm": 10.0, "window_low": 0.0, "window_high": 1.0}
    region |= {f"{what}_method": "fixed" for what in ("centre", "window")}
    region |= {f"{what}_confidence": 0.5 for what in ("centre", "window")}
    region |= {f"{what}_annotated": False for what in ("centre", "window")}
    phase = {"diastole_index": 0, "systole_index": 1, "systole_ms": None, "method": "fixed", "confidence": 0.5}
    prepared = {"pixel_mm": 1.5, "canvas_px": 32, "centre_row_px": 16.0, "centre_column_px": 16.0}
    written = [
        (cines, tables.CINES, layout.cines),
        (labels, tables.LABELS, layout.labels),
        (folds, tables.FOLDS, layout.folds),
        (ids.assign(**region, review=True), tables.REGIONS, layout.regions),
        (ids.assign(**phase, annotated=False, review=False), tables.PHASE_TABLE, layout.phases),
        (
            ids.assign(**prepared, padding_share=0.0, clipped_share=0.0),
            tables.PREPARED,
            layout.prepared("standard") / "prepared.csv",
        ),
    ]
    for seed, (name, arm) in enumerate(params(**SMALL).arms.items()):
        answers = predictions(arm, seed=seed)
        written.append((answers, tables.predictions(arm.target), layout.predictions(name)))
        written.append((history(), tables.HISTORY, layout.history(name)))
    for frame, table, path in written:
        tables.write(frame, table=table, path=path)
    page = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32).astype(np.uint8)
    for cine in ids["cine_id"]:
        write_pages(layout.prepared("standard") / f"{cine}.tif", np.stack([page, page.T]))
    return base


@pytest.fixture
def here(study: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(study)
    return study


def files(here: Path) -> dict[str, bytes]:
    return {str(path.relative_to(here)): path.read_bytes() for path in (here / "reports").rglob("*") if path.is_file()}


def test_it_writes_what_the_report_reads(here: Path) -> None:
    write_params(**SMALL)
    evaluate.main()
    per_arm = [
        f"reports/{kind}{arm}.png" for arm in SMALL for kind in ("figures/confusion_", "figures/learning_", "errors/")
    ]
    tables_ = [f"reports/tables/{name}.csv" for name in ("table_2", "table_3", "arms", "classes", "views", "leakage")]
    lists = [f"reports/errors/{arm}.csv" for arm in SMALL]
    expected = {"reports/metrics.json", "reports/figures/accuracy.png", *per_arm, *tables_, *lists}
    assert set(files(here)) == expected


def test_a_second_run_writes_the_same_bytes(here: Path) -> None:
    write_params(dual=SMALL["dual"])
    evaluate.main()
    first = files(here)
    evaluate.main()
    assert files(here) == first


def test_a_removed_arm_leaves_no_trace(here: Path) -> None:
    write_params(**SMALL)
    evaluate.main()
    write_params(dual=SMALL["dual"])
    evaluate.main()
    assert list(json.loads((here / "reports/metrics.json").read_text())["arms"]) == ["dual"]
    assert not [name for name, content in files(here).items() if "systole" in name or b"systole," in content]


def test_the_table_of_errors_names_no_patient(here: Path) -> None:
    write_params(dual=SMALL["dual"])
    evaluate.main()
    assert "patient_id" not in pd.read_csv(here / "reports/errors/dual.csv").columns


def test_a_wrong_truth_ends_it_with_one_sentence_and_writes_nothing(here: Path) -> None:
    layout, arm = Layout("demo"), params(**SMALL).arms["dual"]
    right = predictions(arm, seed=0)
    wrong = right.assign(truth=right["truth"].map({"normal": "dcm", "dcm": "normal", "hcm": "hcm"}))
    write_params(dual=SMALL["dual"])
    before = files(here)
    tables.write(wrong, table=tables.predictions("pathology"), path=layout.predictions("dual"))
    try:
        with pytest.raises(SystemExit, match=r"^SplitError: predictions of dual: expected the truth of labels\.csv"):
            evaluate.main()
    finally:
        tables.write(right, table=tables.predictions("pathology"), path=layout.predictions("dual"))
    assert files(here) == before
