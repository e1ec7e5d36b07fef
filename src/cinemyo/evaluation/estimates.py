"""Figures with the variance that drawing other patients would give them: rows of one patient move together."""

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped
from scipy.stats import rankdata

Clusters = Shaped[np.ndarray, " row"]


class Estimate(NamedTuple):
    """A figure and how far drawing other patients would move it."""

    value: float
    variance: float
    """Over patients, of the figure; 0 where the rows show none, which is not the same as being sure."""
    effect: float
    """The design effect, at least 1: that variance over what independent rows would give."""
    freedom: float
    """Degrees of freedom of the variance, patients less one (Welch's over groups of them); 0 where it is unknown."""
    least: float
    """Independent rows that the rows are worth when those of a patient are all alike."""


UNKNOWN: Final = Estimate(float("nan"), 0.0, 1.0, 0.0, 0.0)
"""A figure that the rows do not have."""

LEANING: Final = 1.0
"""Patients' worth of belief that a patient's rows are all alike.

It counts where few patients carry the variance: at 60 patients and a share of .98 the coverage of a difference is .92
without it and .95 with it (`benchmarks/coverage.py`, this set to 0 or 1); at 534 it is not seen.
"""


def numbered(clusters: Clusters) -> Int[np.ndarray, " row"]:
    """Numbers of the patients in order of first appearance."""
    return np.asarray(pd.factorize(clusters)[0], dtype=np.int64)


def alike(clusters: Int[np.ndarray, " row"]) -> float:
    """Rows that those of wholly alike patients are worth; 0 of nothing.

    Source: Kish 1965, Survey Sampling, §5.4
    """
    sizes = np.bincount(clusters).astype(float)
    return float(sizes.sum() ** 2 / (sizes**2).sum()) if len(sizes) else 0.0


def linearised(
    value: float,
    *,
    influence: Float[np.ndarray, " row"],
    clusters: Int[np.ndarray, " row"],
    groups: Int[np.ndarray, " row"],
    least: float,
) -> Estimate:
    """The figure whose rows move it by `influence` / n: its variance is that of the patients' sums.

    `groups` number the sets of rows within which the influence sums to nil, each with its own correction for few
    patients. The design effect leans to that of alike rows where few patients carry the variance.

    Source: Liang and Zeger 1986; Korn and Graubard 1998; Kish 1965
    """
    n, patients, count = len(influence), int(clusters.max()) + 1, int(groups.max()) + 1
    cells = groups * patients + clusters
    sums = np.bincount(cells, weights=influence, minlength=count * patients).reshape(count, patients)
    sizes = np.bincount(cells, minlength=count * patients).reshape(count, patients)
    present = (sizes > 0).sum(axis=1)
    rows = np.bincount(groups, minlength=count)
    if present[present > 0].min() < 2:
        return Estimate(value, 0.0, 1.0, 0, least)
    few, fewer = (np.sqrt(k / np.maximum(k - 1, 1)) for k in (rows, present))
    alone = float(((influence * few[groups]) ** 2).sum()) / n**2
    if alone <= 0:
        return Estimate(value, 0.0, 1.0, float(present[present > 0].min()) - 1, least)
    total = (sums * fewer[:, None]).sum(axis=0)
    seen = float((total**2).sum()) / n**2 / alone
    carriers = float((total**2).sum()) ** 2 / float((total**4).sum()) if total.any() else 0.0
    weight = LEANING / (carriers + LEANING)
    effect = max(1.0, (1 - weight) * seen + weight * n / alike(clusters))
    return Estimate(value, alone * effect, effect, _welch((sums**2).sum(axis=1) * fewer**2, groups=present), least)


def share(hits: Int[np.ndarray, " row"], *, clusters: Clusters) -> Estimate:
    """The share of hits (0 or 1); nan of nothing."""
    return mean(hits.astype(float), clusters=clusters)


def mean(values: Float[np.ndarray, " row"], *, clusters: Clusters) -> Estimate:
    """The mean of any figure of rows; nan of nothing."""
    if not len(values):
        return UNKNOWN
    number, value = numbered(clusters), float(values.mean())
    one = np.zeros(len(values), dtype=np.int64)
    return linearised(value, influence=values - value, clusters=number, groups=one, least=alike(number))


