"""Bootstraps of patients against scipy's, and figures of many matrices against those of one."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from cinemyo.evaluation import metrics
from cinemyo.evaluation.bootstrap import (
    balanced_accuracies,
    bca_interval,
    bootstrap_interval,
    cluster_draws,
    confusion_draws,
    macro_f1s,
)

VALUES = np.random.default_rng(1).exponential(size=40)


def draws(strata: list[str], *, n: int = 3000, seed: int = 0) -> np.ndarray:
    return cluster_draws(np.array(strata, dtype=object), draws=n, generator=np.random.default_rng(seed))


def drawn_means() -> np.ndarray:
    return draws(["a"] * 40, n=20_000) @ VALUES / 40


def test_strata_keep_their_numbers_of_patients() -> None:
    times = draws(["a", "b", "a", "b", "b"])
    assert (times[:, [0, 2]].sum(axis=1) == 2).all()
    assert (times[:, [1, 3, 4]].sum(axis=1) == 3).all()


def test_a_patient_alone_in_a_stratum_is_always_drawn() -> None:
    assert (draws(["a", "a", "b"])[:, 2] == 1).all()


def test_every_patient_is_drawn_once_on_average() -> None:
    assert draws(["a"] * 10).mean(axis=0) == pytest.approx(1, abs=0.08)


def test_the_same_generator_draws_the_same() -> None:
    assert (draws(["a", "a", "b"], seed=4) == draws(["a", "a", "b"], seed=4)).all()


def test_no_patients_are_drawn_of_none() -> None:
    assert draws([]).shape == (3000, 0)


def test_the_percentile_interval_is_that_of_scipy() -> None:
    theirs = stats.bootstrap((VALUES,), np.mean, n_resamples=20_000, method="percentile", rng=0).confidence_interval
    assert bootstrap_interval(drawn_means()) == pytest.approx(theirs, abs=0.01)


def test_the_corrected_interval_is_that_of_scipy() -> None:
    theirs = stats.bootstrap((VALUES,), np.mean, n_resamples=20_000, method="BCa", rng=0)
    jackknife = (VALUES.sum() - VALUES) / 39
    ours = bca_interval(float(VALUES.mean()), theirs.bootstrap_distribution, jackknife)
    assert ours == pytest.approx(theirs.confidence_interval, abs=1e-3)


def test_the_corrected_interval_of_our_draws_is_that_of_scipy() -> None:
    theirs = stats.bootstrap((VALUES,), np.mean, n_resamples=20_000, method="BCa", rng=0).confidence_interval
    ours = bca_interval(float(VALUES.mean()), drawn_means(), (VALUES.sum() - VALUES) / 39)
    assert ours == pytest.approx(theirs, abs=0.02)


def test_draws_on_one_side_of_the_figure_stand_uncorrected() -> None:
    values = np.linspace(0, 1, 101)
    assert bca_interval(2.0, values, np.arange(5.0)) == bootstrap_interval(values)


def test_draws_that_are_all_the_figure_have_no_width() -> None:
    assert bca_interval(1.0, np.ones(50), np.ones(5)) == (1, 1)


def test_draws_without_a_value_are_left_out() -> None:
    assert bootstrap_interval(np.r_[np.full(10, np.nan), np.full(90, 0.5)]) == (0.5, 0.5)


def test_without_any_draw_the_figure_may_be_anything() -> None:
    nothing = np.full(3, np.nan)
    assert bootstrap_interval(nothing) == (-math.inf, math.inf)
    assert bca_interval(0.5, nothing, np.ones(3)) == (-math.inf, math.inf)


def cohort(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 3, (30, 3, 3))


def test_matrices_of_draws_are_sums_over_the_patients_drawn() -> None:
    matrices, times = cohort(), draws(["a"] * 30, n=7)
    expected = sum(times[2, patient] * matrices[patient] for patient in range(30))
    assert (confusion_draws(matrices, times)[2] == expected).all()


@pytest.mark.parametrize(
    ("many", "one"),
    [
        (balanced_accuracies, metrics.balanced_accuracy),
        (macro_f1s, metrics.macro_f1),
    ],
)
def test_figures_of_many_matrices_are_those_of_each(many: Callable[..., np.ndarray], one: Callable[..., float]) -> None:
    matrices = np.concatenate([cohort(), np.zeros((1, 3, 3), int), np.diag([0, 3, 0])[None]])
    expected = [one(matrix) for matrix in matrices]
    assert many(matrices) == pytest.approx(np.array(expected), nan_ok=True)


def test_macro_f1_is_that_of_scikit_learn() -> None:
    matrix = np.array([[5, 1, 0], [2, 7, 1], [0, 0, 4]])
    truth, predicted = (np.repeat(axis.ravel(), matrix.ravel()) for axis in np.indices((3, 3)))
    assert macro_f1s(matrix[None])[0] == pytest.approx(f1_score(truth, predicted, average="macro"))


def test_a_cohort_of_the_papers_size_is_drawn_within_seconds() -> None:
    truth = np.random.default_rng(0).integers(0, 3, 534)
    times = cluster_draws(truth, draws=2000, generator=np.random.default_rng(0))
    assert confusion_draws(np.eye(9, dtype=int)[truth * 4].reshape(-1, 3, 3), times).shape == (2000, 3, 3)
