"""`metrics.json`: the figures of every arm."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cinemyo.config import Evaluate, Study
from cinemyo.evaluation.by_arm import figures_of
from cinemyo.evaluation.by_class import DISEASES, class_figures, missed_disease
from cinemyo.evaluation.intervals import UNSEEN_NLL
from cinemyo.evaluation.levels import loss_of
from cinemyo.evaluation.metrics import losses, spread
from cinemyo.evaluation.result import DIGITS, REASON
from cinemyo.evaluation.scoring import Scored

ONE_FOLD = "one fold: no spread over folds"
ONE_PATIENT = "one patient: no interval of a mean"
OF_CLASS = ("sensitivity", "specificity", "auroc")


@dataclass(frozen=True)
class Absent:
    """A figure that there is not, and why; `null` in JSON with the reason under `<key>_reason`."""

    reason: str


def metrics_of(arms: Sequence[Scored], *, study: Study, evaluate: Evaluate, seed: int) -> dict[str, Any]:
    """The content of `metrics.json`.

    Source: Germain 2021, Tables 2 and 3
    """
    figures = {scored.name: plain(arm_figures(scored, evaluate=evaluate, seed=seed)) for scored in arms}
    return {"study": study.name, "synthetic": study.synthetic, "notice": study.notice, "arms": figures}


def arm_figures(scored: Scored, *, evaluate: Evaluate, seed: int) -> dict[str, Any]:
    """Figures of an arm by cine and, for a pathology, by patient (`patient_`); intervals by patient throughout.

    An interval stands beside its figure as `<figure>_interval`. `accuracy` is of all test cines together, and
    `accuracy_mean` the mean over folds, as the paper has it.
    """
    folds, lost = scored.fold_accuracies(), scored.fold_losses()
    own = losses(scored.answers["truth"].to_numpy(int), probabilities=scored.probabilities(scored.answers))
    loss = loss_of(own, rows=scored.answers, unseen=UNSEEN_NLL, level=evaluate.level, name="loss")
    ends = loss["loss_low"], loss["loss_high"]
    figures = {
        "target": scored.arm.target,
        "scheme": scored.arm.scheme,
        "leaky": scored.is_leaky,
        "control": scored.is_control,
        "classes": scored.classes,
        "accuracy_folds": folds,
        "accuracy_mean": folds.mean(),
        "accuracy_sd": _told(spread(folds), reason=ONE_FOLD),
        "loss_mean": lost.mean(),
        "loss_sd": _told(spread(lost), reason=ONE_FOLD),
        "loss_mean_interval": Absent(ONE_PATIENT) if math.isnan(loss["loss_high"]) else ends,
        "confusion": scored.confusion(scored.answers),
        "n_cines": len(scored.answers),
        "n_patients": scored.answers["patient_id"].nunique(),
        "n_test_folds": len(folds),
    }
    by_cine = _of_rows(scored, rows=scored.answers, evaluate=evaluate, seed=seed)
    figures |= by_cine
    if scored.arm.target != "pathology":
        return figures
    patients = scored.patients
    by_patient = _of_rows(scored, rows=patients, evaluate=evaluate, seed=seed)
    by_patient["interval"] = by_patient.pop("accuracy_interval")
    figures |= {f"patient_{key}": value for key, value in by_patient.items()}
    return figures | {"patient_confusion": scored.confusion(patients)}


def _of_rows(scored: Scored, *, rows: pd.DataFrame, evaluate: Evaluate, seed: int) -> dict[str, Any]:
    """Figures of answers or patients: of all classes together, of each class, and missed disease."""
    whole = figures_of(scored, rows=rows, evaluate=evaluate, seed=seed)
    figures: dict[str, Any] = {}
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        figures |= _with_interval(name, row=whole, reason="")
    for name in ("balanced_accuracy", "macro_f1"):
        figures[f"{name}_bca_interval"] = (whole[f"{name}_bca_low"], whole[f"{name}_bca_high"])
    figures["n_tied"] = whole["n_tied"]
    by_class = class_figures(scored, rows=rows, level=evaluate.level)
    for name in OF_CLASS:
        figures[name] = {
            key: value for row in by_class for key, value in _with_interval(name, row=row, key=row["class"]).items()
        }
    if scored.arm.target == "pathology":
        missed = [missed_disease(rows, group=group, level=evaluate.level) for group in DISEASES]
        figures["missed_disease"] = {row["disease"].replace(" ", "_"): _missed(row) for row in missed}
    return figures


def _missed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"n": row["n"], "missed": row["missed"]} | _with_interval("share", row=row)


def _with_interval(
    name: str, *, row: Mapping[str, Any], key: str | None = None, reason: str | None = None
) -> dict[str, Any]:
    """A figure of a row and its interval under a key; absent with the reason of the row where it is nan."""
    key = name if key is None else key
    if math.isnan(row[name]):
        absent = Absent(row[REASON] if reason is None else reason)
        return {key: absent, f"{key}_interval": absent}
    return {key: row[name], f"{key}_interval": (row[f"{name}_low"], row[f"{name}_high"])}


def _told(value: float, *, reason: str) -> float | Absent:
    return Absent(reason) if math.isnan(value) else value


def plain(value: Any) -> Any:
    """What JSON can hold: floats of six digits; what is absent as null beside its reason.

    Raises:
        ValueError: a number is not finite and no reason was given.
    """
    if isinstance(value, dict):
        reasons = {f"{key}_reason": item.reason for key, item in value.items() if isinstance(item, Absent)}
        return {key: plain(item) for key, item in value.items()} | reasons
    if isinstance(value, np.ndarray | tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Absent):
        return None
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if not math.isfinite(value):
        raise ValueError(f"a figure is {value} and nobody says why")
    return round(float(value), DIGITS)
