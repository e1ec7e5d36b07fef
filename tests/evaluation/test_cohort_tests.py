"""Tests of a cohort table against the paper's printed figures and an independent library."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cinemyo.evaluation.cohort_tests import anova, anova_of, chi_square, chi_square_by_patient

SEX = np.array([[148, 112, 103], [247, 299, 291]])
VIEW = np.array([[39, 39, 66], [106, 49, 50], [132, 143, 142], [118, 180, 136]])
SIZES = np.array([395, 411, 394])
AGE = (np.array([45.6, 52.5, 56.4]), np.array([15.8, 17.8, 14.3]))
TIME = (np.array([329.0, 346.0, 337.0]), np.array([35.0, 39.0, 29.0]))


def test_sex_of_the_paper() -> None:
    assert chi_square(SEX).p == pytest.approx(0.00066, abs=5e-6)


def test_views_of_the_paper() -> None:
    assert chi_square(VIEW).statistic == pytest.approx(55.5, abs=0.05)


def test_age_of_the_paper_by_input() -> None:
    found = anova_of(AGE[0], sds=AGE[1], sizes=SIZES)
    assert found.statistic == pytest.approx(45.8, abs=0.05)
    assert found.p == pytest.approx(7e-20, rel=0.1)


def test_age_of_the_paper_by_patient() -> None:
    found = anova_of(AGE[0], sds=AGE[1], sizes=np.array([209, 175, 150]))
    assert found.statistic == pytest.approx(21, abs=0.5)
    assert found.p == pytest.approx(2e-9, rel=0.5)


def test_systolic_time_of_the_paper() -> None:
    assert anova_of(TIME[0], sds=TIME[1], sizes=SIZES).p == pytest.approx(5e-11, rel=0.1)


@given(st.lists(st.integers(20, 80), min_size=6, max_size=6))
@settings(deadline=None, derandomize=True, max_examples=25)
def test_chi_square_is_that_of_scipy(counts: list[int]) -> None:
    table = np.array(counts).reshape(2, 3)
    theirs = stats.chi2_contingency(table, correction=False)
    assert (chi_square(table).statistic, chi_square(table).p) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_anova_is_that_of_scipy() -> None:
    draw = np.random.default_rng(0)
    values, classes = draw.normal(size=60), draw.integers(0, 3, 60)
    theirs = stats.f_oneway(*(values[classes == k] for k in range(3)))
    found = anova(values, classes=classes)
    assert (found.statistic, found.p) == pytest.approx((theirs.statistic, theirs.pvalue))


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([[5, 7, 9]], "one category only"),
        ([[5, 7, 9], [0, 0, 0]], "one category only"),
        ([[50, 0, 0], [40, 0, 0]], "one class only"),
        ([[1, 1, 1], [30, 30, 30]], "expected counts too small for chi-square (smallest 1.0)"),
    ],
)
def test_chi_square_is_not_run_where_it_means_nothing(counts: list[list[int]], reason: str) -> None:
    found = chi_square(np.array(counts))
    assert np.isnan(found.p)
    assert found.reason == reason


def test_an_empty_class_is_left_out() -> None:
    assert chi_square(np.array([[30, 0, 20], [20, 0, 30]])) == chi_square(np.array([[30, 20], [20, 30]]))


def test_anova_is_not_run_on_one_class() -> None:
    found = anova(np.array([1.0, 2.0, 3.0]), classes=np.array([1, 1, 1]))
    assert found.reason == "fewer than two classes with two values"


def test_anova_is_not_run_without_variance() -> None:
    found = anova(np.array([1.0, 1.0, 2.0, 2.0]), classes=np.array([0, 0, 1, 1]))
    assert found.reason == "no variance within the classes"


def by_patient(counts: np.ndarray, classes: np.ndarray, *, draws: int = 2000) -> float:
    generator = np.random.default_rng(0)
    return chi_square_by_patient(counts, classes=classes, draws=draws, generator=generator).p


def test_permuted_single_cines_have_the_p_of_chi_square() -> None:
    categories, classes = (np.repeat(axis.ravel(), SEX.ravel() // 4) for axis in np.indices(SEX.shape))
    expected = chi_square(SEX // 4).p
    assert by_patient(np.eye(2, dtype=int)[categories], classes) == pytest.approx(expected, abs=0.02)


def test_repeated_cines_of_a_patient_prove_no_more() -> None:
    draw = np.random.default_rng(4)
    classes, categories = np.repeat([0, 1, 2], 20), draw.integers(0, 4, 60)
    once, often = (times * np.eye(4, dtype=int)[categories] for times in (1, 6))
    assert by_patient(once, classes) == by_patient(often, classes)


def test_permuted_patients_find_a_planted_difference() -> None:
    classes = np.repeat([0, 1, 2], 20)
    assert by_patient(3 * np.eye(4, dtype=int)[classes], classes, draws=500) == pytest.approx(1 / 501)


def test_permuting_says_why_it_tests_nothing() -> None:
    counts, generator = np.ones((4, 1), int), np.random.default_rng(0)
    found = chi_square_by_patient(counts, classes=np.array([0, 0, 1, 1]), draws=10, generator=generator)
    assert found.reason == "one category only"
