"""Figures with the variance that drawing other patients would give them: rows of one patient move together."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped
from scipy.stats import rankdata

Clusters = Shaped[np.ndarray, " row"]


class Estimate(NamedTuple):
    """A figure, its variance over patients, and the degrees of freedom of that variance.

    The variance is 0 where the rows show none, which is not the same as being sure: see `Estimate.least`.
    """

    value: float
    variance: float
    freedom: float
    """Patients less one, or Welch's where two groups of patients add up; 0 where the variance is unknown."""
    rows: float
    """Independent rows that would carry as much: the most that the figure can be worth."""
    least: float
    """What the rows are worth when those of a patient are all alike (Kish): the least, for want of a variance."""


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
    value: float, *, influence: Float[np.ndarray, " row"], clusters: Int[np.ndarray, " row"], rows: float
) -> Estimate:
    """The figure whose rows move it by `influence` / n; the variance is that of the patients' sums.

    Source: Liang and Zeger 1986; Korn and Graubard 1998
    """
    sums = np.bincount(clusters, weights=influence)
    patients, n = int((np.bincount(clusters) > 0).sum()), len(influence)
    if patients < 2:
        return Estimate(value, 0.0, 0, rows, alike(clusters))
    variance = patients / (patients - 1) * float((sums**2).sum()) / n**2
    return Estimate(value, variance, patients - 1, rows, alike(clusters))


def share(hits: Int[np.ndarray, " row"], *, clusters: Clusters) -> Estimate:
    """The share of hits (0 or 1); nan of nothing."""
    if not len(hits):
        return Estimate(float("nan"), 0.0, 0, 0.0, 0.0)
    value = float(hits.mean())
    return linearised(value, influence=hits - value, clusters=numbered(clusters), rows=len(hits))


def mean(values: Float[np.ndarray, " row"], *, clusters: Clusters) -> Estimate:
    """The mean of any figure of rows; nan of nothing."""
    if not len(values):
        return Estimate(float("nan"), 0.0, 0, 0.0, 0.0)
    value = float(values.mean())
    return linearised(value, influence=values - value, clusters=numbered(clusters), rows=len(values))


def auroc(positive: Bool[np.ndarray, " row"], *, scores: Float[np.ndarray, " row"], clusters: Clusters) -> Estimate:
    """Area under the ROC curve, ties half; a patient may have rows on both sides. Nan where one side is empty.

    Source: Obuchowski 1997, Biometrics 53:567; with single rows it is DeLong 1988
    """
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return Estimate(float("nan"), 0.0, 0, 0.0, 0.0)
    ranks, number = rankdata(scores), numbered(clusters)
    above = np.empty(len(scores))
    above[positive] = (ranks[positive] - rankdata(scores[positive])) / n_negative
    above[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive])) / n_positive
    area = float(above[positive].mean())
    sums = [np.bincount(number[side], above[side] - area, minlength=number.max() + 1) for side in (positive, ~positive)]
    groups = [len(np.unique(number[side])) for side in (positive, ~positive)]
    least = min(alike(numbered(number[side])) for side in (positive, ~positive))
    rows = float(min(n_positive, n_negative))
    if min(groups) < 2:
        return Estimate(area, 0.0, 0, rows, least)
    parts = [
        k / (k - 1) * float((s**2).sum()) / n**2 for s, k, n in zip(sums, groups, (n_positive, n_negative), strict=True)
    ]
    patients = number.max() + 1
    shared = 2 * patients / (patients - 1) * float((sums[0] * sums[1]).sum()) / (n_positive * n_negative)
    return Estimate(area, max(0.0, sum(parts) + shared), _welch(parts, groups=groups), rows, least)


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

    With single rows the variance is that of Fleiss, Cohen and Everitt 1969.
    """
    observed, chance = agreement(first, second=second, n_classes=n_classes)
    if not len(first) or chance == 1:
        return Estimate(float("nan"), 0.0, 0, 0.0, 0.0)
    shares = [np.bincount(reading, minlength=n_classes) / len(first) for reading in (first, second)]
    by_chance = shares[1][first] + shares[0][second] - 2 * chance
    influence = ((first == second) - observed) / (1 - chance) - (1 - observed) * by_chance / (1 - chance) ** 2
    value = (observed - chance) / (1 - chance)
    return linearised(value, influence=influence, clusters=numbered(clusters), rows=len(first))


def balanced_accuracy(
    truth: Int[np.ndarray, " row"], *, predicted: Int[np.ndarray, " row"], clusters: Clusters
) -> Estimate:
    """Mean sensitivity over the classes that occur; nan of nothing."""
    if not len(truth):
        return Estimate(float("nan"), 0.0, 0, 0.0, 0.0)
    sizes = np.bincount(truth).astype(float)
    present = sizes > 0
    hits = np.bincount(truth, weights=truth == predicted)
    recall = np.divide(hits, sizes, where=present, out=np.zeros_like(sizes))
    classes = int(present.sum())
    influence = ((truth == predicted) - recall[truth]) * len(truth) / (classes * sizes[truth])
    rows = float(classes**2 / (1 / sizes[present]).sum())
    return linearised(
        float(recall[present].mean()), influence=influence, clusters=numbered(clusters), rows=rows
    )._replace(least=float(rows * alike(numbered(clusters)) / len(truth)))


def macro_f1(truth: Int[np.ndarray, " row"], *, predicted: Int[np.ndarray, " row"], clusters: Clusters) -> Estimate:
    """Mean F1 over the classes that occur or were called; nan of nothing."""
    if not len(truth):
        return Estimate(float("nan"), 0.0, 0, 0.0, 0.0)
    n_classes = int(max(truth.max(), predicted.max())) + 1
    mass = (np.bincount(truth, minlength=n_classes) + np.bincount(predicted, minlength=n_classes)).astype(float)
    present = mass > 0
    doubled = 2.0 * np.bincount(truth[truth == predicted], minlength=n_classes)
    f1 = np.divide(doubled, mass, where=present, out=np.zeros(n_classes))
    weight = np.divide(len(truth), mass, where=present, out=np.zeros(n_classes)) / present.sum()
    influence = 2.0 * (truth == predicted) * weight[truth]
    influence -= f1[truth] * weight[truth] + f1[predicted] * weight[predicted]
    sizes = mass[present] / 2
    rows = float(len(sizes) ** 2 / (1 / sizes).sum())
    return linearised(float(f1[present].mean()), influence=influence, clusters=numbered(clusters), rows=rows)._replace(
        least=float(rows * alike(numbered(clusters)) / len(truth))
    )


def _welch(parts: list[float], *, groups: list[int]) -> float:
    """Degrees of freedom of a sum of two variances (Satterthwaite 1946; Welch 1947)."""
    below = sum(part**2 / (group - 1) for part, group in zip(parts, groups, strict=True))
    return float(sum(parts) ** 2 / below) if below else float(min(groups) - 1)
