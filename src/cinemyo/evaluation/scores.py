"""A dozen flat numbers of an arm for `dvc metrics`, and its answers without any id for `dvc plots`."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from cinemyo.evaluation.scoring import Scored

DISEASES: Final = ("hcm", "dcm")


def scores(figures: Mapping[str, Any]) -> dict[str, float]:
    """Flat numbers of an arm from its entry in `metrics.json`; what does not apply to an arm is left out.

    Figures by patient begin with `patient_`.
    """
    low, high = figures["accuracy_interval"]
    found: dict[str, float | None] = {
        "accuracy": figures["accuracy"],
        "accuracy_low": low,
        "accuracy_high": high,
        "accuracy_mean_of_folds": figures["accuracy_mean"],
        "loss": figures["loss_mean"],
        "macro_f1": figures["macro_f1"],
    }
    if "patient_accuracy" in figures:
        low, high = figures["patient_interval"]
        found |= {"patient_accuracy": figures["patient_accuracy"]}
        found |= {"patient_accuracy_low": low, "patient_accuracy_high": high}
        for measure in ("sensitivity", "specificity"):
            found |= {f"patient_{measure}_{name}": figures[f"patient_{measure}"][name] for name in DISEASES}
        found["patient_missed_disease"] = figures["patient_missed_disease"]["hcm_or_dcm"]["share"]
    return {key: float(value) for key, value in found.items() if value is not None}


def answers(scored: Scored) -> pd.DataFrame:
    """Truth and call of each test cine by name, sorted: the rows are those of the confusion matrix and tell no more."""
    names = dict(enumerate(scored.classes))
    rows = pd.DataFrame({key: scored.answers[key].map(names) for key in ("truth", "predicted")})
    order = {name: index for index, name in names.items()}
    return rows.sort_values(["truth", "predicted"], key=lambda column: column.map(order), ignore_index=True)
