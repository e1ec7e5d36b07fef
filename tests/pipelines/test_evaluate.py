"""The stage evaluate on a made-up study."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from cinemyo import measures, tables
from cinemyo.config import Arm
from cinemyo.evaluation.result import NOT_PART
from cinemyo.layout import Layout
from cinemyo.openings import PSEUDONYM
from cinemyo.preparation.canvas import write_pages
from pipelines import evaluate
from tests.evaluation.example import ARMS, history, params, predictions, study_tables
from tests.evaluation.leaky import answers as leaky_answers
from tests.evaluation.made_up import phases, regions
from tests.pipelines.project import link_code

SMALL: dict[str, dict[str, Any]] = {name: ARMS[name] | {"crop_px": 16} for name in ("dual", "dual_by_input", "systole")}


def write_params(**arms: dict[str, Any]) -> None:
    Path("params.yaml").write_text(yaml.safe_dump(params(**arms).model_dump(mode="json")))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the stage reads."""
    base = tmp_path_factory.mktemp("study")
    link_code(base)
    layout, (cines, labels, folds) = Layout("demo", base), study_tables()
    prepared = {"pixel_mm": 1.5, "canvas_px": 32, "centre_row_px": 16.0, "centre_column_px": 16.0}
    prepared |= {"padding_share": 0.0, "clipped_share": 0.0}
    written = [
        (cines, tables.CINES, layout.cines),
        (labels, tables.LABELS, layout.labels),
        (folds, tables.FOLDS, layout.folds),
        (regions(cines), tables.REGIONS, layout.regions),
        (phases(cines), tables.PHASE_TABLE, layout.phases),
        (cines[["cine_id"]].assign(**prepared), tables.PREPARED, layout.prepared("standard") / "prepared.csv"),
        (leaky_answers(patients=30, seed=1, signature=0.5), measures.LEAKAGE, layout.leakage),
    ]
    for seed, (name, arm) in enumerate(params(**SMALL).arms.items()):
        written += _of_arm(name, arm, seed=seed, layout=layout)
    for frame, table, path in written:
        tables.write(frame, table=table, path=path)
    page = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32).astype(np.uint8)
    for cine in cines["cine_id"]:
        write_pages(layout.prepared("standard") / f"{cine}.tif", np.stack([page, page.T] * 10))
    return base


def _of_arm(name: str, arm: Arm, *, seed: int, layout: Layout) -> list[tuple[pd.DataFrame, tables.Table, Path]]:
    answers, table = predictions(arm, seed=seed), measures.robustness(arm.target)
    as_is = answers[answers["set"] == "test"].assign(preparation="as_is")[table.header]
    tried = pd.concat([as_is, as_is.assign(preparation="turned_left")])
    kept = tried if arm.scheme == "honest" else tried.head(0)
    return [
        (answers, tables.predictions(arm.target), layout.predictions(name)),
        (history(), tables.HISTORY, layout.history(name)),
        (tables.from_rows([], table=tables.ATTENTION), tables.ATTENTION, layout.attention(name)),
        (kept, table, layout.robustness(name)),
    ]


@pytest.fixture
def here(study: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(study)
    return study


def files(here: Path) -> dict[str, bytes]:
    return {str(path.relative_to(here)): path.read_bytes() for path in (here / "reports").rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def full(study: Path) -> dict[str, bytes]:
    """What a run of three arms writes, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(study)
        write_params(**SMALL)
        evaluate.main()
        return files(study)


def table_texts(full: dict[str, bytes]) -> dict[str, str]:
    return {name: text.decode() for name, text in full.items() if name.startswith("reports/tables/")}


def test_it_writes_what_the_report_reads(full: dict[str, bytes]) -> None:
    kinds, sides = ("confusion", "learning", "reliability"), ("confusion", "reliability")
    per_arm = [f"reports/figures/{kind}_{arm}.png" for arm in SMALL for kind in kinds]
    folds = [f"reports/figures/folds/dual/{kind}_{fold}.png" for kind in sides for fold in range(6)]
    lists = [f"reports/errors/{arm}{end}" for arm in SMALL for end in (".csv", ".png")]
    flat = [f"reports/scores/{arm}.json" for arm in SMALL] + [f"reports/plots/{arm}.csv" for arm in SMALL]
    labels = [f"reports/errors/label_errors_{arm}.csv" for arm in ("dual", "systole")]
    assert {"reports/metrics.json", *per_arm, *folds, *lists, *flat, *labels} <= set(full)


def test_every_table_stands_in_the_contents_once_and_the_other_way_round(full: dict[str, bytes]) -> None:
    named = [entry["name"] for entry in json.loads(full["reports/tables/contents.json"])]
    written = {Path(name).stem for name in full if name.startswith("reports/tables/") and name.endswith(".csv")}
    assert sorted(named) == sorted(written)


def test_what_the_study_lacks_is_named(full: dict[str, bytes]) -> None:
    absent = [text for text in table_texts(full).values() if text.startswith("reason\n")]
    assert absent
    assert all(f"\n{NOT_PART}: " in text.replace('"', "") for text in absent)


def test_no_cell_is_empty_without_a_reason(full: dict[str, bytes]) -> None:
    for name in [name for name in table_texts(full) if name.endswith(".csv")]:
        frame = pd.read_csv(io.BytesIO(full[name]), dtype="str", keep_default_na=False, na_values=[""])
        empty = frame.drop(columns="reason", errors="ignore").isna().any(axis=1)
        told = frame["reason"].notna() if "reason" in frame else pd.Series(False, index=frame.index)
        assert not (empty & ~told).any(), name


def test_tables_metrics_and_plots_hold_no_pseudonym(full: dict[str, bytes]) -> None:
    shared = ("reports/tables/", "reports/metrics.json", "reports/plots/", "reports/scores/")
    assert [name for name, text in full.items() if name.startswith(shared) and PSEUDONYM.search(text.decode())] == []


def test_the_list_of_errors_names_no_patient(full: dict[str, bytes]) -> None:
    assert b"patient_id" not in full["reports/errors/dual.csv"]


def test_a_second_run_writes_the_same_bytes_and_a_removed_arm_leaves_no_trace(
    here: Path, full: dict[str, bytes]
) -> None:
    write_params(dual=SMALL["dual"])
    evaluate.main()
    first = files(here)
    evaluate.main()
    assert files(here) == first
    assert list(json.loads(first["reports/metrics.json"])["arms"]) == ["dual"]
    assert not [name for name, content in first.items() if "systole" in name or b"\nsystole," in content]


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
