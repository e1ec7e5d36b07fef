"""Figures by class and view, and the gap of a split by input."""

import pandas as pd
import pytest

from cinemyo.evaluation.breakdown import arm_table, class_table, leakage_table, view_table
from cinemyo.evaluation.scoring import Scored
from tests.evaluation.example import params, scored

OWN = params()


def results(*names: str) -> list[Scored]:
    return [scored(name, OWN.arms[name], skill=3.0 if "input" in name else 1.5) for name in names]


def test_classes_are_given_by_cine_and_by_patient() -> None:
    rows = class_table(results("dual"), params=OWN)
    assert rows.groupby("level")["class"].apply(list).to_dict() == {
        "cine": ["normal", "hcm", "dcm"],
        "patient": ["normal", "hcm", "dcm"],
    }


def test_views_are_given_by_cine_alone() -> None:
    assert set(class_table(results("view_dual"), params=OWN)["level"]) == {"cine"}


def test_sensitivity_is_right_of_truth() -> None:
    own = results("dual")
    row = class_table(own, params=OWN).iloc[0]
    normal = own[0].answers[own[0].answers["truth"] == 0]
    assert row["sensitivity"] == pytest.approx((normal["predicted"] == 0).mean(), abs=1e-6)


def test_an_arm_has_its_accuracy_within_its_interval() -> None:
    rows = arm_table(results("dual", "view_dual"), params=OWN, seed=3)
    assert (rows["low"] <= rows["accuracy"]).all()
    assert (rows["accuracy"] <= rows["high"]).all()


def test_views_divide_the_cines_of_an_arm() -> None:
    own = results("dual", "view_dual")
    rows = view_table(own, params=OWN, seed=3)
    assert set(rows["arm"]) == {"dual"}
    assert rows["n_cines"].sum() == len(own[0].answers)


def test_the_gap_compares_an_arm_with_its_leaky_twin() -> None:
    rows = leakage_table(results("dual", "dual_by_input"), params=OWN, seed=3)
    assert rows[["arm", "leaky_arm"]].values.tolist() == [["dual", "dual_by_input"]]


def test_the_gap_is_the_difference_within_its_interval() -> None:
    row = leakage_table(results("dual", "dual_by_input"), params=OWN, seed=3).iloc[0]
    assert row["gap"] == pytest.approx(row["accuracy_by_input"] - row["accuracy_by_patient"], abs=2e-6)
    assert row["low"] < row["gap"] < row["high"]


def test_the_gap_is_called_leaky() -> None:
    row = leakage_table(results("dual", "dual_by_input"), params=OWN, seed=3).iloc[0]
    assert "leaky" in row["standing"]


def test_no_twin_makes_no_gap() -> None:
    assert leakage_table(results("systole", "dual_by_input"), params=OWN, seed=3).empty


def test_only_the_cines_of_both_are_compared() -> None:
    row = leakage_table(results("dual", "dual_by_input"), params=OWN, seed=3).iloc[0]
    assert row["n_cines"] == len(scored("dual", OWN.arms["dual"]).answers)


def test_every_row_says_that_it_is_synthetic() -> None:
    frames = [class_table(results("dual"), params=OWN), view_table(results("dual"), params=OWN, seed=3)]
    assert pd.concat(frames)["standing"].str.contains("synthetic").all()
