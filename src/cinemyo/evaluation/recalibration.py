"""Calibration intercept and slope of one class against the others, as estimates whose unit is the patient."""

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy import optimize, special

from cinemyo.evaluation.estimates import UNKNOWN, Estimate, alike, linearised, numbered
from cinemyo.evaluation.metrics import FLOOR

STEPS = 100
FINE = 1e-10


def log_odds(probability: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Logarithm of the odds of probabilities, those of 0 and 1 held finite."""
    return np.asarray(special.logit(np.clip(probability, FLOOR, 1 - FLOOR)))


def is_separated(positive: Bool[np.ndarray, " row"], *, odds: Float[np.ndarray, " row"]) -> bool:
    """Whether some threshold parts the class from the others without overlap, so that no slope is finite."""
    ours, others = odds[positive], odds[~positive]
    if not len(ours) or not len(others):
        return True
    return bool(ours.min() >= others.max() or ours.max() <= others.min())


def intercept(
    positive: Bool[np.ndarray, " row"], *, odds: Float[np.ndarray, " row"], clusters: Shaped[np.ndarray, " row"]
) -> Estimate:
    """Calibration in the large: what must be added to the log odds, at slope 1, to meet the share of the class.

    Above 0 the class is called too rarely. Nan where one side is empty.

    Source: Cox 1958, Biometrika 45:562; Van Calster 2019, BMC Medicine 17:230
    """
    if not 0 < positive.sum() < len(positive):
        return UNKNOWN
    value = float(optimize.brentq(lambda add: float((special.expit(odds + add) - positive).sum()), -50, 50))
    expected = special.expit(odds + value)
    information = float((expected * (1 - expected)).sum())
    return _estimate(value, influence=(positive - expected) * (len(odds) / information), clusters=clusters)


def slope(
    positive: Bool[np.ndarray, " row"], *, odds: Float[np.ndarray, " row"], clusters: Shaped[np.ndarray, " row"]
) -> Estimate:
    """Slope of the class on the log odds in a logistic regression: below 1 the probabilities are too extreme.

    Nan where the class is parted from the others without overlap.

    Source: Cox 1958, Biometrika 45:562; Van Calster 2019, BMC Medicine 17:230
    """
    if is_separated(positive, odds=odds):
        return UNKNOWN
    design = np.column_stack([np.ones(len(odds)), odds])
    weights = np.zeros(2)
    for _ in range(STEPS):
        step = np.linalg.solve(_information(design, weights=weights), design.T @ _residual(design, positive, weights))
        fall = 1.0
        while fall > FINE and _loss(design, positive, weights + fall * step) > _loss(design, positive, weights):
            fall /= 2
        weights = weights + fall * step
        if float(np.abs(fall * step).max()) < FINE:
            break
    scores = design * _residual(design, positive, weights)[:, None]
    influence = scores @ np.linalg.inv(_information(design, weights=weights))[1] * len(odds)
    return _estimate(float(weights[1]), influence=influence, clusters=clusters)


def _residual(
    design: Float[np.ndarray, "row 2"], positive: Bool[np.ndarray, " row"], weights: Float[np.ndarray, " 2"]
) -> Float[np.ndarray, " row"]:
    return np.asarray(positive - special.expit(design @ weights))


def _loss(
    design: Float[np.ndarray, "row 2"], positive: Bool[np.ndarray, " row"], weights: Float[np.ndarray, " 2"]
) -> float:
    linear = design @ weights
    return float((np.logaddexp(0, linear) - positive * linear).sum())


def _information(design: Float[np.ndarray, "row 2"], *, weights: Float[np.ndarray, " 2"]) -> Float[np.ndarray, "2 2"]:
    expected = special.expit(design @ weights)
    return np.asarray((design * (expected * (1 - expected))[:, None]).T @ design)


def _estimate(value: float, *, influence: Float[np.ndarray, " row"], clusters: Shaped[np.ndarray, " row"]) -> Estimate:
    number, one = numbered(clusters), np.zeros(len(influence), dtype=np.int64)
    return linearised(value, influence=influence, clusters=number, groups=one, least=alike(number))
