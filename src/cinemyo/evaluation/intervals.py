"""Intervals that hold on small cohorts: as exact ones, of as many rows as those of the patients are worth.

Percentile bootstraps of patients cover too little below some hundred of them, and nothing at all where every answer was
right. Nothing here fails on too few rows: where nothing is known the interval is all that the figure can be.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy import special

from cinemyo.evaluation import estimates
from cinemyo.evaluation.estimates import Estimate, numbered

UNSEEN_NLL: Final = math.log(10)
"""Of a patient whose class was given one chance in ten."""

UNSEEN_BRIER: Final = 1.0
"""Of a patient whose class was missed, half way to the most that a Brier score can be."""


class Interval(NamedTuple):
    """Lower and upper bound."""

    low: float
    high: float


def t_quantile(freedom: float, *, level: float = 0.95) -> float:
    """Half-width, in standard errors, of a two-sided interval of Student's t; infinite without a degree of freedom."""
    return float(special.stdtrit(freedom, (1 + level) / 2)) if freedom > 0 else float("inf")


def exact(hits: float, *, total: float, level: float = 0.95) -> Interval:
    """Clopper and Pearson's interval of a share of independent trials; of none, 0 to 1. Counts may be effective ones.

    Source: Clopper and Pearson 1934
    """
    tail, misses = (1 - level) / 2, total - hits
    low = float(special.betaincinv(hits, misses + 1, tail)) if hits > 0 else 0.0
    high = float(special.betaincinv(hits + 1, misses, 1 - tail)) if misses > 0 else 1.0
    return Interval(low, high)


def effective_rows(estimate: Estimate, *, rows: int, level: float = 0.95) -> float:
    """Independent rows that a share, or what lies between 0 and 1 like one, is worth; never above the rows there are.

    Fewer for the unsure variance of few patients; where the variance says nothing, as if a patient's rows were alike.

    Source: Korn and Graubard 1998, Survey Methodology 24:193
    """
    spread = estimate.value * (1 - estimate.value)
    if estimate.freedom <= 0 or estimate.variance <= 0 or spread <= 0:
        return estimate.least
    few = t_quantile(rows - 1, level=level) / t_quantile(estimate.freedom, level=level)
    alone = min(rows, spread * rows / (estimate.variance / estimate.effect * (rows - 1)))
    return float(min(rows, alone / estimate.effect * few**2))


def of_share(estimate: Estimate, *, rows: int, level: float = 0.95) -> Interval:
    """Exact interval, at its effective number of rows, of what lies between 0 and 1; of nan, 0 to 1."""
    if np.isnan(estimate.value):
        return Interval(0.0, 1.0)
    total = effective_rows(estimate, rows=rows, level=level)
    return exact(estimate.value * total, total=total, level=level)


def clustered_share(
    hits: Int[np.ndarray, " row"], *, clusters: Shaped[np.ndarray, " row"], level: float = 0.95
) -> Interval:
    """Interval of the share of hits (0 or 1) over rows of patients; with one row a patient it is `exact`.

    Departs from §2.7: the paper gives no interval and takes inputs as independent.
    """
    return of_share(estimates.share(hits, clusters=clusters), rows=len(hits), level=level)


def clustered_mean(
    values: Float[np.ndarray, " row"], *, clusters: Shaped[np.ndarray, " row"], level: float = 0.95
) -> Interval:
    """Interval of the mean of rows, Student's over patients; below two patients, the whole line.

    For a loss, which is skewed, see `clustered_loss`; for a share `clustered_share`.
    """
    estimate = estimates.mean(values, clusters=clusters)
    if estimate.freedom <= 0:
        return Interval(float("-inf"), float("inf"))
    half = t_quantile(estimate.freedom, level=level) * estimate.variance**0.5
    return Interval(estimate.value - half, estimate.value + half)


def clustered_loss(
    values: Float[np.ndarray, " row"],
    *,
    clusters: Shaped[np.ndarray, " row"],
    unseen: float,
    level: float = 0.95,
) -> Interval:
    """Interval of the mean of a loss, none below 0: Gamma's, as losses are skewed; below two patients, 0 to infinity.

    `unseen` is the mean loss that one more patient is taken to have for the upper bound, if none seen adds more:
    `UNSEEN_NLL` or `UNSEEN_BRIER`. Few patients of a good model do not show its rare confident errors.

    Source: Fay and Feuer 1997, Stat Med 16:791, with the variance over patients
    """
    estimate = estimates.mean(values, clusters=clusters)
    if estimate.freedom <= 0:
        return Interval(0.0, float("inf"))
    sums = np.bincount(numbered(clusters), weights=values)
    few = t_quantile(estimate.freedom, level=level) / float(special.ndtri((1 + level) / 2))
    value, variance = estimate.value, estimate.variance * few**2
    step = max(float(sums.max()) / len(values), unseen / len(sums))
    low = _gamma(value, variance=variance, tail=(1 - level) / 2)
    return Interval(low, _gamma(value + step, variance=variance + step**2, tail=(1 + level) / 2))


