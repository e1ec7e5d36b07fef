"""Intervals against independent libraries, and at the ends where others break."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from cinemyo.evaluation import estimates
from cinemyo.evaluation.intervals import (
    UNSEEN_BRIER,
    UNSEEN_NLL,
    Interval,
    clustered_auroc,
    clustered_balanced_accuracy,
    clustered_difference,
    clustered_kappa,
    clustered_loss,
    clustered_macro_f1,
    clustered_mean,
    clustered_share,
    effective_rows,
    exact,
    paired,
    t_quantile,
)

NONE = np.zeros(0, int)


def rows(right: int, *, wrong: int) -> np.ndarray:
    return np.array([1] * right + [0] * wrong)


@pytest.mark.parametrize(("hits", "total"), [(1178, 1200), (219, 227), (0, 20), (20, 20), (1, 3)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_exact_is_that_of_statsmodels(hits: int, total: int, level: float) -> None:
    assert exact(hits, total=total, level=level) == pytest.approx(
        proportion_confint(hits, total, alpha=1 - level, method="beta"), abs=1e-12
    )


def test_of_no_trial_all_is_possible() -> None:
    assert exact(0, total=0) == (0, 1)


@pytest.mark.parametrize(("right", "wrong"), [(18, 2), (20, 0), (0, 20), (500, 34)])
def test_one_row_a_patient_is_exact(right: int, wrong: int) -> None:
    share = clustered_share(rows(right, wrong=wrong), clusters=np.arange(right + wrong))
    assert share == pytest.approx(exact(right, total=right + wrong))


def test_of_patients_who_are_all_right_the_rows_count_as_alike() -> None:
    clusters = np.repeat(np.arange(20), 3)
    assert clustered_share(np.ones(60, int), clusters=clusters) == pytest.approx(exact(20, total=20))


def test_rows_without_any_spread_between_patients_are_worth_no_more_than_they_are() -> None:
    hits, clusters = np.tile([1, 0], 30), np.repeat(np.arange(30), 2)
    low, high = clustered_share(hits, clusters=clusters)
    rigid = exact(30, total=60)
    assert low <= rigid.low
    assert high >= rigid.high


def test_alike_rows_widen_the_interval() -> None:
    alone = clustered_share(np.repeat(rows(16, wrong=4), 3), clusters=np.arange(60))
    together = clustered_share(np.repeat(rows(16, wrong=4), 3), clusters=np.repeat(np.arange(20), 3))
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_alike_rows_are_worth_their_patients() -> None:
    estimate = estimates.share(np.repeat(rows(150, wrong=50), 3), clusters=np.repeat(np.arange(200), 3))
    assert effective_rows(estimate, rows=600) == pytest.approx(200, rel=0.02)


def test_one_patient_is_one_trial() -> None:
    assert clustered_share(np.ones(6, int), clusters=np.zeros(6, int)) == pytest.approx(exact(1, total=1))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(hits=st.lists(st.integers(0, 1), min_size=1, max_size=40), patients=st.integers(1, 12))
def test_a_share_lies_in_its_interval(hits: list[int], patients: int) -> None:
    low, high = clustered_share(np.array(hits), clusters=np.arange(len(hits)) % patients)
    assert 0 <= low <= np.mean(hits) + 1e-9
    assert np.mean(hits) - 1e-9 <= high <= 1


def test_the_mean_of_single_rows_is_students() -> None:
    values = np.random.default_rng(1).standard_normal(30)
    assert clustered_mean(values, clusters=np.arange(30)) == pytest.approx(DescrStatsW(values).tconfint_mean())


def test_the_mean_of_one_patient_may_be_anything() -> None:
    assert clustered_mean(np.ones(4), clusters=np.zeros(4, int)) == (-math.inf, math.inf)


def test_the_same_value_in_every_patient_has_no_width() -> None:
    assert clustered_mean(np.ones(4), clusters=np.arange(4)) == (1, 1)


def test_no_loss_is_below_nil() -> None:
    losses = np.r_[np.zeros(19), 5.0]
    assert clustered_mean(losses, clusters=np.arange(20)).low < 0
    assert clustered_loss(losses, clusters=np.arange(20), unseen=UNSEEN_NLL).low >= 0


def test_a_loss_of_many_patients_is_about_students() -> None:
    losses = np.random.default_rng(2).exponential(size=4000)
    ours = clustered_loss(losses, clusters=np.arange(4000), unseen=UNSEEN_NLL)
    assert ours == pytest.approx(clustered_mean(losses, clusters=np.arange(4000)), abs=0.005)


def test_losses_that_are_all_nil_may_still_be_more() -> None:
    low, high = clustered_loss(np.zeros(20), clusters=np.arange(20), unseen=UNSEEN_BRIER)
    assert low == 0
    assert high == pytest.approx(-math.log(0.025) / 20)


def test_the_loss_of_one_patient_may_be_anything() -> None:
    assert clustered_loss(np.ones(3), clusters=np.zeros(3, int), unseen=UNSEEN_NLL) == (0, math.inf)


def agresti_min(only_first: int, only_second: int, total: int, *, quantile: float) -> Interval:
    """Written out from Agresti and Min 2005, adjusted Wald with half a patient in each cell."""
    b, c, n = only_first + 0.5, only_second + 0.5, total + 2
    half = quantile * math.sqrt(b + c - (c - b) ** 2 / n) / n
    return Interval((c - b) / n - half, (c - b) / n + half)


@pytest.mark.parametrize(("only_first", "only_second", "total"), [(0, 0, 20), (5, 1, 60), (2, 9, 534)])
def test_a_difference_of_single_rows_is_that_of_agresti_and_min(only_first: int, only_second: int, total: int) -> None:
    first = np.r_[np.ones(only_first, int), np.zeros(only_second, int), np.ones(total - only_first - only_second, int)]
    second = np.r_[np.zeros(only_first, int), np.ones(total - only_first, int)]
    expected = agresti_min(only_first, only_second, total, quantile=t_quantile(total - 1))
    assert clustered_difference(first, second=second, clusters=np.arange(total)) == pytest.approx(expected)


def test_a_difference_changes_its_sign_with_the_order() -> None:
    draw = np.random.default_rng(3)
    first, second, clusters = draw.integers(0, 2, 90), draw.integers(0, 2, 90), np.arange(90) // 2
    low, high = clustered_difference(first, second=second, clusters=clusters)
    assert clustered_difference(second, second=first, clusters=clusters) == pytest.approx((-high, -low))


def test_models_that_never_differ_may_still_do() -> None:
    same = np.ones(40, int)
    low, high = clustered_difference(same, second=same, clusters=np.repeat(np.arange(20), 2))
    assert (low, high) == pytest.approx(agresti_min(0, 0, 20, quantile=t_quantile(19)))


def test_rows_of_a_patient_that_differ_alike_widen_the_difference() -> None:
    first, second = np.repeat(rows(15, wrong=5), 3), np.repeat(rows(19, wrong=1), 3)
    alone = clustered_difference(first, second=second, clusters=np.arange(60))
    together = clustered_difference(first, second=second, clusters=np.repeat(np.arange(20), 3))
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_difference_of_less_than_two_patients_may_be_anything(n: int) -> None:
    hits = np.ones(n, int)
    assert clustered_difference(hits, second=hits, clusters=np.zeros(n, int)) == (-1, 1)
    assert paired(hits, second=hits, clusters=np.zeros(n, int)).freedom == 0


def test_an_area_without_an_exception_is_not_sure() -> None:
    low, high = clustered_auroc(np.arange(20) > 9, scores=np.arange(20.0), clusters=np.arange(20))
    assert (low, high) == pytest.approx(exact(10, total=10))


def test_an_area_of_nothing_right_is_its_mirror() -> None:
    scores = np.arange(20.0)
    best, worst = (clustered_auroc(np.arange(20) > 9, scores=s, clusters=np.arange(20)) for s in (scores, -scores))
    assert worst == pytest.approx((1 - best.high, 1 - best.low))


@pytest.mark.parametrize("positive", [np.zeros(5, bool), np.ones(5, bool), np.zeros(0, bool)])
def test_an_area_of_one_class_may_be_anything(positive: np.ndarray) -> None:
    n = len(positive)
    assert clustered_auroc(positive, scores=np.zeros(n), clusters=np.arange(n)) == (0, 1)


def test_scores_that_are_all_tied_have_an_area_of_a_half() -> None:
    low, high = clustered_auroc(np.arange(40) > 9, scores=np.zeros(40), clusters=np.arange(40))
    assert low < 0.5 < high


def test_kappa_of_full_agreement_is_not_sure() -> None:
    truth = np.arange(30) % 3
    low, high = clustered_kappa(truth, second=truth, clusters=np.arange(30), n_classes=3)
    assert (low, high) == pytest.approx((1 - 1.5 * (1 - exact(30, total=30).low), 1))


def test_kappa_of_single_rows_is_about_the_normal_one_of_statsmodels() -> None:
    truth = np.repeat([0, 1, 2], 400)
    called = np.where(np.arange(1200) % 5 == 0, (truth + 1) % 3, truth)
    theirs = cohens_kappa(np.bincount(3 * truth + called, minlength=9).reshape(3, 3))
    low, high = clustered_kappa(truth, second=called, clusters=np.arange(1200), n_classes=3)
    assert (low, high) == pytest.approx((theirs.kappa_low, theirs.kappa_upp), abs=0.003)


@pytest.mark.parametrize("n", [0, 4])
def test_kappa_of_one_class_may_be_anything(n: int) -> None:
    same = np.zeros(n, int)
    assert clustered_kappa(same, second=same, clusters=np.arange(n), n_classes=2) == (-1, 1)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 30), patients=st.integers(1, 10))
def test_every_interval_has_two_ends_in_order_and_in_range(seed: int, n: int, patients: int) -> None:
    draw = np.random.default_rng(seed)
    truth, called, clusters = draw.integers(0, 3, n), draw.integers(0, 3, n), draw.integers(0, patients, n)
    for low, high in (
        clustered_auroc(truth == 1, scores=draw.random(n).round(1), clusters=clusters),
        clustered_kappa(truth, second=called, clusters=clusters, n_classes=3),
        clustered_balanced_accuracy(truth, predicted=called, clusters=clusters),
        clustered_macro_f1(truth, predicted=called, clusters=clusters),
        clustered_difference((truth == 1).astype(int), second=(called == 1).astype(int), clusters=clusters),
    ):
        assert -1 <= low <= high <= 1


@pytest.mark.parametrize("interval", [clustered_balanced_accuracy, clustered_macro_f1])
def test_a_figure_of_nothing_may_be_anything(interval: Callable[..., Interval]) -> None:
    assert interval(NONE, predicted=NONE, clusters=NONE) == (0, 1)


def test_a_share_of_nothing_may_be_anything() -> None:
    assert clustered_share(NONE, clusters=NONE) == (0, 1)


def test_a_balanced_accuracy_counts_a_class_of_one_patient_as_unknown() -> None:
    truth, clusters = np.array([0] * 10 + [1]), np.arange(11)
    low, high = clustered_balanced_accuracy(truth, predicted=truth, clusters=clusters)
    assert low < 0.5
    assert high == 1


def test_a_higher_level_is_wider() -> None:
    hits, clusters = rows(50, wrong=10), np.arange(60) // 2
    narrow, wide = (clustered_share(hits, clusters=clusters, level=level) for level in (0.9, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
