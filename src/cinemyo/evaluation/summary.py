"""`metrics.json`: the figures of every arm."""

import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from cinemyo.config import Evaluate, Study
from cinemyo.evaluation.metrics import accuracy
from cinemyo.evaluation.scoring import Scored
from cinemyo.evaluation.statistics import Interval, cluster_bootstrap


def metrics_of(arms: Sequence[Scored], *, study: Study, evaluate: Evaluate, seed: int) -> dict[str, Any]:
    """The content of `metrics.json`.

    Source: Germain 2021, Tables 2 and 3
    """
    figures = {scored.name: _plain(arm_figures(scored, evaluate=evaluate, seed=seed)) for scored in arms}
    return {"study": study.name, "synthetic": study.synthetic, "notice": study.notice, "arms": figures}


def arm_figures(scored: Scored, *, evaluate: Evaluate, seed: int) -> dict[str, Any]:
    """Figures of an arm by cine and, for a pathology, by patient; intervals by patient throughout."""
    folds, losses, matrix = scored.fold_accuracies(), scored.fold_losses(), scored.confusion(scored.answers)
    figures = {
        "target": scored.arm.target,
        "scheme": scored.arm.scheme,
        "leaky": scored.is_leaky,
        "classes": scored.classes,
        "accuracy_folds": folds,
        "accuracy_mean": folds.mean(),
        "accuracy_sd": folds.std(ddof=1),
        "accuracy_interval": interval_of(scored, scored.answers, evaluate=evaluate, seed=seed),
        "loss_mean": losses.mean(),
        "loss_sd": losses.std(ddof=1),
        "confusion": matrix,
        "n_cines": len(scored.answers),
        "n_patients": scored.answers["patient_id"].nunique(),
        "n_test_folds": len(folds),
    }
    if scored.arm.target != "pathology":
        return figures
    patients = scored.patients
    return figures | {
        "patient_accuracy": accuracy(scored.confusion(patients)),
        "patient_interval": interval_of(scored, patients, evaluate=evaluate, seed=seed),
        "patient_confusion": scored.confusion(patients),
    }


def interval_of(scored: Scored, rows: pd.DataFrame, *, evaluate: Evaluate, seed: int) -> Interval:
    """Interval of the share of rows (answers or patients) called right, patients drawn within their class."""
    right = (rows["truth"] == rows["predicted"]).to_numpy(int)
    return interval_by_patient(right, scored=scored, rows=rows, evaluate=evaluate, seed=seed)


def interval_by_patient(
    hits: Int[np.ndarray, " row"], *, scored: Scored, rows: pd.DataFrame, evaluate: Evaluate, seed: int
) -> Interval:
    """Interval of the mean of hits (0 and 1, or differences of two) over rows, patients drawn within their class."""
    pathology = scored.answers.drop_duplicates("patient_id").set_index("patient_id")["pathology"]
    clusters = pd.DataFrame({"patient": rows["patient_id"].to_numpy(), "hits": hits}).groupby("patient", sort=False)
    sums, sizes = clusters["hits"].sum(), clusters.size()
    strata = pathology.reindex(sums.index).fillna("unlabelled").to_numpy(object)
    return cluster_bootstrap(
        sums.to_numpy(int),
        totals=sizes.to_numpy(int),
        strata=strata,
        draws=evaluate.bootstrap,
        level=evaluate.level,
        generator=np.random.default_rng([seed, zlib.crc32(scored.name.encode())]),
    )


def _plain(value: Any) -> Any:
    """What JSON can hold: floats of six digits, nan as none."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    return None if math.isnan(value) else round(float(value), 6)
