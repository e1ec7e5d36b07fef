"""Figures of a trial from its inner validation predictions, and which way each is better."""

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
import pandas as pd

from cinemyo.config import Arm
from cinemyo.errors import TrainingError
from cinemyo.evaluation.metrics import accuracy, confusion, log_loss
from cinemyo.evaluation.reliability import calibration_error, reliability
from cinemyo.labels import CLASSES
from cinemyo.tuning.space import Objective

DIRECTIONS: Final[dict[Objective, Literal["maximize", "minimize"]]] = {
    "accuracy": "maximize",
    "nll": "minimize",
    "brier": "minimize",
    "ece": "minimize",
    "gflops": "minimize",
}
"""Operations, unlike seconds, are the same on every machine and after every interruption."""


def figures(predictions: pd.DataFrame, *, arm: Arm, patients: Mapping[str, str], least: int) -> dict[Objective, float]:
    """Accuracy, negative log likelihood, Brier score and calibration error over the labelled validation cines.

    All inner folds are pooled, each cine answered once by a model that did not train on it. `least` patients make a
    bin of the calibration error.

    Raises:
        TrainingError: no labelled cine was validated.
    """
    known = predictions.dropna(subset="truth")
    if known.empty:
        remedy = "check labels.csv"
        raise TrainingError("search", expected="labelled cines to validate on", got="none", remedy=remedy)
    classes = CLASSES[arm.target]
    truth = known["truth"].map({name: number for number, name in enumerate(classes)}).to_numpy(int)
    shares = known[[f"p_{name}" for name in classes]].to_numpy(float)
    clusters = known["cine_id"].map(patients).to_numpy(object)
    return {
        "accuracy": accuracy(confusion(truth, predicted=shares.argmax(axis=1), n_classes=len(classes))),
        "nll": log_loss(truth, probabilities=shares),
        "brier": float(((shares - np.eye(len(classes))[truth]) ** 2).sum(axis=1).mean()),
        "ece": calibration_error(reliability(shares, truth=truth, clusters=clusters, least=least)),
    }
