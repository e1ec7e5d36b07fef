"""Intervals and tests against values worked out by hand or from the paper's printed figures."""

import time
from typing import Any

import numpy as np
import pytest

from cinemyo.evaluation.statistics import cluster_bootstrap, corrected_t, corrected_t_of, holm, mcnemar, wilson


def bootstrap(hits: Any, totals: Any, *, strata: Any = None, draws: int = 2000, seed: int = 0) -> tuple[float, float]:
    where = np.zeros(len(hits), int) if strata is None else np.array(strata)
    draw = np.random.default_rng(seed)
    given = {"totals": np.array(totals), "strata": where, "draws": draws, "level": 0.95, "generator": draw}
    return cluster_bootstrap(np.array(hits), **given)


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(1178, 1200, 0.972, 0.988), (762, 795, 0.942, 0.970), (219, 227, 0.932, 0.982)],
)
def test_wilson_of_the_papers_counts(hits: int, total: int, low: float, high: float) -> None:
    assert wilson(hits, total=total) == pytest.approx((low, high), abs=0.0005)


def test_wilson_of_no_error_stays_below_one() -> None:
    low, high = wilson(10, total=10)
    assert (low, high) == pytest.approx((0.7225, 1.0), abs=1e-4)


@pytest.mark.parametrize(("mean", "sd", "p"), [(0.021, 0.011, 0.059), (0.030, 0.012, 0.021)])
def test_the_corrected_t_of_table_2(mean: float, sd: float, p: float) -> None:
    of_difference = float(np.hypot(sd, 0.009))
    assert corrected_t_of(mean, sd=of_difference, folds=6, test_share=1 / 5).p == pytest.approx(p, abs=0.0005)


@pytest.mark.parametrize(("mean", "sd", "p"), [(0.021, 0.011, 0.015), (0.030, 0.012, 0.0045)])
def test_without_shared_training_it_is_students_t(mean: float, sd: float, p: float) -> None:
    of_difference = float(np.hypot(sd, 0.009))
    assert corrected_t_of(mean, sd=of_difference, folds=6, test_share=0).p == pytest.approx(p, abs=0.0005)


def test_the_corrected_t_of_fold_differences() -> None:
    differences = np.array([0.01, 0.03, 0.02, 0.04])
    expected = corrected_t_of(0.025, sd=float(differences.std(ddof=1)), folds=4, test_share=0.5)
    assert corrected_t(differences, test_share=0.5) == pytest.approx(expected)


def test_equal_folds_differ_by_chance() -> None:
    assert corrected_t(np.zeros(6), test_share=0.2).p == 1


def test_the_same_difference_in_every_fold_is_no_chance() -> None:
    assert corrected_t(np.full(6, 0.5), test_share=0.2) == (np.inf, 0)


def test_patients_who_are_all_right_give_no_width() -> None:
    assert bootstrap([2, 3, 1], [2, 3, 1]) == (1, 1)


def test_the_bootstrap_of_single_cines_is_the_binomial() -> None:
    low, high = bootstrap([1] * 90 + [0] * 10, [1] * 100, draws=20000)
    assert (low, high) == pytest.approx((0.84, 0.95), abs=0.011)


def test_repeated_cines_of_a_patient_widen_the_interval() -> None:
    alone = bootstrap([1] * 80 + [0] * 20, [1] * 100)
    together = bootstrap([4] * 20 + [0] * 5, [4] * 25)
    assert together[1] - together[0] > 1.6 * (alone[1] - alone[0])


def test_strata_keep_their_numbers_of_patients() -> None:
    assert bootstrap([1, 1, 0, 0], [1, 1, 1, 1], strata=["a", "a", "b", "b"]) == (0.5, 0.5)


def test_the_same_generator_draws_the_same() -> None:
    hits, totals = [1, 0, 2, 3], [2, 1, 2, 4]
    assert bootstrap(hits, totals, seed=4) == bootstrap(hits, totals, seed=4)


def test_a_cohort_of_the_papers_size_takes_under_two_seconds() -> None:
    draw = np.random.default_rng(0)
    totals = draw.integers(1, 5, 534)
    start = time.perf_counter()
    bootstrap(draw.binomial(totals, 0.98), totals, strata=draw.integers(0, 3, 534))
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("first", "second", "p"), [(0, 0, 1), (1, 1, 1), (0, 5, 0.0625), (5, 0, 0.0625), (2, 8, 0.109375)]
)
def test_mcnemar_is_exact(first: int, second: int, p: float) -> None:
    assert mcnemar(first, only_second=second) == pytest.approx(p)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))


def test_holm_never_passes_one() -> None:
    assert holm([0.6, 0.9]) == (1, 1)


def test_holm_leaves_out_what_was_not_tested() -> None:
    adjusted = holm([float("nan"), 0.02])
    assert np.isnan(adjusted[0])
    assert adjusted[1] == pytest.approx(0.02)
