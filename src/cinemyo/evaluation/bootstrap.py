"""Bootstraps of whole patients within strata, all draws at once; for figures that no formula covers."""

import numpy as np
from jaxtyping import Float, Int, Real, Shaped
from scipy import special

from cinemyo.evaluation.intervals import Interval


def cluster_draws(
    strata: Shaped[np.ndarray, " cluster"], *, draws: int, generator: np.random.Generator
) -> Int[np.ndarray, "draw cluster"]:
    """How many times each patient is drawn, with replacement within the stratum (the class), in each draw.

    It takes 8 bytes a draw and patient: for tens of thousands of patients, see `resampling`.

    Departs from §2.7: the paper resamples nothing.
    """
    times = np.zeros((draws, len(strata)), dtype=np.int64)
    for stratum in dict.fromkeys(strata.tolist()):
        members = np.flatnonzero(strata == stratum)
        times[:, members] = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), size=draws)
    return times


def confusion_draws(
    matrices: Int[np.ndarray, "cluster truth predicted"], times: Int[np.ndarray, "draw cluster"]
) -> Int[np.ndarray, "draw truth predicted"]:
    """The confusion matrix of every draw from those of the patients."""
    cells = matrices.reshape(len(matrices), -1).astype(float)
    drawn = np.asarray(np.rint(times.astype(float) @ cells), dtype=np.int64)
    return drawn.reshape(len(times), *matrices.shape[1:])


def balanced_accuracies(matrices: Int[np.ndarray, "draw truth predicted"]) -> Float[np.ndarray, " draw"]:
    """Mean sensitivity of each matrix over the classes that occur in it; nan of an empty one."""
    return _mean_present(np.diagonal(matrices, axis1=1, axis2=2), mass=matrices.sum(axis=2))


def macro_f1s(matrices: Int[np.ndarray, "draw truth predicted"]) -> Float[np.ndarray, " draw"]:
    """Mean F1 of each matrix over the classes that occur or were called; nan of an empty one."""
    return _mean_present(2 * np.diagonal(matrices, axis1=1, axis2=2), mass=matrices.sum(axis=1) + matrices.sum(axis=2))


def bootstrap_interval(values: Float[np.ndarray, " draw"], *, level: float = 0.95) -> Interval:
    """Percentile interval of a figure's draws, those without a value left out; of none, the whole line."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(float("-inf"), float("inf"))
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def bca_interval(
    estimate: float,
    draws: Float[np.ndarray, " draw"],
    jackknife: Float[np.ndarray, " cluster"],
    *,
    level: float = 0.95,
) -> Interval:
    """The percentile interval corrected for bias and skewness; `jackknife` is the figure without each patient in turn.

    Where all draws lie on one side of the estimate there is no correction, and the percentiles stand.

    Source: Efron 1987, JASA 82:171
    """
    known, left = draws[np.isfinite(draws)], jackknife[np.isfinite(jackknife)]
    below = float((known < estimate).mean() + (known == estimate).mean() / 2) if len(known) else 0.0
    if not 0 < below < 1 or not len(left):
        return bootstrap_interval(draws, level=level)
    pull = left.mean() - left
    scale = float((pull**2).sum()) ** 1.5
    skew = float((pull**3).sum()) / (6 * scale) if scale else 0.0
    bias, z = float(special.ndtri(below)), special.ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    low, high = np.quantile(known, special.ndtr(bias + (bias + z) / (1 - skew * (bias + z))))
    return Interval(float(low), float(high))


def _mean_present(
    hits: Int[np.ndarray, "draw classes"], *, mass: Int[np.ndarray, "draw classes"]
) -> Float[np.ndarray, " draw"]:
    present = mass > 0
    shares = np.divide(hits, mass, where=present, out=np.zeros(mass.shape))
    return _ratio(shares.sum(axis=1), present.sum(axis=1))


def _ratio(part: Real[np.ndarray, " draw"], whole: Int[np.ndarray, " draw"]) -> Float[np.ndarray, " draw"]:
    return np.asarray(np.divide(part, whole, where=whole > 0, out=np.full(len(whole), np.nan)))
