"""Tables of calibration: scores, slopes and what stands where there is nothing to say."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special
from sklearn.metrics import log_loss

from cinemyo.config import Params
from cinemyo.evaluation.calibration import AFTER, BEFORE, reliabilities, tables
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import PATHOLOGIES
from tests.evaluation.example import params, predictions, scored
from tests.evaluation.made_up import evidence

COLUMNS = [f"p_{name}" for name in PATHOLOGIES]


@cache
def example() -> Evidence:
    """An arm that its odds are too extreme of, and one of a scheme that selects nothing."""
    arms = {name: params().arms[name] for name in ("dual", "dual_by_input", "view_dual")}
    made = {name: predictions(arm) for name, arm in arms.items()}
    return evidence(*(scored(name, arm) for name, arm in arms.items()), predictions=made)


def claiming(patients: int) -> Params:
    """Parameters under which so many patients are enough for a claim."""
    own = params()
    return own.model_copy(
        update={"evaluate": own.evaluate.model_copy(update={"calibration_patients": patients, "bin_patients": 5})}
    )


@cache
def both() -> tuple[ResultTable, ResultTable]:
    scores, classes = tables(example())
    return scores, classes


def row(**chosen: Any) -> pd.Series:
    rows = both()[0].rows
    return rows[np.logical_and.reduce([rows[name] == value for name, value in chosen.items()])].iloc[0]


def dual() -> Scored:
    return example().arm("dual")


def test_the_likelihood_is_that_of_scikit_learn() -> None:
    answers = dual().answers
    expected = log_loss(answers["truth"], answers[COLUMNS].to_numpy())
    assert row(arm="dual", level="cine", probabilities=BEFORE)["nll"] == pytest.approx(expected)


def test_the_brier_score_sums_over_classes() -> None:
    rows = dual().patients
    apart = rows[COLUMNS].to_numpy() - np.eye(3)[rows["truth"]]
    expected = (apart**2).sum(axis=1).mean()
    assert row(arm="dual", level="patient", probabilities=BEFORE)["brier"] == pytest.approx(expected)


def test_every_interval_holds_its_figure() -> None:
    rows = both()[0].rows.query("n > 0")
    assert all((rows[f"{name}_low"] <= rows[name]).all() for name in ("nll", "brier", "overconfidence"))


def test_there_is_a_row_by_patient_and_by_cine_before_and_after() -> None:
    rows = both()[0].rows.query("arm == 'dual'")
    found = list(zip(rows["level"], rows["probabilities"], strict=True))
    assert found == [(level, what) for level in ("patient", "cine") for what in (BEFORE, AFTER)]


def test_views_have_rows_by_cine_alone() -> None:
    assert set(both()[0].rows.query("arm == 'view_dual'")["level"]) == {"cine"}


def test_a_scheme_that_selects_nothing_has_no_temperature() -> None:
    reason = row(arm="dual_by_input", level="patient", probabilities=AFTER)["reason"]
    assert reason.startswith("scheme paper_by_input selects nothing")


def test_before_the_temperature_is_one() -> None:
    assert row(arm="dual", level="cine", probabilities=BEFORE)["temperature"] == 1


def test_too_few_patients_make_no_claim() -> None:
    assert row(arm="dual", level="patient", probabilities=BEFORE)["reason"] == "no claim: fewer than 100 patients (48)"


def test_enough_patients_need_no_reason() -> None:
    own = evidence(dual(), own=claiming(30), predictions=example().predictions)
    assert tables(own)[0].rows["reason"].tolist() == [""] * 4


def test_labels_of_the_test_cines_change_no_probability_after_temperature() -> None:
    given = predictions(dual().arm)
    other = given.assign(truth=given["truth"].where(given["set"] == "validation", "hcm"))
    found = [
        reliabilities(dual(), predictions=frame, params=params(), level="cine")[AFTER][1] for frame in (given, other)
    ]
    assert (found[0] == found[1]).all()


def test_the_temperature_mends_probabilities_that_are_too_extreme() -> None:
    sharp = predictions(dual().arm)
    sharp[COLUMNS] = special.softmax(4 * np.log(sharp[COLUMNS].to_numpy(float)), axis=1)
    tested = sharp[sharp["set"] == "test"].set_index("cine_id").loc[dual().answers["cine_id"]]
    answers = dual().answers.assign(**{name: tested[name].to_numpy(float) for name in COLUMNS})
    own = Scored("dual", dual().arm, answers, dual().test_share)
    rows = tables(evidence(own, predictions={"dual": sharp}))[0].rows.query("level == 'cine'")
    assert rows["nll"].tolist()[1] < rows["nll"].tolist()[0] - 0.1
    assert abs(rows["overconfidence"].tolist()[1]) < abs(rows["overconfidence"].tolist()[0])


def test_every_class_has_an_intercept_and_a_slope() -> None:
    rows = both()[1].rows.query("arm == 'dual' and probabilities == @BEFORE and level == 'cine'")
    assert rows["class"].tolist() == list(PATHOLOGIES)
    assert rows[["intercept", "slope", "slope_low", "slope_high"]].notna().all(axis=None)


def test_a_class_without_error_has_no_slope_and_says_so() -> None:
    sure = dual().answers.assign(
        **{name: 0.05 + 0.85 * (dual().answers["truth"] == k) for k, name in enumerate(COLUMNS)}
    )
    own = Scored("dual", dual().arm, sure, dual().test_share)
    rows = tables(evidence(own, own=claiming(30), predictions=example().predictions))[1].rows
    assert rows.query("probabilities == @BEFORE")["reason"].str.contains("no slope").all()


def test_a_single_patient_has_figures_without_intervals() -> None:
    one = dual().answers.head(1)
    own = Scored("dual", dual().arm, one, dual().test_share)
    found = tables(evidence(own, predictions=example().predictions))[0].rows.iloc[0]
    assert (found["n"], np.isnan(found["nll_low"]), np.isnan(found["nll"])) == (1, True, False)


def test_a_class_without_rows_is_named() -> None:
    few = dual().answers.query("truth < 2")
    own = Scored("dual", dual().arm, few, dual().test_share)
    rows = tables(evidence(own, predictions=example().predictions))[1].rows.query("`class` == 'dcm'")
    assert rows["reason"].str.contains("no row of the class").all()


def test_the_same_answers_give_the_same_table() -> None:
    assert tables(example())[0].csv() == both()[0].csv()
