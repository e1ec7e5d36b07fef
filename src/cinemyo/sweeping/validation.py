"""Figures of a job on the inner validation parts alone: what a choice may rest on."""

from typing import Any

import numpy as np
import pandas as pd

from cinemyo.errors import TrainingError
from cinemyo.evaluation.metrics import accuracy, balanced_accuracy, confusion, log_loss, spread


def validation_rows(predictions: pd.DataFrame) -> pd.DataFrame:
    """The predictions of the validation parts; those of test parts are left behind here and reach no choice."""
    return predictions[predictions["set"] == "validation"].reset_index(drop=True)


def validation_figures(rows: pd.DataFrame, *, classes: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy and loss by fold with mean and spread, and pooled confusion, on labelled cines.

    Raises:
        TrainingError: no validation part has a labelled cine, so that nothing can be ranked.
    """
    known = rows.dropna(subset="truth")
    if known.empty:
        remedy = "check labels.csv and the exclusions of prepare"
        raise TrainingError("sweep", expected="labelled cines in a validation part", got="none", remedy=remedy)
    index = {name: number for number, name in enumerate(classes)}
    truth = known["truth"].map(index).to_numpy(int)
    shares = known[[f"p_{name}" for name in classes]].to_numpy(float)
    folds = known["fold"].to_numpy(int)
    numbers = sorted(set(folds.tolist()))
    matrices = [_matrix(truth[folds == fold], shares=shares[folds == fold]) for fold in numbers]
    losses = [log_loss(truth[folds == fold], probabilities=shares[folds == fold]) for fold in numbers]
    accuracies = np.array([accuracy(matrix) for matrix in matrices])
    pooled = np.sum(matrices, axis=0)
    sd = spread(accuracies)
    return {
        "validation_accuracy": float(accuracies.mean()),
        "validation_accuracy_sd": None if np.isnan(sd) else sd,
        "validation_accuracy_folds": accuracies.tolist(),
        "validation_balanced_accuracy": balanced_accuracy(pooled),
        "validation_loss": float(np.mean(losses)),
        "validation_confusion": pooled.tolist(),
        "n_cines": len(known),
        "n_folds": len(numbers),
    }


def _matrix(truth: np.ndarray, *, shares: np.ndarray) -> np.ndarray:
    return confusion(truth, predicted=shares.argmax(axis=1), n_classes=shares.shape[1])
