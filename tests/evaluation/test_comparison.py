"""Tests and verdicts against independent libraries, the paper's printed figures, and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as theirs
from statsmodels.stats.multitest import multipletests

from cinemyo.evaluation.comparison import (
    Verdict,
    corrected_t,
    corrected_t_of,
    detectable_difference,
    holm,
    mcnemar,
    mcnemar_power,
    non_inferiority,
    tost,
)


@pytest.mark.parametrize(("mean", "sd", "p"), [(0.021, 0.011, 0.059), (0.030, 0.012, 0.021)])
def test_the_corrected_t_of_table_2(mean: float, sd: float, p: float) -> None:
    of_difference = float(np.hypot(sd, 0.009))
    assert corrected_t_of(mean, sd=of_difference, folds=6, test_share=1 / 5).p == pytest.approx(p, abs=0.0005)


@pytest.mark.parametrize(("mean", "sd", "p"), [(0.021, 0.011, 0.015), (0.030, 0.012, 0.0045)])
def test_students_paired_t_of_table_2(mean: float, sd: float, p: float) -> None:
    of_difference = float(np.hypot(sd, 0.009))
    assert corrected_t_of(mean, sd=of_difference, folds=6, test_share=0).p == pytest.approx(p, abs=0.0005)


def test_without_shared_training_it_is_the_paired_t_of_scipy() -> None:
    first, second = np.random.default_rng(0).random((2, 6))
    expected = stats.ttest_rel(first, second)
    assert corrected_t(first - second, test_share=0) == pytest.approx((expected.statistic, expected.pvalue))


def test_the_corrected_t_of_fold_differences() -> None:
    differences = np.array([0.01, 0.03, 0.02, 0.04])
    expected = corrected_t_of(0.025, sd=float(differences.std(ddof=1)), folds=4, test_share=0.5)
    assert corrected_t(differences, test_share=0.5) == pytest.approx(expected)


def test_equal_folds_differ_by_chance() -> None:
    assert corrected_t(np.zeros(6), test_share=0.2).p == 1


def test_the_same_difference_in_every_fold_is_no_chance() -> None:
    assert corrected_t(np.full(6, 0.5), test_share=0.2) == (np.inf, 0)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(first=st.integers(0, 40), second=st.integers(0, 40))
def test_mcnemar_is_the_exact_one_of_statsmodels(first: int, second: int) -> None:
    expected = theirs([[10, first], [second, 10]], exact=True).pvalue
    assert mcnemar(first, only_second=second) == pytest.approx(expected)


@pytest.mark.parametrize("n", range(1, 9))
def test_holm_is_that_of_statsmodels(n: int) -> None:
    values = np.random.default_rng(n).random(n).round(1) / 4
    assert holm(values.tolist()) == pytest.approx(tuple(multipletests(values, method="holm")[1]))


def test_holm_leaves_out_what_was_not_tested() -> None:
    adjusted = holm([float("nan"), 0.02])
    assert np.isnan(adjusted[0])
    assert adjusted[1] == pytest.approx(0.02)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(difference=st.floats(-0.1, 0.1), error=st.floats(0.005, 0.05))
def test_an_interval_within_the_margin_is_two_one_sided_tests(difference: float, error: float) -> None:
    half = float(stats.t.ppf(0.975, 59)) * error
    found = tost(difference, low=difference - half, high=difference + half, margin=0.05, n=60, discordant_share=0.1)
    p = max(stats.t.sf((difference + 0.05) / error, 59), stats.t.cdf((difference - 0.05) / error, 59))
    assert (found.verdict == "equivalent") == (p < 0.025)


def verdict(low: float, high: float, n: int = 2000) -> Verdict:
    return tost((low + high) / 2, low=low, high=high, margin=0.02, n=n, discordant_share=0.05)


def test_an_interval_within_the_margin_is_equivalent() -> None:
    assert verdict(-0.01, 0.015).verdict == "equivalent"


@pytest.mark.parametrize(("low", "high"), [(-0.03, 0.01), (-0.01, 0.03), (0.03, 0.05), (-0.02, 0.02)])
def test_an_interval_that_leaves_the_margin_shows_nothing(low: float, high: float) -> None:
    assert verdict(low, high).verdict == "not shown"


def test_too_few_patients_say_how_many_it_takes() -> None:
    found = verdict(-0.03, 0.03, n=60)
    assert found.verdict == f"not powered: needs {found.needs} patients"
    assert found.needs == pytest.approx(1330, abs=5)


def test_few_patients_who_show_it_are_enough() -> None:
    assert verdict(-0.01, 0.01, n=60).verdict == "equivalent"


def no_worse(low: float, high: float, n: int = 2000) -> Verdict:
    return non_inferiority((low + high) / 2, low=low, high=high, margin=0.02, n=n, discordant_share=0.05)


def test_better_by_any_amount_is_not_inferior() -> None:
    assert no_worse(0.05, 0.15).verdict == "non-inferior"


def test_a_lower_bound_beyond_the_margin_shows_nothing() -> None:
    assert no_worse(-0.021, 0.15).verdict == "not shown"


def test_few_patients_do_not_show_that_it_is_no_worse() -> None:
    assert no_worse(-0.05, 0.05, n=40).verdict.startswith("not powered: needs 9")


@pytest.mark.parametrize(("n", "share", "difference"), [(60, 0.2, 0.15), (200, 0.1, 0.06), (40, 0.1, 0.3)])
def test_the_power_of_mcnemar_is_that_of_simulation(n: int, share: float, difference: float) -> None:
    discordant = max(share, difference)
    chances = [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant]
    counts = np.random.default_rng(0).multinomial(n, chances, size=4000)
    found = np.mean([mcnemar(int(one), only_second=int(other)) <= 0.05 for one, other, _ in counts])
    assert mcnemar_power(n, discordant_share=share, difference=difference) == pytest.approx(found, abs=0.025)


def test_without_a_difference_mcnemar_finds_one_at_most_at_its_level() -> None:
    assert mcnemar_power(534, discordant_share=0.06, difference=0.0) <= 0.05


@pytest.mark.parametrize(("n", "difference"), [(0, 0.5), (60, 0.0)])
def test_where_nothing_can_differ_there_is_no_power(n: int, difference: float) -> None:
    assert mcnemar_power(n, discordant_share=0.0, difference=difference) == 0


@pytest.mark.parametrize(("n", "share"), [(20, 0.1), (60, 0.05), (534, 0.05), (100_000, 0.05)])
def test_the_detectable_difference_has_the_asked_power(n: int, share: float) -> None:
    found = detectable_difference(n, share)
    assert mcnemar_power(n, discordant_share=share, difference=found) == pytest.approx(0.8, abs=0.01)


def test_more_patients_detect_less() -> None:
    found = [detectable_difference(n, 0.06) for n in (20, 60, 120, 534)]
    assert found == sorted(found, reverse=True)


def test_five_patients_detect_nothing() -> None:
    assert detectable_difference(5, 0.2) == math.inf


def test_more_power_takes_a_larger_difference() -> None:
    assert detectable_difference(100, 0.1, power=0.9) > detectable_difference(100, 0.1)