def _gamma(mean: float, *, variance: float, tail: float) -> float:
    return float(variance / mean * special.gammaincinv(mean**2 / variance, tail)) if variance > 0 else mean


def clustered_auroc(
    positive: Bool[np.ndarray, " row"],
    *,
    scores: Float[np.ndarray, " row"],
    clusters: Shaped[np.ndarray, " row"],
    level: float = 0.95,
) -> Interval:
    """Interval of the area under the ROC curve; 0 to 1 where one side is empty."""
    return of_share(estimates.auroc(positive, scores=scores, clusters=clusters), rows=len(positive), level=level)


def clustered_balanced_accuracy(
    truth: Int[np.ndarray, " row"],
    *,
    predicted: Int[np.ndarray, " row"],
    clusters: Shaped[np.ndarray, " row"],
    level: float = 0.95,
) -> Interval:
    """Interval of the mean sensitivity over the classes that occur; 0 to 1 of nothing."""
    estimate = estimates.balanced_accuracy(truth, predicted=predicted, clusters=clusters)
    return of_share(estimate, rows=len(truth), level=level)


def clustered_macro_f1(
    truth: Int[np.ndarray, " row"],
    *,
    predicted: Int[np.ndarray, " row"],
    clusters: Shaped[np.ndarray, " row"],
    level: float = 0.95,
) -> Interval:
    """Interval of the mean F1 over the classes that occur or were called; 0 to 1 of nothing."""
    estimate = estimates.macro_f1(truth, predicted=predicted, clusters=clusters)
    return of_share(estimate, rows=len(truth), level=level)


def clustered_kappa(
    first: Int[np.ndarray, " row"],
    *,
    second: Int[np.ndarray, " row"],
    clusters: Shaped[np.ndarray, " row"],
    n_classes: int,
    level: float = 0.95,
) -> Interval:
    """Interval of Cohen's kappa of two readings numbered from 0; -1 to 1 where kappa has no value.

    It is that of the observed agreement, at the number of rows at which that would be as uncertain as kappa is.
    """
    observed, chance = estimates.agreement(first, second=second, n_classes=n_classes)
    estimate = estimates.kappa(first, second=second, clusters=clusters, n_classes=n_classes)
    if np.isnan(estimate.value):
        return Interval(-1.0, 1.0)
    as_agreement = estimate._replace(value=observed, variance=estimate.variance * (1 - chance) ** 2)
    low, high = of_share(as_agreement, rows=len(first), level=level)
    return Interval(max(-1.0, 1 - (1 - low) / (1 - chance)), 1 - (1 - high) / (1 - chance))


def clustered_difference(
    first: Int[np.ndarray, " row"],
    *,
    second: Int[np.ndarray, " row"],
    clusters: Shaped[np.ndarray, " row"],
    level: float = 0.95,
) -> Interval:
    """Interval of the share of hits of the second less that of the first on the same rows; -1 to 1 of nothing.

    Source: Agresti and Min 2005, Stat Med 24:729, at the effective number of rows and with Student's quantile
    """
    pair = paired(first, second=second, clusters=clusters)
    half = t_quantile(pair.freedom, level=level) * pair.error if pair.freedom > 0 else float("inf")
    return Interval(max(-1.0, pair.middle - half), min(1.0, pair.middle + half))


class Paired(NamedTuple):
    """A difference of paired shares: middle and standard error of its interval, and Student's degrees of freedom."""

    middle: float
    error: float
    freedom: float


def paired(
    first: Int[np.ndarray, " row"], *, second: Int[np.ndarray, " row"], clusters: Shaped[np.ndarray, " row"]
) -> Paired:
    """What the interval of the second less the first is made of; without patients to compare, no degree of freedom.

    Half a row is added to each of the four cells.
    """
    change = second - first
    estimate = estimates.mean(change.astype(float), clusters=clusters)
    patients = int(numbered(clusters).max()) + 1 if len(change) else 0
    if patients < 2:
        return Paired(0.0, float("inf"), 0)
    total = len(change) / estimate.effect if estimate.variance > 0 else estimate.least
    discordant = float((change != 0).mean())
    middle = estimate.value * total / (total + 2)
    variance = ((discordant * total + 1) / (total + 2) - middle**2) / (total + 2)
    return Paired(middle, variance**0.5, patients - 1)
