"""Answers of the folds together and of each."""

import numpy as np
import pandas as pd
import pytest

from cinemyo.config import Evaluate
from cinemyo.errors import SplitError
from cinemyo.evaluation import ensemble
from cinemyo.evaluation.ensemble import ENSEMBLE, NO_TRUTH, answers_of, class_figures, labelled
from tests.evaluation.example import params, scored, study_tables
from tests.evaluation.made_up import held_out, unseen

OWN = params()
CINES, LABELS, _ = study_tables()
EVALUATE: Evaluate = OWN.evaluate
PREDICTIONS = unseen(held_out(), labels=LABELS, side="holdout")


def answers(
    predictions: pd.DataFrame = PREDICTIONS, *, labels: pd.DataFrame = LABELS, **persons: str
) -> dict[str, pd.DataFrame]:
    given = {"cines": CINES, "labels": labels, "persons": persons, "where": "hold-out of dual"}
    return answers_of(predictions, target="pathology", **given)


def test_the_ensemble_is_the_mean_probability_over_the_folds() -> None:
    first = held_out()[0]
    own = answers()[ENSEMBLE].set_index("cine_id")
    told = PREDICTIONS[PREDICTIONS["cine_id"] == first][["p_normal", "p_hcm", "p_dcm"]].to_numpy(float)
    assert own.loc[first, ["p_normal", "p_hcm", "p_dcm"]].tolist() == pytest.approx(told.mean(axis=0))
    assert own.loc[first, "predicted"] == told.mean(axis=0).argmax()


def test_columns_are_those_of_an_arm_but_for_the_fold() -> None:
    expected = scored("dual", OWN.arms["dual"]).answers.columns.drop("fold").tolist()
    assert {tuple(own.columns) for own in answers().values()} == {tuple(expected)}


def test_each_fold_answers_too() -> None:
    assert list(answers()) == [ENSEMBLE, *(f"fold {fold}" for fold in range(6))]
    assert {len(own) for own in answers().values()} == {len(held_out())}


def test_the_ensemble_is_better_than_its_folds() -> None:
    shares = {
        row["answered_by"]: row["accuracy"]
        for row in ensemble.accuracy_rows(answers(), target="pathology", evaluate=EVALUATE)
        if row["level"] == "cine"
    }
    assert shares[ENSEMBLE] > np.mean([share for by, share in shares.items() if by != ENSEMBLE])


def test_linked_patients_are_one_person() -> None:
    patients = CINES.set_index("cine_id")["patient_id"][held_out()].unique()
    own = answers(**{patients[1]: patients[0]})[ENSEMBLE]
    assert own["patient_id"].nunique() == len(patients) - 1


def test_a_cine_without_a_label_has_no_truth() -> None:
    bare = LABELS.assign(pathology=LABELS["pathology"].where(LABELS["cine_id"] != held_out()[0]))
    own = answers(labels=bare)[ENSEMBLE].set_index("cine_id")
    assert own.loc[held_out()[0], "truth"] == NO_TRUTH
    assert len(labelled(own)) == len(own) - 1


def test_a_cine_that_a_fold_left_out_is_refused() -> None:
    with pytest.raises(SplitError, match="expected one answer of each of 6 folds, got 5 answers"):
        answers(PREDICTIONS[1:])


def test_another_truth_is_refused() -> None:
    with pytest.raises(SplitError, match="the truth of labels"):
        answers(labels=LABELS.assign(pathology="normal"))


def test_sensitivity_is_right_of_the_class_and_specificity_of_the_others() -> None:
    rows = pd.DataFrame({"patient_id": list("abcd"), "truth": [1, 1, 0, 2], "predicted": [1, 0, 0, 1]})
    own = class_figures(rows, number=1, evaluate=EVALUATE)
    assert (own["sensitivity"], own["specificity"]) == (0.5, 0.5)
    assert own["reason"] == ""


@pytest.mark.parametrize(("truth", "reason"), [([0, 2], "no case of this class"), ([1, 1], "no case of another class")])
def test_a_side_without_cases_has_a_reason(truth: list[int], reason: str) -> None:
    rows = pd.DataFrame({"patient_id": list("ab"), "truth": truth, "predicted": [1, 1]})
    assert class_figures(rows, number=1, evaluate=EVALUATE)["reason"] == reason


def test_the_difference_is_the_other_cohort_less_the_test_folds() -> None:
    own = scored("dual", OWN.arms["dual"])
    rows = pd.DataFrame(ensemble.difference_rows(answers()[ENSEMBLE], scored=own, evaluate=EVALUATE))
    assert rows["difference"].tolist() == pytest.approx((rows["accuracy"] - rows["test_accuracy"]).tolist())
    assert (rows["low"] < rows["difference"]).all()
    assert (rows["difference"] < rows["high"]).all()
