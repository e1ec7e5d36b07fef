"""How far several readings of the same cines agree, beyond chance."""

import numpy as np
from jaxtyping import Int, Shaped

from cinemyo.evaluation.estimates import UNKNOWN, Estimate, alike, linearised, numbered
from cinemyo.evaluation.intervals import Interval, of_share


def fleiss_kappa(
    readings: Int[np.ndarray, "row reader"], *, clusters: Shaped[np.ndarray, " row"], n_classes: int
) -> Estimate:
    """Fleiss' kappa of readings numbered from 0, every row read by all; nan of one class, one reader or no row.

    Source: Fleiss 1971, Psychological Bulletin 76:378; influence by the delta method
    """
    n, readers = readings.shape
    if not n or readers < 2:
        return UNKNOWN
    shares, agreed, observed, chance = _parts(readings, n_classes=n_classes)
    if chance == 1:
        return UNKNOWN
    marginal = shares.mean(axis=0)
    influence = (agreed - observed) / (1 - chance)
    influence -= (1 - observed) * 2 * ((shares - marginal) @ marginal) / (1 - chance) ** 2
    number, one = numbered(clusters), np.zeros(n, dtype=np.int64)
    value = (observed - chance) / (1 - chance)
    return linearised(value, influence=influence, clusters=number, groups=one, least=alike(number))


def fleiss_interval(
    readings: Int[np.ndarray, "row reader"],
    *,
    clusters: Shaped[np.ndarray, " row"],
    n_classes: int,
    level: float = 0.95,
) -> Interval:
    """Interval of Fleiss' kappa; -1 to 1 where kappa has no value.

    It is that of the observed agreement at the rows at which that would be as uncertain as kappa is, as for Cohen's.
    """
    estimate = fleiss_kappa(readings, clusters=clusters, n_classes=n_classes)
    if np.isnan(estimate.value):
        return Interval(-1.0, 1.0)
    _, _, observed, chance = _parts(readings, n_classes=n_classes)
    as_agreement = estimate._replace(value=observed, variance=estimate.variance * (1 - chance) ** 2)
    bounds = of_share(as_agreement, rows=len(readings), level=level)
    return Interval(*(1 - (1 - bound) / (1 - chance) for bound in bounds))


def adjusted_kappa(agreement: float, *, n_classes: int) -> float:
    """Kappa if all classes were as frequent: what agreement says where one class is rare.

    Source: Byrt 1993, J Clin Epidemiol 46:423 (PABAK)
    """
    return (n_classes * agreement - 1) / (n_classes - 1)


def _parts(readings: Int[np.ndarray, "row reader"], *, n_classes: int) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Shares of the classes and agreement of each row, observed agreement, and that by chance."""
    readers = readings.shape[1]
    counts = (readings[:, :, None] == np.arange(n_classes)).sum(axis=1)
    agreed = ((counts**2).sum(axis=1) - readers) / (readers * (readers - 1))
    shares = counts / readers
    return shares, agreed, float(agreed.mean()), float((shares.mean(axis=0) ** 2).sum())
