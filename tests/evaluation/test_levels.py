"""Answers by patient and cine, and shares of them."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from cinemyo.evaluation.intervals import UNSEEN_NLL, exact
from cinemyo.evaluation.levels import apart, difference_of, hits_of, levels, loss_of, share_of, sides_of, tabulated
from tests.evaluation.example import params, scored

ROWS = pd.DataFrame({"patient_id": ["a", "b", "c", "d"], "truth": [0, 1, 2, 0], "predicted": [0, 1, 1, 0]})


def test_newcombe_s_example_of_two_cohorts() -> None:
    bounds = [proportion_confint(*counts, method="wilson") for counts in ((48, 80), (56, 70))]
    first, second = ({"x_low": low, "x_high": high} for low, high in bounds)
    gap, interval = apart(first | {"x": 48 / 80}, second=second | {"x": 56 / 70}, name="x")
    assert gap == pytest.approx(0.2)
    assert interval.low == pytest.approx(0.0524, abs=1e-4)
    assert interval.high == pytest.approx(0.3339, abs=1e-4)


def test_a_pathology_is_counted_by_patient_and_by_cine() -> None:
    assert list(levels(scored("dual", params().arms["dual"]).answers, target="pathology")) == ["patient", "cine"]


def test_a_view_is_counted_by_cine_alone() -> None:
    assert list(levels(scored("view_dual", params().arms["view_dual"]).answers, target="view")) == ["cine"]


def test_a_hit_is_the_true_class() -> None:
    assert hits_of(ROWS).tolist() == [1, 1, 0, 1]


def test_a_share_lies_within_its_interval() -> None:
    own = share_of(hits_of(ROWS), rows=ROWS, level=0.95, name="accuracy")
    assert own["accuracy"] == 0.75
    assert 0 < own["accuracy_low"] < 0.75 < own["accuracy_high"] < 1


def test_the_share_of_a_single_row_may_be_anything() -> None:
    own = share_of(np.array([1]), rows=ROWS[:1], level=0.95, name="accuracy")
    assert own == pytest.approx({"accuracy": 1.0, "accuracy_low": 0.025, "accuracy_high": 1.0})


def test_a_difference_is_second_less_first() -> None:
    own = difference_of(np.array([0, 0, 1, 1]), second=np.array([1, 1, 1, 1]), rows=ROWS, level=0.95, name="gain")
    assert own["gain"] == 0.5
    assert own["gain_low"] < 0.5 < own["gain_high"]


def test_counts_stay_whole_beside_a_row_without_any() -> None:
    assert tabulated([{"n": 3}, {"reason": "none"}])["n"].tolist() == [3, pd.NA]


def test_a_share_of_no_rows_is_not_known() -> None:
    none = pd.DataFrame({"patient_id": pd.Series([], dtype=object)})
    found = share_of(np.array([], dtype=int), rows=none, level=0.95, name="share")
    assert set(found) == {"share", "share_low", "share_high"}
    assert all(np.isnan(value) for value in found.values())


def test_the_sides_of_a_class_are_its_cases_and_the_others() -> None:
    rows = pd.DataFrame({"patient_id": list("abcde"), "truth": [0, 0, 1, 1, 2], "predicted": [0, 1, 1, 0, 2]})
    found = sides_of(rows, number=0, level=0.95)
    assert (found["sensitivity"], found["specificity"]) == (0.5, pytest.approx(2 / 3))
    assert (found["specificity_low"], found["specificity_high"]) == exact(2, total=3)


def test_a_side_without_rows_is_not_known_and_the_other_is() -> None:
    rows = pd.DataFrame({"patient_id": list("ab"), "truth": [0, 0], "predicted": [0, 0]})
    found = sides_of(rows, number=0, level=0.95)
    assert found["sensitivity"] == 1.0
    assert np.isnan(found["specificity"])


def test_the_loss_of_one_patient_has_a_mean_and_no_interval() -> None:
    rows = pd.DataFrame({"patient_id": ["a", "a"]})
    found = loss_of(np.array([0.2, 0.4]), rows=rows, unseen=UNSEEN_NLL, level=0.95, name="loss")
    assert found["loss"] == pytest.approx(0.3)
    assert np.isnan([found["loss_low"], found["loss_high"]]).all()
