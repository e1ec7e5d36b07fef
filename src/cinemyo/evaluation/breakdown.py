"""Figures by class and by view, and what a split by input adds to an accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cinemyo.config import Params
from cinemyo.evaluation.intervals import Interval, clustered_difference, clustered_share
from cinemyo.evaluation.metrics import accuracy, auroc, balanced_accuracy, macro_f1, per_class
from cinemyo.evaluation.scoring import Scored
from cinemyo.evaluation.tables import standing


def class_table(arms: Sequence[Scored], *, params: Params) -> pd.DataFrame:
    """Sensitivity, specificity, predictive values and AUROC per arm, level (cine, patient) and class.

    Predictive values hold at the class shares of the cohort: no figure of theirs carries over to a clinic.

    Source: Germain 2021, Table 3
    """
    rows: list[dict[str, Any]] = []
    for scored in arms:
        for level, answers in _levels(scored).items():
            head = {"arm": scored.name, "target": scored.arm.target, "level": level}
            tail = {"standing": standing(scored.arm, study=params.study)}
            rows += [head | row | tail for row in _class_rows(scored, answers=answers)]
    return pd.DataFrame(rows).round(6)


def _class_rows(scored: Scored, *, answers: pd.DataFrame) -> list[dict[str, Any]]:
    matrix = scored.confusion(answers)
    areas = auroc(answers["truth"].to_numpy(int), probabilities=scored.probabilities(answers))
    figures = zip(scored.classes, matrix.sum(axis=1), per_class(matrix), areas, strict=True)
    return [{"class": name, "n": int(n)} | own._asdict() | {"auroc": area} for name, n, own, area in figures]


def arm_table(arms: Sequence[Scored], *, params: Params, seed: int) -> pd.DataFrame:
    """Accuracy with its interval, balanced accuracy, macro F1, and the share of the largest class, per arm and level.

    Source: Germain 2021, §2.4
    """
    rows: list[dict[str, Any]] = []
    for scored in arms:
        for level, answers in _levels(scored).items():
            matrix = scored.confusion(answers)
            low, high = _interval(answers, level=params.evaluate.level)
            row = {"arm": scored.name, "target": scored.arm.target, "level": level, "n": int(matrix.sum())}
            row |= {"accuracy": accuracy(matrix), "low": low, "high": high}
            row |= {"balanced_accuracy": balanced_accuracy(matrix), "macro_f1": macro_f1(matrix)}
            row |= {"largest_class": float(matrix.sum(axis=1).max() / matrix.sum())}
            rows.append(row | {"standing": standing(scored.arm, study=params.study)})
    return pd.DataFrame(rows).round(6)


def _levels(scored: Scored) -> dict[str, pd.DataFrame]:
    """Answers by cine and, where the class is the patient's, by patient."""
    by_cine = {"cine": scored.answers}
    return by_cine | {"patient": scored.patients} if scored.arm.target == "pathology" else by_cine


def view_table(arms: Sequence[Scored], *, params: Params, seed: int) -> pd.DataFrame:
    """Accuracy by cine within each view, of the arms of pathology: view and pathology are confounded.

    Source: Germain 2021, Table 1
    """
    rows: list[dict[str, Any]] = []
    for scored in arms:
        if scored.arm.target != "pathology":
            continue
        for view, answers in scored.answers.groupby("view"):
            low, high = _interval(answers, level=params.evaluate.level)
            share = accuracy(scored.confusion(answers))
            row = {
                "arm": scored.name,
                "view": view,
                "n_cines": len(answers),
                "n_patients": answers["patient_id"].nunique(),
            }
            row |= {"accuracy": share, "low": low, "high": high}
            rows.append(row | {"standing": standing(scored.arm, study=params.study)})
    return pd.DataFrame(rows).round(6)


def leakage_table(arms: Sequence[Scored], *, params: Params, seed: int) -> pd.DataFrame:
    """What a split by input adds: accuracy by cine of an arm, of its leaky twin, and their paired difference.

    Both are compared on the cines that both answered; the interval draws patients.

    Departs from §2.4: the paper has the split by input alone.
    """
    rows: list[dict[str, Any]] = []
    for leaky in arms:
        own = leaky.arm.model_dump(exclude={"scheme"})
        twins = [other for other in arms if not other.is_leaky and other.arm.model_dump(exclude={"scheme"}) == own]
        if leaky.is_leaky and twins:
            rows.append(_gap(twins[0], leaky=leaky, params=params, seed=seed))
    return pd.DataFrame(rows).round(6)


def _gap(honest: Scored, *, leaky: Scored, params: Params, seed: int) -> dict[str, Any]:
    columns = ["cine_id", "truth", "predicted"]
    both = honest.answers.merge(leaky.answers[columns], on="cine_id", suffixes=("", "_leaky"), validate="one_to_one")
    right = (both["predicted"] == both["truth"]).to_numpy(int)
    right_leaky = (both["predicted_leaky"] == both["truth_leaky"]).to_numpy(int)
    gain: np.ndarray = right_leaky - right
    low, high = clustered_difference(
        right, second=right_leaky, clusters=both["patient_id"].to_numpy(object), level=params.evaluate.level
    )
    row = {"arm": honest.name, "leaky_arm": leaky.name, "n_cines": len(both)}
    row |= {"accuracy_by_patient": right.mean(), "accuracy_by_input": right_leaky.mean()}
    return row | {"gap": gain.mean(), "low": low, "high": high, "standing": standing(leaky.arm, study=params.study)}


def _interval(rows: pd.DataFrame, *, level: float) -> Interval:
    right = (rows["truth"] == rows["predicted"]).to_numpy(int)
    return clustered_share(right, clusters=rows["patient_id"].to_numpy(object), level=level)
