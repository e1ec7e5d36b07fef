"""Intervals and tests whose unit is the patient."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy import stats


class Interval(NamedTuple):
    """Lower and upper bound."""

    low: float
    high: float


class CorrectedTest(NamedTuple):
    """A t statistic and its two-sided p."""

    t: float
    p: float


def cluster_bootstrap(
    hits: Int[np.ndarray, " cluster"],
    *,
    totals: Int[np.ndarray, " cluster"],
    strata: Shaped[np.ndarray, " cluster"],
    draws: int,
    level: float,
    generator: np.random.Generator,
) -> Interval:
    """Percentile interval of sum(hits) / sum(totals) when patients are drawn with replacement within each stratum.

    For the difference of two models, `hits` is that of one minus that of the other.

    Departs from §2.7: the paper gives no interval and takes inputs as independent.
    """
    part, whole = np.zeros(draws), np.zeros(draws)
    for stratum in dict.fromkeys(strata.tolist()):
        members = strata == stratum
        n = int(members.sum())
        times = generator.multinomial(n, np.full(n, 1 / n), size=draws)
        part += times @ hits[members]
        whole += times @ totals[members]
    tail = (1 - level) / 2
    low, high = np.quantile(part / whole, [tail, 1 - tail])
    return Interval(float(low), float(high))


def corrected_t(differences: Float[np.ndarray, " fold"], *, test_share: float) -> CorrectedTest:
    """Nadeau and Bengio's t test of paired fold differences against none; `test_share` is n_test / n_train.

    Departs from §2.7: folds share training patients, so Student's t is too sure of itself.
    """
    spread = float(np.std(differences, ddof=1))
    return corrected_t_of(float(np.mean(differences)), sd=spread, folds=len(differences), test_share=test_share)


def corrected_t_of(mean: float, *, sd: float, folds: int, test_share: float) -> CorrectedTest:
    """The same from mean and standard deviation of the differences; the variance counts 1/k + n_test/n_train."""
    if sd == 0:
        return CorrectedTest(0.0, 1.0) if mean == 0 else CorrectedTest(float(np.copysign(np.inf, mean)), 0.0)
    t = mean / (sd * np.sqrt(1 / folds + test_share))
    return CorrectedTest(float(t), float(2 * stats.t.sf(abs(t), folds - 1)))


def wilson(hits: int, *, total: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of a share of independent trials."""
    z = stats.norm.ppf((1 + level) / 2)
    share, weight = hits / total, z**2 / total
    middle = (share + weight / 2) / (1 + weight)
    half = z * np.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return Interval(float(middle - half), float(middle + half))


def mcnemar(only_first: int, *, only_second: int) -> float:
    """Exact two-sided p of paired answers: patients that only the first, or only the second, model called right."""
    n = only_first + only_second
    return min(1.0, float(2 * stats.binom.cdf(min(only_first, only_second), n, 0.5)))


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Values of p adjusted for being several, in the order given; nan is no test and stays nan."""
    adjusted = np.full(len(values), np.nan)
    tested = [index for index in np.argsort(values, kind="stable") if not np.isnan(values[index])]
    highest = 0.0
    for rank, index in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - rank) * values[index]))
        adjusted[index] = highest
    return tuple(float(value) for value in adjusted)
