"""The figures of every arm by cine and by patient, with intervals by patient."""

import zlib
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import Evaluate
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import Interval, clustered_balanced_accuracy, clustered_macro_f1
from cinemyo.evaluation.levels import hits_of, levels, share_of
from cinemyo.evaluation.metrics import balanced_accuracy, macro_f1, tied
from cinemyo.evaluation.resampling import confusion_intervals
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored

TITLE: Final = "Arms: accuracy, balanced accuracy and macro F1, test folds together"
NOTE: Final = (
    "low and high: exact interval at the number of rows that those of the patients are worth. bca: bootstrap of "
    "patients within their class, corrected for bias and skewness; too narrow where errors are few, nil where none is. "
    "largest_class: share of the largest class, which a model that always calls it would get right. "
    "n_tied: answers whose highest probability two classes share; the first of them is called."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Accuracy, balanced accuracy and macro F1 of each arm and level, with intervals.

    Source: Germain 2021, §2.4
    Departs from §2.7: the paper gives no interval.
    """
    params = evidence.params
    rows = [
        {"arm": scored.name, "target": scored.arm.target, "level": level}
        | figures_of(scored, rows=answers, evaluate=params.evaluate, seed=params.seed)
        | {"standing": standing(scored.arm, study=params.study)}
        for scored in evidence.arms
        for level, answers in levels(scored.answers, target=scored.arm.target).items()
    ]
    return [ResultTable("arms", TITLE, pd.DataFrame(rows), note=NOTE)]


def figures_of(scored: Scored, *, rows: pd.DataFrame, evaluate: Evaluate, seed: int) -> dict[str, Any]:
    """Figures of rows of answers or patients: each with `_low` and `_high`, the bootstrap beside as `_bca_low`."""
    truth, predicted = rows["truth"].to_numpy(int), rows["predicted"].to_numpy(int)
    clusters, matrix = rows["patient_id"].to_numpy(object), scored.confusion(rows)
    found: dict[str, Any] = {"n": len(rows), "n_patients": int(rows["patient_id"].nunique())}
    found |= share_of(hits_of(rows), rows=rows, level=evaluate.level, name="accuracy")
    drawn = confusion_intervals(
        truth,
        predicted=predicted,
        clusters=clusters,
        n_classes=len(scored.classes),
        draws=evaluate.bootstrap,
        level=evaluate.level,
        generator=np.random.default_rng([seed, zlib.crc32(scored.name.encode())]),
    )
    balanced, f1 = (
        interval(truth, predicted=predicted, clusters=clusters, level=evaluate.level)
        for interval in (clustered_balanced_accuracy, clustered_macro_f1)
    )
    found |= {"balanced_accuracy": balanced_accuracy(matrix)} | _ends("balanced_accuracy", balanced, drawn)
    found |= {"macro_f1": macro_f1(matrix)} | _ends("macro_f1", f1, drawn)
    found |= {"largest_class": float(matrix.sum(axis=1).max() / matrix.sum())}
    return found | {"n_tied": tied(scored.probabilities(rows))}


def _ends(name: str, interval: Interval, drawn: dict[str, Interval]) -> dict[str, float]:
    by_bootstrap = drawn[name]
    ends = {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return ends | {f"{name}_bca_low": by_bootstrap.low, f"{name}_bca_high": by_bootstrap.high}
