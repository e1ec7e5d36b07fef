"""Calibration intercept and slope against an independent library, and where they do not exist."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import special

from cinemyo.evaluation.intervals import t_quantile
from cinemyo.evaluation.recalibration import intercept, is_separated, log_odds, slope


def drawn(n: int, *, turn: float, add: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A class drawn at odds of which the log odds given are `turn` times as spread and less `add`."""
    draw = np.random.default_rng(seed)
    odds = 1.5 * draw.normal(size=n)
    return draw.random(n) < special.expit(odds / turn + add), odds


def test_the_slope_is_that_of_statsmodels() -> None:
    positive, odds = drawn(150, turn=1.4, add=0.3)
    found = slope(positive, odds=odds, clusters=np.arange(150))
    theirs = sm.Logit(positive.astype(float), sm.add_constant(odds)).fit(disp=False, cov_type="HC0")
    expected = [theirs.params[1], theirs.bse[1] * np.sqrt(150 / 149)]
    assert [found.value, found.variance**0.5] == pytest.approx(expected, rel=1e-6)


def test_the_intercept_is_that_of_statsmodels_at_slope_one() -> None:
    positive, odds = drawn(150, turn=1.0, add=0.5)
    found = intercept(positive, odds=odds, clusters=np.arange(150))
    model = sm.GLM(positive.astype(float), np.ones(150), family=sm.families.Binomial(), offset=odds)
    theirs = model.fit(cov_type="HC0")
    expected = [theirs.params[0], theirs.bse[0] * np.sqrt(150 / 149)]
    assert [found.value, found.variance**0.5] == pytest.approx(expected, rel=1e-6)


def test_the_slope_of_overconfident_odds_is_below_one() -> None:
    positive, odds = drawn(20_000, turn=2.0)
    assert slope(positive, odds=odds, clusters=np.arange(20_000)).value == pytest.approx(0.5, abs=0.03)


def test_the_intercept_of_a_class_called_too_rarely_is_above_none() -> None:
    positive, odds = drawn(20_000, turn=1.0, add=0.7)
    assert intercept(positive, odds=odds, clusters=np.arange(20_000)).value == pytest.approx(0.7, abs=0.06)


def test_rows_of_a_patient_widen_the_interval() -> None:
    positive, odds = drawn(60, turn=1.0)
    positive, odds, clusters = np.repeat(positive, 4), np.repeat(odds, 4), np.repeat(np.arange(60), 4)
    apart, together = (slope(positive, odds=odds, clusters=own) for own in (np.arange(240), clusters))
    assert together.variance > 3 * apart.variance


@pytest.mark.parametrize(("patients", "cines"), [(100, 1), (100, 3)])
def test_the_interval_of_the_slope_covers_the_truth(patients: int, cines: int) -> None:
    hits, clusters, draw = 0, np.repeat(np.arange(patients), cines), np.random.default_rng(3)
    for _ in range(400):
        odds = np.repeat(1.5 * draw.normal(size=patients), cines)
        positive = np.repeat(draw.random(patients), cines) < special.expit(odds / 1.5)
        found = slope(positive, odds=odds, clusters=clusters)
        half = t_quantile(found.freedom) * found.variance**0.5
        hits += abs(found.value - 1 / 1.5) <= half
    assert hits / 400 >= 0.93


def test_a_class_parted_without_overlap_has_no_slope() -> None:
    positive = np.array([False, False, True, True])
    assert np.isnan(slope(positive, odds=np.array([-2.0, -1.0, 1.0, 2.0]), clusters=np.arange(4)).value)


def test_a_class_without_rows_has_no_intercept() -> None:
    assert np.isnan(intercept(np.zeros(4, dtype=bool), odds=np.zeros(4), clusters=np.arange(4)).value)


def test_equal_odds_have_no_slope() -> None:
    assert is_separated(np.array([True, False, True]), odds=np.zeros(3))


def test_odds_of_nothing_and_of_all_are_finite() -> None:
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
