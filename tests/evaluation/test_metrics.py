"""Golden figures from the matrices of the paper's Table 3 as printed (their sums are their own), and properties."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinemyo.evaluation.metrics import (
    accuracy,
    auroc,
    balanced_accuracy,
    by_patient,
    confusion,
    log_loss,
    macro_f1,
    per_class,
    spread,
    tied,
)
from cinemyo.evaluation.published import DIASTOLE, DUAL, SYSTOLE, TABLE_3

PRINTED = {name: np.array(TABLE_3[phases]) for name, phases in [("ed", DIASTOLE), ("es", SYSTOLE), ("dual", DUAL)]}


@pytest.mark.parametrize(("name", "errors", "total"), [("ed", 47, 1200), ("es", 54, 1200), ("dual", 20, 1198)])
def test_accuracy_of_the_printed_matrices(name: str, errors: int, total: int) -> None:
    assert accuracy(PRINTED[name]) == pytest.approx(1 - errors / total)


@pytest.mark.parametrize(
    ("name", "sensitivities"),
    [("ed", (0.937, 0.964, 0.982)), ("es", (0.909, 0.959, 0.997)), ("dual", (0.987, 0.973, 0.990))],
)
def test_sensitivities_of_the_printed_matrices(name: str, sensitivities: tuple[float, ...]) -> None:
    assert [round(own.sensitivity, 3) for own in per_class(PRINTED[name])] == list(sensitivities)


def test_the_other_figures_of_the_printed_dual_matrix() -> None:
    normal = per_class(PRINTED["dual"])[0]
    assert (normal.specificity, normal.ppv, normal.npv) == pytest.approx((790 / 803, 390 / 403, 790 / 795))


def test_balanced_accuracy_is_the_mean_sensitivity() -> None:
    assert balanced_accuracy(PRINTED["dual"]) == pytest.approx(np.mean([390 / 395, 400 / 411, 388 / 392]))


def test_macro_f1_of_the_printed_dual_matrix() -> None:
    expected = np.mean([2 * 390 / (395 + 403), 2 * 400 / (411 + 403), 2 * 388 / (392 + 392)])
    assert macro_f1(PRINTED["dual"]) == pytest.approx(expected)


def test_a_confusion_has_truth_in_rows() -> None:
    matrix = confusion(np.array([0, 0, 1]), predicted=np.array([0, 2, 1]), n_classes=3)
    assert matrix.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]


def test_the_printed_matrix_is_recovered_from_its_cases() -> None:
    truth, predicted = (np.repeat(axis.ravel(), PRINTED["ed"].ravel()) for axis in np.indices((3, 3)))
    assert np.array_equal(confusion(truth, predicted=predicted, n_classes=3), PRINTED["ed"])


def test_a_class_that_does_not_occur_has_no_sensitivity() -> None:
    figures = per_class(np.array([[2, 1, 0], [0, 3, 0], [0, 0, 0]]))
    assert np.isnan(figures[2].sensitivity)
    assert np.isnan(figures[2].ppv)


def test_nothing_has_no_accuracy() -> None:
    empty = np.zeros((3, 3), int)
    assert np.isnan([accuracy(empty), balanced_accuracy(empty), macro_f1(empty)]).all()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60))
def test_all_shares_lie_between_0_and_1(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(pairs).T
    matrix = confusion(truth, predicted=predicted, n_classes=3)
    shares = [accuracy(matrix), balanced_accuracy(matrix), macro_f1(matrix), *np.ravel(per_class(matrix))]
    known = np.array(shares)[~np.isnan(shares)]
    assert ((known >= 0) & (known <= 1)).all()


def test_a_perfect_order_has_an_area_of_1() -> None:
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    assert auroc(np.array([0, 0, 1]), probabilities=p) == (1.0, 1.0)


def test_equal_scores_have_an_area_of_one_half() -> None:
    assert auroc(np.array([0, 1, 0]), probabilities=np.full((3, 2), 0.5)) == (0.5, 0.5)


def test_the_area_of_a_known_order() -> None:
    p = np.array([[0.9], [0.6], [0.4], [0.1]])
    assert auroc(np.array([0, 1, 0, 1]), probabilities=p)[0] == pytest.approx(0.75)


def test_a_class_without_cases_has_no_area() -> None:
    assert np.isnan(auroc(np.array([0, 0]), probabilities=np.array([[0.9, 0.1], [0.8, 0.2]]))).all()


def test_the_loss_of_a_guess_is_the_logarithm_of_the_classes() -> None:
    assert log_loss(np.array([0, 2]), probabilities=np.full((2, 3), 1 / 3)) == pytest.approx(np.log(3))


def test_a_certain_error_has_a_finite_loss() -> None:
    assert log_loss(np.array([1]), probabilities=np.array([[1.0, 0.0]])) == pytest.approx(-np.log(1e-7))


def test_nothing_has_no_loss() -> None:
    assert np.isnan(log_loss(np.array([], int), probabilities=np.zeros((0, 3))))


def test_a_patient_is_called_by_the_mean_of_its_cines() -> None:
    rows = pd.DataFrame(
        {"patient_id": ["b", "b", "a"], "truth": [0, 0, 1], "p_x": [0.4, 0.9, 0.2], "p_y": [0.6, 0.1, 0.8]}
    )
    units = by_patient(rows, classes=("x", "y"))
    assert units[["patient_id", "predicted", "n_cines"]].values.tolist() == [["b", 0, 2], ["a", 1, 1]]


def test_a_patient_who_came_back_with_another_pathology_counts_twice() -> None:
    rows = pd.DataFrame({"patient_id": ["a", "a"], "truth": [0, 1], "p_x": [0.9, 0.9], "p_y": [0.1, 0.1]})
    assert len(by_patient(rows, classes=("x", "y"))) == 2


def test_the_spread_of_one_fold_is_none() -> None:
    assert np.isnan(spread(np.array([0.9])))


def test_the_spread_divides_by_n_minus_1() -> None:
    assert spread(np.array([0.8, 0.9, 1.0])) == pytest.approx(0.1)


def test_ties_of_the_highest_probability_are_counted() -> None:
    p = np.array([[0.4, 0.4, 0.2], [0.5, 0.25, 0.25], [1 / 3, 1 / 3, 1 / 3]])
    assert tied(p) == 2
