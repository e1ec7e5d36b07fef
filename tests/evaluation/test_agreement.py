"""Kappas against independent libraries, and their intervals."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as theirs

from cinemyo.evaluation import estimates
from cinemyo.evaluation.agreement import adjusted_kappa, fleiss_interval, fleiss_kappa
from cinemyo.evaluation.intervals import clustered_kappa


def read(n: int, *, readers: int, right: float, draw: np.random.Generator, cines: int = 1) -> np.ndarray:
    """Readings of rows of patients, the cines of a patient alike."""
    truth = draw.integers(0, 3, size=n)
    wrong = draw.random((n, readers)) >= right
    calls = np.where(wrong, (truth[:, None] + draw.integers(1, 3, size=(n, readers))) % 3, truth[:, None])
    return np.repeat(calls, cines, axis=0)


READINGS = read(80, readers=4, right=0.8, draw=np.random.default_rng(0))


def test_fleiss_kappa_is_that_of_statsmodels() -> None:
    found = fleiss_kappa(READINGS, clusters=np.arange(80), n_classes=3).value
    assert found == pytest.approx(theirs(aggregate_raters(READINGS)[0]), rel=1e-12)


def test_fleiss_kappa_of_the_published_example() -> None:
    counts = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]]
    counts += [[7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    readings = np.array([np.repeat(np.arange(5), row) for row in counts])
    found = fleiss_kappa(readings, clusters=np.arange(10), n_classes=5).value
    assert found == pytest.approx(0.210, abs=5e-4)


def test_the_variance_of_fleiss_kappa_is_that_of_the_jackknife() -> None:
    without = [
        fleiss_kappa(np.delete(READINGS, k, axis=0), clusters=np.arange(79), n_classes=3).value for k in range(80)
    ]
    found = fleiss_kappa(READINGS, clusters=np.arange(80), n_classes=3).variance
    assert found == pytest.approx(79 * np.var(without), rel=0.03)


def test_cohens_kappa_is_that_of_scikit_learn_and_statsmodels() -> None:
    first, second = READINGS[:, 0], READINGS[:, 1]
    found = estimates.kappa(first, second=second, clusters=np.arange(80), n_classes=3).value
    counts = np.zeros((3, 3))
    np.add.at(counts, (first, second), 1)
    assert found == pytest.approx(cohen_kappa_score(first, second), rel=1e-12)
    assert found == pytest.approx(cohens_kappa(counts).kappa, rel=1e-12)


@pytest.mark.parametrize(("patients", "cines"), [(30, 1), (60, 3)])
def test_the_interval_of_fleiss_kappa_covers_the_truth(patients: int, cines: int) -> None:
    draw = np.random.default_rng(patients)
    many = read(200_000, readers=3, right=0.9, draw=draw)
    truth = fleiss_kappa(many, clusters=np.arange(200_000), n_classes=3).value
    clusters, covered = np.repeat(np.arange(patients), cines), 0
    for _ in range(400):
        readings = read(patients, readers=3, right=0.9, draw=draw, cines=cines)
        low, high = fleiss_interval(readings, clusters=clusters, n_classes=3)
        covered += low <= truth <= high
    assert covered / 400 >= 0.93


@pytest.mark.parametrize(("patients", "cines"), [(30, 1), (60, 3)])
def test_the_interval_of_cohens_kappa_covers_the_truth(patients: int, cines: int) -> None:
    draw = np.random.default_rng(patients)
    many = read(200_000, readers=2, right=0.9, draw=draw)
    truth = estimates.kappa(many[:, 0], second=many[:, 1], clusters=np.arange(200_000), n_classes=3).value
    clusters, covered = np.repeat(np.arange(patients), cines), 0
    for _ in range(400):
        readings = read(patients, readers=2, right=0.9, draw=draw, cines=cines)
        first, second = readings.T
        low, high = clustered_kappa(first, second=second, clusters=clusters, n_classes=3)
        covered += low <= truth <= high
    assert covered / 400 >= 0.93


def test_one_class_has_no_kappa() -> None:
    assert np.isnan(fleiss_kappa(np.zeros((5, 3), dtype=int), clusters=np.arange(5), n_classes=3).value)


def test_one_reader_has_no_kappa() -> None:
    assert np.isnan(fleiss_kappa(np.zeros((5, 1), dtype=int), clusters=np.arange(5), n_classes=3).value)


def test_no_kappa_has_the_widest_interval() -> None:
    assert fleiss_interval(np.zeros((5, 3), dtype=int), clusters=np.arange(5), n_classes=3) == (-1.0, 1.0)


def test_whole_agreement_has_an_interval_below_one() -> None:
    readings = np.repeat(np.arange(30) % 3, 2).reshape(30, 2)
    low, high = fleiss_interval(readings, clusters=np.arange(30), n_classes=3)
    assert (0.7 < low < 0.95, high) == (True, pytest.approx(1.0))


def test_agreement_by_chance_alone_adjusts_to_nil() -> None:
    assert adjusted_kappa(1 / 3, n_classes=3) == pytest.approx(0)
