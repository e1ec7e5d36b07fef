"""Intervals and tests whose unit is the patient."""

import numpy as np
from jaxtyping import Int, Shaped

from cinemyo.evaluation.comparison import CorrectedTest, corrected_t, corrected_t_of, holm, mcnemar
from cinemyo.evaluation.intervals import Interval, wilson

__all__ = [
    "CorrectedTest",
    "Interval",
    "cluster_bootstrap",
    "corrected_t",
    "corrected_t_of",
    "holm",
    "mcnemar",
    "wilson",
]


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
