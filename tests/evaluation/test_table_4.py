"""Systole alone by size of the input, in the paper's form and in an honest one."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cinemyo.config import Params
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.table_4 import last_epochs, tables
from tests.evaluation.example import ARM, ARMS, history, params, scored
from tests.evaluation.made_up import evidence

FLAT = {"head": ARM["head"] | {"pool": "flatten"}}
SIZES = {name: ARMS[name] for name in ("systole", "systole_128", "systole_256", "systole_raw")}
FLATS: dict[str, dict[str, Any]] = {f"flat{name}": changes | FLAT for name, changes in SIZES.items()}


def fourth(own: Params, *, curves: pd.DataFrame | None = None) -> tuple[ResultTable, ResultTable]:
    arms = [scored(name, arm, seed=seed) for seed, (name, arm) in enumerate(own.arms.items())]
    histories = dict.fromkeys(own.arms, history() if curves is None else curves)
    figures, tests = tables(evidence(*arms, own=own, histories=histories))
    return figures, tests


def test_the_inputs_are_those_of_systole_alone() -> None:
    assert fourth(params())[0].rows["input"].tolist() == ["160 px", "128 px", "256 px", "raw"]


def test_both_forms_of_the_accuracy_stand_side_by_side() -> None:
    rows = fourth(params())[0].rows
    assert (
        rows[["last_epochs_mean", "last_epochs_sd", "accuracy_mean", "accuracy_sd", "patient_accuracy"]]
        .notna()
        .all(axis=None)
    )


def test_a_flattened_head_without_a_pooled_twin_says_what_to_add() -> None:
    rows = fourth(params(**FLATS))[0].rows
    lacking = rows[rows["arm"] == "none"]
    assert lacking["input"].tolist() == ["160 px", "128 px", "256 px", "raw"]
    assert lacking["reason"].iloc[0] == ("not part of this study: add an arm like flatsystole with head.pool average")


def test_a_pooled_twin_separates_size_of_head_and_of_image() -> None:
    _, tests = fourth(params(**FLATS, **SIZES))
    pooled = tests.rows[tests.rows["question"] == "head flattened or pooled"]
    assert dict(zip(pooled["arm"], pooled["reference"], strict=True)) == {f"flat{name}": name for name in SIZES}


def test_sizes_are_compared_within_one_kind_of_head() -> None:
    _, tests = fourth(params(**FLATS, **SIZES))
    sizes = tests.rows[tests.rows["question"] == "size of the input"]
    expected = {name: "systole" for name in SIZES if name != "systole"}
    expected |= {f"flat{name}": "flatsystole" for name in expected}
    assert dict(zip(sizes["arm"], sizes["reference"], strict=True)) == expected


def test_a_pooled_twin_leaves_no_row_to_add() -> None:
    assert "none" not in fourth(params(**FLATS, **SIZES))[0].rows["arm"].tolist()


def test_without_160_px_the_primary_input_is_the_reference() -> None:
    small = {"phases": ["systole"], "crop_px": 64}
    _, tests = fourth(params(a=small, b=small | {"crop_px": 96}))
    assert set(tests.rows["reference"]) == {"a"}


def test_without_any_reference_the_tests_say_what_to_add() -> None:
    small = {"phases": ["systole"], "crop_px": 64}
    own = params(dual={"crop_px": 32}, a=small, b=small | {"crop_px": 96})
    assert fourth(own)[1].rows["reason"].tolist() == [
        "not part of this study: add an arm of 160 px, or of the primary arm's input, to compare with"
    ]


def test_the_papers_values_stand_beside_a_flattened_head() -> None:
    rows = fourth(params(study="paper", synthetic=False, **FLATS, **SIZES))[0].rows
    assert rows["paper_accuracy"].dropna().tolist() == [0.959, 0.954, 0.921, 0.915]
    pooled = rows[rows["head"] == "average"]
    assert set(pooled["reason"]) == {"the paper prints no figure of such an arm"}


def test_an_input_of_the_paper_that_its_study_lacks_says_so() -> None:
    some = {name: SIZES[name] for name in ("systole", "systole_128")}
    rows = fourth(params(study="paper", synthetic=False, **some))[0].rows
    assert rows["reason"].tolist()[-2:] == [
        "not part of this study: add an arm that sees systole alone, input 256 px",
        "not part of this study: add an arm that sees systole alone, input raw",
    ]


def test_one_input_alone_makes_no_table_and_says_what_to_add() -> None:
    figures, tests = fourth(params(dual={}, systole=ARMS["systole"]))
    assert figures.is_absent
    assert tests.is_absent
    assert "with head.pool average" in figures.rows["reason"].iloc[0]


def test_the_last_ten_epochs_are_averaged_over_folds_first() -> None:
    curves = history()
    means = curves.groupby("epoch")["validation_accuracy"].mean().to_numpy(float)[-10:]
    assert last_epochs(curves) == pytest.approx((means.mean(), means.std(ddof=1)))


def test_a_history_without_validation_says_so() -> None:
    curves = history()
    curves["validation_accuracy"] = curves["validation_accuracy"].where(curves["epoch"] < 0)
    assert np.isnan(last_epochs(curves)).all()
    rows = fourth(params(), curves=curves)[0].rows
    assert set(rows["reason"]) == {"fewer than two epochs with a validation accuracy"}


def test_a_single_epoch_has_no_spread_and_says_so() -> None:
    rows = fourth(params(), curves=history(epochs=1))[0].rows
    assert rows["last_epochs_sd"].isna().all()
    assert set(rows["reason"]) == {"fewer than two epochs with a validation accuracy"}


def test_controls_are_no_sizes() -> None:
    own = params(systole=ARMS["systole"], hidden=ARMS["systole"] | {"crop_px": None, "hidden_radius_px": 40})
    assert fourth(own)[0].is_absent
