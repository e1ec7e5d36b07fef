"""Whether classes of a cohort differ in what was recorded of them: chi-square, one-way ANOVA, and patients permuted."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import special

SMALLEST: Final = 1.0
USUAL: Final = 5.0
MOST_SMALL: Final = 0.2
"""Cochran's rule: no expected count below 1, and at most a fifth of them below 5."""


class Tested(NamedTuple):
    """A statistic and its p; nan with a reason where the test would mean nothing."""

    statistic: float
    p: float
    reason: str = ""


def untested(reason: str) -> Tested:
    """No test, and why."""
    return Tested(float("nan"), float("nan"), reason)


def chi_square(counts: Int[np.ndarray, "category classes"]) -> Tested:
    """Pearson's test that categories are spread alike over classes; empty categories and classes are left out.

    Source: Germain 2021, Table 1; Cochran 1954
    """
    filled = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    lack = _lack(filled)
    if lack:
        return untested(lack)
    expected = _expected(filled)
    if expected.min() < SMALLEST or (expected < USUAL).mean() > MOST_SMALL:
        return untested(f"expected counts too small for chi-square (smallest {expected.min():.1f})")
    statistic, freedom = _pearson(filled), (filled.shape[0] - 1) * (filled.shape[1] - 1)
    return Tested(statistic, float(special.chdtrc(freedom, statistic)))


def chi_square_by_patient(
    counts: Int[np.ndarray, "patient category"],
    *,
    classes: Int[np.ndarray, " patient"],
    draws: int,
    generator: np.random.Generator,
) -> Tested:
    """Pearson's statistic of all cines, its p from permuting patients with all their cines between the classes.

    Departs from Table 1: the cines of a patient are not independent, and the chi-square distribution takes them so.
    """
    order = np.argsort(classes, kind="stable")
    starts = np.flatnonzero(np.diff(classes[order], prepend=-1))
    filled = counts[:, counts.sum(axis=0) > 0]
    observed = np.add.reduceat(filled[order], starts, axis=0).T
    lack = _lack(observed[:, observed.sum(axis=0) > 0])
    if lack:
        return untested(lack)
    statistic, beyond = _pearson(observed), 0
    for _ in range(draws):
        permuted = np.add.reduceat(filled[generator.permutation(len(filled))], starts, axis=0).T
        beyond += _pearson(permuted) >= statistic - 1e-9
    return Tested(statistic, (1 + beyond) / (1 + draws))


def anova(values: Float[np.ndarray, " row"], *, classes: Int[np.ndarray, " row"]) -> Tested:
    """One-way analysis of variance of values by class, rows taken as independent."""
    groups = [values[classes == own] for own in np.unique(classes)]
    known = [group for group in groups if len(group) > 1]
    means, sds = (np.array([float(figure(group)) for group in known]) for figure in (np.mean, _sd))
    return anova_of(means, sds=sds, sizes=np.array([len(group) for group in known], dtype=np.int64))


def anova_of(
    means: Float[np.ndarray, " classes"], *, sds: Float[np.ndarray, " classes"], sizes: Int[np.ndarray, " classes"]
) -> Tested:
    """The same from what a paper prints: mean, standard deviation and number of each class.

    Source: Germain 2021, Table 1 (whose printed p of the age does not follow from its own figures)
    """
    if len(means) < 2:
        return untested("fewer than two classes with two values")
    within = float((sizes - 1) @ sds**2)
    if within <= 0:
        return untested("no variance within the classes")
    grand = float(sizes @ means) / sizes.sum()
    freedom = (len(means) - 1, int(sizes.sum()) - len(means))
    f = float(sizes @ (means - grand) ** 2) / freedom[0] / (within / freedom[1])
    return Tested(f, float(special.fdtrc(*freedom, f)))


def _lack(counts: Int[np.ndarray, "category classes"]) -> str:
    if counts.shape[1] < 2:
        return "one class only"
    return "one category only" if counts.shape[0] < 2 else ""


def _expected(counts: Int[np.ndarray, "category classes"]) -> Float[np.ndarray, "category classes"]:
    return np.asarray(np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum())


def _pearson(counts: Int[np.ndarray, "category classes"]) -> float:
    expected = _expected(counts)
    parts = np.divide((counts - expected) ** 2, expected, where=expected > 0, out=np.zeros(counts.shape))
    return float(parts.sum())


def _sd(values: Float[np.ndarray, " row"]) -> float:
    return float(np.std(values, ddof=1))
