"""Estimates and their variances against independent libraries, the formulas written out, and the jackknife."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score, roc_auc_score
from statsmodels.stats.inter_rater import cohens_kappa

from cinemyo.evaluation import estimates
from cinemyo.evaluation.estimates import Estimate

DRAW = np.random.default_rng(5)
CLUSTERS = np.repeat(np.arange(60), DRAW.integers(1, 5, 60))
N = len(CLUSTERS)
ALONE = np.arange(N)
TRUTH = DRAW.integers(0, 3, 60)[CLUSTERS]
CALLED = np.where(DRAW.random(N) < 0.75, TRUTH, DRAW.integers(0, 3, N))
SCORES = np.round(DRAW.standard_normal(N) + (TRUTH == 1), 1)
POSITIVE = TRUTH == 1


def figure(name: str, *, rows: Any = slice(None), clusters: Any = CLUSTERS) -> Estimate:
    truth, called, own = TRUTH[rows], CALLED[rows], clusters[rows]
    if name == "kappa":
        return estimates.kappa(truth, second=called, clusters=own, n_classes=3)
    if name == "auroc":
        return estimates.auroc(truth == 1, scores=SCORES[rows], clusters=own)
    if name == "share":
        return estimates.share((truth == called).astype(int), clusters=own)
    of = {"balanced accuracy": estimates.balanced_accuracy, "macro F1": estimates.macro_f1}[name]
    return of(truth, predicted=called, clusters=own)


NAMES = ["share", "kappa", "auroc", "balanced accuracy", "macro F1"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kappa", cohen_kappa_score(TRUTH, CALLED)),
        ("auroc", roc_auc_score(POSITIVE, SCORES)),
        ("balanced accuracy", balanced_accuracy_score(TRUTH, CALLED)),
        ("macro F1", f1_score(TRUTH, CALLED, average="macro")),
    ],
)
def test_values_are_those_of_scikit_learn(name: str, expected: float) -> None:
    assert figure(name).value == pytest.approx(expected, abs=1e-12)


def test_the_variance_of_kappa_over_single_rows_is_that_of_statsmodels() -> None:
    table = np.bincount(3 * TRUTH + CALLED, minlength=9).reshape(3, 3)
    assert figure("kappa", clusters=ALONE).variance * (N - 1) / N == pytest.approx(cohens_kappa(table).var_kappa)


def test_the_variance_of_an_area_over_single_rows_is_delongs() -> None:
    higher = SCORES[POSITIVE][:, None] > SCORES[~POSITIVE]
    wins = higher + 0.5 * (SCORES[POSITIVE][:, None] == SCORES[~POSITIVE])
    parts = [wins.mean(axis=axis).var(ddof=1) / wins.shape[1 - axis] for axis in (0, 1)]
    assert figure("auroc", clusters=ALONE).variance == pytest.approx(sum(parts))


def test_the_clustered_variance_of_an_area_is_obuchowskis(monkeypatch: pytest.MonkeyPatch) -> None:
    wins = (SCORES[POSITIVE][:, None] > SCORES[~POSITIVE]) + 0.5 * (SCORES[POSITIVE][:, None] == SCORES[~POSITIVE])
    expected = 0.0
    for side, axis in ((POSITIVE, 1), (~POSITIVE, 0)):
        away, own = wins.mean(axis=axis) - wins.mean(), CLUSTERS[side]
        sums = np.array([away[own == patient].sum() for patient in np.unique(own)])
        expected += len(sums) / (len(sums) - 1) * (sums**2).sum() / side.sum() ** 2
    monkeypatch.setattr(estimates, "LEANING", 0.0)
    assert figure("auroc").variance == pytest.approx(expected)


def test_the_design_effect_lies_between_the_seen_and_that_of_alike_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    leaning = figure("share").effect
    monkeypatch.setattr(estimates, "LEANING", 0.0)
    assert figure("share").effect < leaning < N / estimates.alike(CLUSTERS)


@pytest.mark.parametrize("name", NAMES)
def test_variances_are_about_those_of_the_jackknife_over_patients(name: str) -> None:
    left = np.array([figure(name, rows=patient != CLUSTERS).value for patient in range(60)])
    jackknife = 59 / 60 * ((left - left.mean()) ** 2).sum()
    assert figure(name).variance == pytest.approx(jackknife, rel=0.2)


@pytest.mark.parametrize("name", NAMES)
def test_single_rows_have_no_design_effect(name: str) -> None:
    assert figure(name, clusters=ALONE).effect == pytest.approx(1)


@pytest.mark.parametrize("name", NAMES)
def test_rows_twice_are_worth_them_once(name: str) -> None:
    once, twice = figure(name, clusters=ALONE), figure(name, rows=np.tile(ALONE, 2), clusters=ALONE)
    assert twice.effect == pytest.approx(2, rel=0.02)
    assert twice.variance == pytest.approx(once.variance, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, derandomize=True, max_examples=20)
@given(seed=st.integers(0, 1000))
def test_the_order_of_rows_is_nothing(name: str, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(N)
    assert figure(name, rows=order) == pytest.approx(figure(name))


def test_names_of_patients_are_nothing() -> None:
    names = np.array([f"P{patient % 7}-{patient}" for patient in CLUSTERS], dtype=object)
    assert figure("share", clusters=names) == figure("share")


def test_alike_rows_of_equal_patients_are_worth_their_patients() -> None:
    assert estimates.alike(np.repeat(np.arange(9), 4)) == pytest.approx(9)


def test_alike_rows_of_unequal_patients_are_worth_fewer() -> None:
    assert estimates.alike(np.array([0, 0, 0, 1])) == pytest.approx(16 / 10)


def test_a_patient_may_have_rows_on_both_sides_of_an_area() -> None:
    estimate = estimates.auroc(np.arange(40) % 2 == 0, scores=np.arange(40.0), clusters=np.arange(40) // 2)
    assert estimate.value == pytest.approx(roc_auc_score(np.arange(40) % 2 == 0, np.arange(40.0)))
    assert estimate.variance > 0


@pytest.mark.parametrize("n_positive", [0, 4])
def test_an_area_with_an_empty_side_is_unknown(n_positive: int) -> None:
    positive = np.arange(4) < n_positive
    assert np.isnan(estimates.auroc(positive, scores=np.arange(4.0), clusters=np.arange(4)).value)


def test_one_patient_tells_nothing_of_others() -> None:
    estimate = estimates.share(np.array([1, 1, 0]), clusters=np.zeros(3, int))
    assert (estimate.freedom, estimate.least) == (0, 1)


def test_a_class_seen_in_one_patient_leaves_the_variance_unknown() -> None:
    truth, clusters = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2])
    assert estimates.balanced_accuracy(truth, predicted=truth[::-1].copy(), clusters=clusters).freedom == 0


def test_kappa_has_no_value_where_all_is_one_class() -> None:
    same = np.ones(5, int)
    assert np.isnan(estimates.kappa(same, second=same, clusters=np.arange(5), n_classes=2).value)


def test_nothing_has_no_estimate() -> None:
    none = np.zeros(0, int)
    found = [
        estimates.share(none, clusters=none),
        estimates.kappa(none, second=none, clusters=none, n_classes=2),
        estimates.auroc(none == 1, scores=none.astype(float), clusters=none),
        estimates.balanced_accuracy(none, predicted=none, clusters=none),
        estimates.macro_f1(none, predicted=none, clusters=none),
    ]
    assert all(np.isnan(estimate.value) and estimate.freedom == 0 for estimate in found)