def auroc(positive: Bool[np.ndarray, " row"], *, scores: Float[np.ndarray, " row"], clusters: Clusters) -> Estimate:
    """Area under the ROC curve, ties half; a patient may have rows on both sides. Nan where one side is empty.

    Source: Obuchowski 1997, Biometrics 53:567, but for the small factor of patients on both sides; with single rows
    DeLong 1988
    """
    n, n_positive = len(positive), int(positive.sum())
    if n_positive in {0, n}:
        return UNKNOWN
    ranks, number, beyond = rankdata(scores), numbered(clusters), np.empty(n)
    beyond[positive] = (ranks[positive] - rankdata(scores[positive])) / (n - n_positive)
    beyond[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive])) / n_positive
    area = float(beyond[positive].mean())
    influence = (beyond - area) * n / np.where(positive, n_positive, n - n_positive)
    least = min(alike(number[side]) for side in (positive, ~positive))
    return linearised(area, influence=influence, clusters=number, groups=positive.astype(np.int64), least=least)


def agreement(
    first: Int[np.ndarray, " row"], *, second: Int[np.ndarray, " row"], n_classes: int
) -> tuple[float, float]:
    """Observed agreement and that expected by chance of two readings numbered from 0; nan of nothing.

    Source: Cohen 1960
    """
    if not len(first):
        return float("nan"), float("nan")
    shares = [np.bincount(reading, minlength=n_classes) / len(first) for reading in (first, second)]
    return float((first == second).mean()), float(shares[0] @ shares[1])


def kappa(
    first: Int[np.ndarray, " row"], *, second: Int[np.ndarray, " row"], clusters: Clusters, n_classes: int
) -> Estimate:
    """Cohen's kappa of two readings numbered from 0; nan where chance agreement is whole, or of nothing.

    Source: with single rows, Fleiss, Cohen and Everitt 1969, but for n / (n - 1)
    """
    observed, chance = agreement(first, second=second, n_classes=n_classes)
    if not len(first) or chance == 1:
        return UNKNOWN
    shares = [np.bincount(reading, minlength=n_classes) / len(first) for reading in (first, second)]
    by_chance = shares[1][first] + shares[0][second] - 2 * chance
    influence = ((first == second) - observed) / (1 - chance) - (1 - observed) * by_chance / (1 - chance) ** 2
    number, one = numbered(clusters), np.zeros(len(first), dtype=np.int64)
    value = (observed - chance) / (1 - chance)
    return linearised(value, influence=influence, clusters=number, groups=one, least=alike(number))


def balanced_accuracy(
    truth: Int[np.ndarray, " row"], *, predicted: Int[np.ndarray, " row"], clusters: Clusters
) -> Estimate:
    """Mean sensitivity over the classes that occur; nan of nothing."""
    if not len(truth):
        return UNKNOWN
    present, group = np.unique(truth, return_inverse=True)
    sizes, right = np.bincount(group).astype(float), truth == predicted
    recall = np.bincount(group, weights=right) / sizes
    influence = (right - recall[group]) * len(truth) / (len(present) * sizes[group])
    number = numbered(clusters)
    worth = alike(number) / len(truth) * len(present) ** 2 / float((1 / sizes).sum())
    return linearised(float(recall.mean()), influence=influence, clusters=number, groups=group, least=worth)


def macro_f1(truth: Int[np.ndarray, " row"], *, predicted: Int[np.ndarray, " row"], clusters: Clusters) -> Estimate:
    """Mean F1 over the classes that occur or were called; nan of nothing.

    The degrees of freedom are those of the balanced accuracy: no more than the patients of the rare classes give.
    """
    if not len(truth):
        return UNKNOWN
    present, both = np.unique(np.concatenate([truth, predicted]), return_inverse=True)
    true, called, right = both[: len(truth)], both[len(truth) :], truth == predicted
    mass = np.bincount(both).astype(float)
    f1 = 2 * np.bincount(true[right], minlength=len(present)) / mass
    weight = len(truth) / mass / len(present)
    influence = 2 * right * weight[true] - f1[true] * weight[true] - f1[called] * weight[called]
    number, one = numbered(clusters), np.zeros(len(truth), dtype=np.int64)
    worth = alike(number) / len(truth) * len(present) ** 2 / float((2 / mass).sum())
    estimate = linearised(float(f1.mean()), influence=influence, clusters=number, groups=one, least=worth)
    return estimate._replace(freedom=balanced_accuracy(truth, predicted=predicted, clusters=clusters).freedom)


def _welch(parts: Float[np.ndarray, " group"], *, groups: Int[np.ndarray, " group"]) -> float:
    """Degrees of freedom of a sum of variances of groups of patients (Satterthwaite 1946; Welch 1947)."""
    below = float((parts**2 / np.maximum(groups - 1, 1)).sum())
    return float(parts.sum()) ** 2 / below if below else float(groups[groups > 0].min() - 1)
