"""Controls against chance."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cinemyo.config import Arm
from cinemyo.evaluation.controls import against_chance, chance_band, chance_of, tables, verdict
from cinemyo.evaluation.scoring import Scored
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence

OWN = params(
    permuted={"labels": "permuted"},
    background={"crop_px": None, "hidden_radius_px": 40},
    view_background={"target": "view", "crop_px": None, "hidden_radius_px": 40},
    dual={},
)


def answering(name: str, *, skill: float) -> Scored:
    arm: Arm = OWN.arms[name]
    given = arm.model_copy(update={"labels": "given"})
    own = scored(name, given, skill=skill)
    return Scored(name, arm, own.answers, own.test_share)


def control(name: str, *, skill: float, table: int) -> pd.DataFrame:
    return tables(evidence(answering(name, skill=skill), own=OWN))[table].rows.set_index("level")


def test_answers_that_know_nothing_are_at_chance() -> None:
    row = control("permuted", skill=0.0, table=0).loc["patient"]
    assert row["verdict"] == "at chance"
    assert row["chance_low"] <= row["accuracy"] <= row["chance_high"]


def test_answers_that_know_the_truth_are_above_chance() -> None:
    assert control("background", skill=3.0, table=1)["verdict"].tolist() == ["above chance", "above chance"]


def test_the_band_is_exact_at_the_number_of_patients() -> None:
    low, high = chance_band(1 / 3, n=60, level=0.95)
    inside = stats.binom.cdf(round(60 * high), 60, 1 / 3) - stats.binom.cdf(round(60 * low) - 1, 60, 1 / 3)
    assert (low, high) == (pytest.approx(13 / 60), pytest.approx(27 / 60))
    assert inside >= 0.95


def test_chance_is_that_of_the_marginals() -> None:
    truth, called = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2])
    assert chance_of(truth, predicted=called, n_classes=3) == pytest.approx(0.75 * 0.5 + 0.25 * 0.25)


def test_one_class_always_called_is_at_chance() -> None:
    rows = pd.DataFrame({"patient_id": list("abcd"), "truth": [0, 0, 1, 2], "predicted": [0, 0, 0, 0]})
    own = against_chance(rows, n_classes=3, level=0.95)
    assert own["chance"] == own["accuracy"] == own["largest_class"] == 0.5
    assert own["verdict"] == "at chance"


def test_a_cohort_of_one_class_is_all_chance() -> None:
    rows = pd.DataFrame({"patient_id": list("abc"), "truth": [1, 1, 1], "predicted": [1, 1, 1]})
    own = against_chance(rows, n_classes=3, level=0.95)
    assert (own["chance"], own["chance_low"], own["chance_high"]) == (1, 1, 1)
    assert own["verdict"] == "at chance"


def test_a_single_patient_cannot_leave_the_band() -> None:
    rows = pd.DataFrame({"patient_id": ["a"], "truth": [1], "predicted": [0]})
    assert against_chance(rows, n_classes=3, level=0.95)["verdict"] == "at chance"


def test_below_the_band_is_below_chance() -> None:
    assert verdict(0.1, band=chance_band(1 / 3, n=60, level=0.95)) == "below chance"


def test_guesses_leave_the_band_no_oftener_than_the_level_says() -> None:
    draw = np.random.default_rng(7)
    outside = 0
    for _ in range(400):
        rows = pd.DataFrame({"truth": draw.integers(0, 3, 60), "predicted": draw.integers(0, 3, 60)})
        own = rows.assign(patient_id=[f"p{number}" for number in range(60)])
        outside += against_chance(own, n_classes=3, level=0.95)["verdict"] != "at chance"
    assert outside / 400 <= 0.07


def test_there_is_no_band_by_cine() -> None:
    row = control("permuted", skill=0.0, table=0).loc["cine"]
    assert np.isnan(row["chance_low"])
    assert row["reason"].startswith("no band by cine")


def test_a_view_control_is_told_by_cine_alone() -> None:
    assert list(control("view_background", skill=0.0, table=1).index) == ["cine"]


def test_a_study_without_controls_says_what_to_add() -> None:
    rows = [table.rows["reason"].tolist() for table in tables(evidence(answering("dual", skill=1.0), own=OWN))]
    assert rows == [
        ["not part of this study: add arms with labels: permuted"],
        ["not part of this study: add arms with hidden_radius_px"],
    ]
