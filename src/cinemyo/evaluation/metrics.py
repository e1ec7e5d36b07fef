"""Figures of a classification from truths and predictions; classes are numbered as in `labels.CLASSES`."""

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy.stats import rankdata

FLOOR: Final = 1e-7
"""Smallest probability in a loss, as in Keras."""


class ClassFigures(NamedTuple):
    """One class against the others; nan where nothing was of the class, or nothing called so."""

    sensitivity: float
    specificity: float
    ppv: float
    npv: float


def confusion(
    truth: Int[np.ndarray, " n"], *, predicted: Int[np.ndarray, " n"], n_classes: int
) -> Int[np.ndarray, "truth predicted"]:
    """Counts, rows = truth, columns = predicted.

    Source: Germain 2021, Table 3
    """
    cells = np.bincount(truth * n_classes + predicted, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def accuracy(matrix: Int[np.ndarray, "truth predicted"]) -> float:
    """Share of the diagonal; nan of an empty matrix."""
    return _ratio(np.trace(matrix), matrix.sum())


def per_class(matrix: Int[np.ndarray, "truth predicted"]) -> tuple[ClassFigures, ...]:
    """Sensitivity, specificity and predictive values of each class against the others.

    The predictive values hold at the class shares of this cohort alone.
    """
    hits, n = np.diag(matrix), matrix.sum()
    of_class, called = matrix.sum(axis=1), matrix.sum(axis=0)
    rejected = n - of_class - called + hits
    return tuple(
        ClassFigures(
            sensitivity=_ratio(hits[k], of_class[k]),
            specificity=_ratio(rejected[k], n - of_class[k]),
            ppv=_ratio(hits[k], called[k]),
            npv=_ratio(rejected[k], n - called[k]),
        )
        for k in range(len(matrix))
    )


def balanced_accuracy(matrix: Int[np.ndarray, "truth predicted"]) -> float:
    """Mean sensitivity over the classes that occur; nan of an empty matrix."""
    present = matrix.sum(axis=1) > 0
    return float(np.mean(np.diag(matrix)[present] / matrix.sum(axis=1)[present])) if present.any() else float("nan")


def macro_f1(matrix: Int[np.ndarray, "truth predicted"]) -> float:
    """Mean F1 over the classes that occur or were called; nan of an empty matrix."""
    mass = matrix.sum(axis=0) + matrix.sum(axis=1)
    return float(np.mean(2 * np.diag(matrix)[mass > 0] / mass[mass > 0])) if mass.any() else float("nan")


def auroc(truth: Int[np.ndarray, " n"], *, probabilities: Float[np.ndarray, "n classes"]) -> tuple[float, ...]:
    """Area under the ROC curve of each class against the others; nan where one side is empty. Ties count half."""
    return tuple(_area(truth == k, scores=probabilities[:, k]) for k in range(probabilities.shape[1]))


def _area(positive: np.ndarray, *, scores: Float[np.ndarray, " n"]) -> float:
    n = int(positive.sum())
    ranks = float(rankdata(scores)[positive].sum())
    return _ratio(ranks - n * (n + 1) / 2, n * (len(positive) - n))


def log_loss(truth: Int[np.ndarray, " n"], *, probabilities: Float[np.ndarray, "n classes"]) -> float:
    """Mean categorical cross-entropy, natural logarithm; nan of nothing.

    Source: Germain 2021, §2.4
    """
    return float(losses(truth, probabilities=probabilities).mean()) if len(truth) else float("nan")


def losses(truth: Int[np.ndarray, " n"], *, probabilities: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, " n"]:
    """Categorical cross-entropy of each answer, natural logarithm."""
    return np.asarray(-np.log(np.clip(probabilities[np.arange(len(truth)), truth], FLOOR, 1)))


def tied(probabilities: Float[np.ndarray, "n classes"]) -> int:
    """How many answers give their highest probability to more than one class."""
    return int(((probabilities == probabilities.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum())


def spread(values: Float[np.ndarray, " fold"]) -> float:
    """Standard deviation over folds, n - 1 below; nan of fewer than two."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def predictive(
    shares: Float[np.ndarray, "truth predicted"], *, prevalence: Float[np.ndarray, " truth"]
) -> tuple[Float[np.ndarray, " classes"], Float[np.ndarray, " classes"]]:
    """(positive, negative) predictive values of the classes where they occur so often; nan where none is called so.

    `shares` are those of each true class that were called each class: rows add up to 1.
    """
    called = prevalence[:, None] * shares
    hits, of_class = np.diag(called), called.sum(axis=0)
    spared = called.sum() - prevalence - of_class + hits
    positive = np.divide(hits, of_class, where=of_class > 0, out=np.full(len(hits), np.nan))
    others = called.sum() - of_class
    return positive, np.divide(spared, others, where=others > 0, out=np.full(len(hits), np.nan))


def by_patient(answers: pd.DataFrame, *, classes: tuple[str, ...]) -> pd.DataFrame:
    """One row per patient and true class: mean probabilities over the cines, and the class that they favour.

    A patient who came back with another pathology counts once for each. Rows keep the order of first appearance.

    Departs from §2.4: the paper reports per input alone.
    """
    columns = [f"p_{name}" for name in classes]
    units = answers.groupby(["patient_id", "truth"], sort=False)
    rows = units[columns].mean().reset_index()
    rows["predicted"] = np.argmax(rows[columns].to_numpy(float), axis=1)
    rows["n_cines"] = units.size().to_numpy()
    return rows


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
