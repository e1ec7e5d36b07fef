"""The stage holdout on the tiny study."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import torch

from cinemyo import config, sheets, tables
from cinemyo.layout import Layout
from cinemyo.models.classifier import PhaseClassifier, save_model
from cinemyo.openings import append, read_openings, request
from pipelines import holdout
from tests.pipelines.project import link_code
from tests.tiny_study import FOLDS, SIDE, N, build, part_of

HELD = sum(part_of(index) == "holdout" for index in range(N))


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """The study with a sheet of openings that has no row."""
    build(tmp_path)
    path = tmp_path / "conf" / "openings" / "demo.csv"
    path.parent.mkdir(parents=True)
    path.write_text(",".join(sheets.OPENINGS.header) + "\n")
    link_code(tmp_path)
    monkeypatch.chdir(tmp_path)
    return Layout("tiny")


def open_for(*arms: str, layout: Layout) -> None:
    params = config.load()
    path = Path(params.sheets.openings)
    asked = {"role": "statistician", "reason": "final", "on": date(2026, 3, 1)}
    append(request(arms, params=params, layout=layout, openings=read_openings(path), **asked), path=path)


def answers(layout: Layout, arm: str) -> pd.DataFrame:
    target = "view" if arm.startswith("view") else "pathology"
    return tables.read(layout.holdout(arm), table=tables.predictions(target))


def test_a_closed_hold_out_gives_a_table_per_arm_without_rows(layout: Layout) -> None:
    holdout.main()
    assert [len(answers(layout, arm)) for arm in ("dual", "view_systole")] == [0, 0]


def test_a_closed_hold_out_imports_no_torch(layout: Layout) -> None:
    code = "import sys; from pipelines import holdout; holdout.main(); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert layout.holdout("dual").is_file()


def test_an_opened_one_is_answered_by_every_fold(layout: Layout) -> None:
    open_for("dual", "view_systole", layout=layout)
    holdout.main()
    for arm in ("dual", "view_systole"):
        found = answers(layout, arm)
        assert found.groupby("fold")["cine_id"].nunique().to_dict() == dict.fromkeys(range(FOLDS), HELD)
        assert set(found["set"]) == {"holdout"}
        assert found.filter(like="p_").sum(axis=1).to_numpy() == pytest.approx(1)


def test_labels_join_as_truth(layout: Layout) -> None:
    open_for("dual", layout=layout)
    holdout.main()
    labels = tables.read(layout.labels, table=tables.LABELS).set_index("cine_id")["pathology"]
    found = answers(layout, "dual")
    assert found["truth"].tolist() == labels[found["cine_id"]].tolist()


def test_only_patients_of_the_hold_out_are_answered(layout: Layout) -> None:
    open_for("dual", layout=layout)
    holdout.main()
    folds = tables.read(layout.folds, table=tables.FOLDS).set_index("cine_id")["part"]
    assert set(folds[answers(layout, "dual")["cine_id"]]) == {"holdout"}


def test_an_arm_that_was_not_asked_for_stays_closed(layout: Layout) -> None:
    open_for("dual", layout=layout)
    holdout.main()
    assert answers(layout, "view_systole").empty


def test_other_models_close_it_again(layout: Layout) -> None:
    open_for("dual", layout=layout)
    holdout.main()
    arm = config.load().arms["dual"]
    with torch.random.fork_rng():
        torch.manual_seed(99)
        save_model(
            PhaseClassifier(arm, n_classes=3, side=SIDE), arm=arm, path=layout.models("dual") / "fold0.safetensors"
        )
    holdout.main()
    assert answers(layout, "dual").empty


def test_a_removed_arm_leaves_no_table(layout: Layout) -> None:
    tables.write_bytes(layout.holdout("removed"), b"cine_id\n")
    holdout.main()
    assert sorted(path.stem for path in layout.holdout("dual").parent.iterdir()) == ["dual", "view_systole"]


def test_a_second_run_writes_the_same_bytes(layout: Layout) -> None:
    open_for("dual", layout=layout)
    holdout.main()
    first = layout.holdout("dual").read_bytes()
    holdout.main()
    assert layout.holdout("dual").read_bytes() == first


def test_provenance_names_what_was_read(layout: Layout) -> None:
    holdout.main()
    closed = json.loads(layout.provenance("holdout").read_text())
    open_for("dual", layout=layout)
    holdout.main()
    opened = json.loads(layout.provenance("holdout").read_text())
    assert "data/tiny/models/dual" not in closed["inputs"]
    assert "data/tiny/models/dual" in opened["inputs"]


def test_an_absent_sheet_is_one_sentence(layout: Layout) -> None:
    Path("conf/openings/demo.csv").unlink()
    with pytest.raises(SystemExit, match=r"^TableError: conf/openings/demo\.csv: expected the sheet of openings"):
        holdout.main()
