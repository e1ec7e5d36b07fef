"""Answers by patient and cine, and shares of them."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from cinemyo.evaluation.levels import apart, difference_of, hits_of, levels, share_of, tabulated
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
