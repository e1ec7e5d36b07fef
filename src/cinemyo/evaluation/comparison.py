"""Tests of paired answers and folds, equivalence and non-inferiority; the unit is the patient."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from cinemyo.evaluation.power import patients_for_margin, patients_for_non_inferiority


class CorrectedTest(NamedTuple):
    """A t statistic and its two-sided p."""

    t: float
    p: float


class Verdict(NamedTuple):
    """What the interval of a difference says about a margin, and the patients that it takes to show it."""

    difference: float
    low: float
    high: float
    margin: float
    verdict: str
    """"equivalent" or "non-inferior", else "not shown", else "not powered: needs N patients"."""
    needs: int
    """Patients at which the margin would be met with the asked power if the models were alike."""


def corrected_t(differences: Float[np.ndarray, " fold"], *, test_share: float) -> CorrectedTest:
    """Nadeau and Bengio's t test of paired fold differences against none; `test_share` is n_test / n_train.

    Departs from §2.7: folds share training patients, so Student's t is too sure of itself.
    """
    spread = float(np.std(differences, ddof=1))
    return corrected_t_of(float(np.mean(differences)), sd=spread, folds=len(differences), test_share=test_share)


def corrected_t_of(mean: float, *, sd: float, folds: int, test_share: float) -> CorrectedTest:
    """The same from mean and standard deviation of the differences; the variance counts 1/k + n_test/n_train.

    Source: Nadeau and Bengio 2003, Machine Learning 52:239
    """
    if sd == 0:
        return CorrectedTest(0.0, 1.0) if mean == 0 else CorrectedTest(float(np.copysign(np.inf, mean)), 0.0)
    t = mean / (sd * np.sqrt(1 / folds + test_share))
    return CorrectedTest(float(t), float(2 * stats.t.sf(abs(t), folds - 1)))


def mcnemar(only_first: int, *, only_second: int) -> float:
    """Exact two-sided p of paired answers: patients that only the first, or only the second, model called right.

    Source: McNemar 1947, Psychometrika 12:153, with the exact binomial
    Departs from §2.7: the paper compares accuracies over inputs.
    """
    n = only_first + only_second
    return min(1.0, float(2 * stats.binom.cdf(min(only_first, only_second), n, 0.5)))


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Values of p adjusted for being several, in the order given; nan is no test and stays nan.

    Source: Holm 1979, Scand J Stat 6:65
    """
    adjusted = np.full(len(values), np.nan)
    tested = [index for index in np.argsort(values, kind="stable") if not np.isnan(values[index])]
    highest = 0.0
    for rank, index in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - rank) * values[index]))
        adjusted[index] = highest
    return tuple(float(value) for value in adjusted)


def tost(
    difference: float,
    *,
    low: float,
    high: float,
    margin: float,
    n: int,
    discordant_share: float,
    level: float = 0.95,
    power: float = 0.8,
) -> Verdict:
    """Whether a paired difference, of interval `low` to `high` at that level, lies within the margin on both sides.

    That is two one-sided tests at (1 - level) / 2 each. `n` patients were compared, of whom the discordant share was
    called right by one of the two alone; "not powered" is what was not shown on fewer patients than it takes.

    Source: Schuirmann 1987, J Pharmacokinet Biopharm 15:657
    """
    needs = patients_for_margin(margin, discordant_share=discordant_share, level=level, power=power)
    shown = -margin < low and high < margin
    return Verdict(difference, low, high, margin, _words("equivalent", shown=shown, n=n, needs=needs), needs)


def non_inferiority(
    difference: float,
    *,
    low: float,
    high: float,
    margin: float,
    n: int,
    discordant_share: float,
    level: float = 0.95,
    power: float = 0.8,
) -> Verdict:
    """Whether a paired difference, ours less theirs, is above minus the margin: one test at (1 - level) / 2."""
    needs = patients_for_non_inferiority(margin, discordant_share=discordant_share, level=level, power=power)
    return Verdict(difference, low, high, margin, _words("non-inferior", shown=low > -margin, n=n, needs=needs), needs)


def _words(claim: str, *, shown: bool, n: int, needs: int) -> str:
    if shown:
        return claim
    return "not shown" if n >= needs else f"not powered: needs {needs} patients"


def mcnemar_power(n: int, *, discordant_share: float, difference: float, level: float = 0.95) -> float:
    """Chance that exact McNemar on n patients finds the difference of shares at p <= 1 - level.

    A difference beyond the discordant share means that one model alone is ever right on discordant patients.
    """
    share = max(discordant_share, difference)
    if share <= 0 or n <= 0:
        return 0.0
    favoured = (1 + difference / share) / 2
    middle, around = n * share, 10 * math.sqrt(n * share * (1 - share)) + 10
    counts = np.arange(max(0, math.floor(middle - around)), min(n, math.ceil(middle + around)) + 1)
    most = _critical(counts, level=level)
    chance = stats.binom.pmf(counts, n, share)
    found = stats.binom.cdf(most, counts, favoured) + stats.binom.cdf(most, counts, 1 - favoured)
    return float(chance @ found)


def detectable_difference(n: int, discordant_share: float, *, level: float = 0.95, power: float = 0.8) -> float:
    """Smallest difference of shares that exact McNemar on n patients finds with that power; infinite if it finds none.

    The discordant share is that observed; a difference beyond it is as if no discordant patient spoke against it.
    """
    if mcnemar_power(n, discordant_share=discordant_share, difference=1.0, level=level) < power:
        return float("inf")
    low, high = 0.0, 1.0
    while high - low > 1e-5:
        middle = (low + high) / 2
        reached = mcnemar_power(n, discordant_share=discordant_share, difference=middle, level=level) >= power
        low, high = (low, middle) if reached else (middle, high)
    return high


def _critical(counts: Int[np.ndarray, " count"], *, level: float) -> Float[np.ndarray, " count"]:
    """Most patients on the lesser side, of each number of discordant ones, at which p <= 1 - level; -1 where none."""
    most = stats.binom.ppf((1 - level) / 2, counts, 0.5)
    return np.asarray(np.where(stats.binom.cdf(most, counts, 0.5) > (1 - level) / 2, most - 1, most))
