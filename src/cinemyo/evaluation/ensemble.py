"""Answers to cines that no fold has seen: by the folds together, and by each of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import Evaluate
from cinemyo.errors import SplitError
from cinemyo.evaluation.levels import apart, counts_of, hits_of, levels, share_of, sides_of
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import CLASSES, Target

ENSEMBLE: Final = "ensemble"
NO_TRUTH: Final = -1
"""Class number of a cine without a label."""


def answers_of(
    predictions: pd.DataFrame,
    *,
    target: Target,
    cines: pd.DataFrame,
    labels: pd.DataFrame,
    persons: Mapping[str, str],
    where: str,
) -> dict[str, pd.DataFrame]:
    """Answers of the ensemble (mean probability over the folds) and of each fold, in that order.

    Columns as in `Scored.answers`, the fold left out; `truth` is `NO_TRUTH` where the label is not known.

    Raises:
        SplitError: a cine was not answered once by each fold, is no cine of the cohort, or has another truth.
    """
    _refuse_uneven(predictions, where=where)
    _refuse_others(predictions, labels=labels, target=target, where=where)
    columns = [f"p_{name}" for name in CLASSES[target]]
    folds = {f"fold {fold}": rows[["cine_id", *columns]] for fold, rows in predictions.groupby("fold")}
    together = predictions.groupby("cine_id", sort=False)[columns].mean().reset_index()
    known = cines[["cine_id", "patient_id"]].merge(labels[["cine_id", "pathology", "view"]], on="cine_id", how="left")
    known["patient_id"] = known["patient_id"].map(lambda patient: persons.get(patient, patient))
    numbers = {name: number for number, name in enumerate(CLASSES[target])}
    known["truth"] = known[target].map(numbers).fillna(NO_TRUTH).astype(int)
    return {name: _answers(rows, known=known, columns=columns) for name, rows in {ENSEMBLE: together, **folds}.items()}


def _answers(rows: pd.DataFrame, *, known: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    joined = rows.merge(known, on="cine_id", how="left", validate="one_to_one")
    joined["predicted"] = np.argmax(joined[columns].to_numpy(float), axis=1)
    return joined[["cine_id", "patient_id", "truth", "predicted", *columns, "pathology", "view"]]


def labelled(answers: pd.DataFrame) -> pd.DataFrame:
    """Answers whose truth is known."""
    return answers[answers["truth"] != NO_TRUTH]


def accuracy_rows(
    answers: Mapping[str, pd.DataFrame], *, target: Target, evaluate: Evaluate
) -> Iterator[dict[str, Any]]:
    """Accuracy with its interval, a row per level and whoever answered; `answers` are labelled."""
    for by, own in answers.items():
        for level, rows in levels(own, target=target).items():
            share = share_of(hits_of(rows), rows=rows, level=evaluate.level, name="accuracy")
            yield {"answered_by": by, "level": level} | counts_of(rows) | share


def class_rows(answers: Mapping[str, pd.DataFrame], *, target: Target, evaluate: Evaluate) -> Iterator[dict[str, Any]]:
    """Sensitivity and specificity with intervals, a row per level, class and whoever answered."""
    for by, own in answers.items():
        for level, rows in levels(own, target=target).items():
            for number, name in enumerate(CLASSES[target]):
                head = {"answered_by": by, "level": level, "class": name}
                yield head | class_figures(rows, number=number, evaluate=evaluate)


def class_figures(rows: pd.DataFrame, *, number: int, evaluate: Evaluate) -> dict[str, Any]:
    """Rows of the class and of the others, sensitivity and specificity with intervals; a reason for a side without."""
    n_class = int((rows["truth"] == number).sum())
    figures: dict[str, Any] = {"n_class": n_class, "n_others": len(rows) - n_class}
    figures |= sides_of(rows, number=number, level=evaluate.level)
    return figures | {"reason": _missing_side(figures)}


def _missing_side(figures: Mapping[str, Any]) -> str:
    if not figures["n_class"]:
        return "no case of this class"
    return "" if figures["n_others"] else "no case of another class"


def difference_rows(answers: pd.DataFrame, *, scored: Scored, evaluate: Evaluate) -> Iterator[dict[str, Any]]:
    """Accuracy on other patients (labelled answers of the ensemble) less that on the test folds, a row per level."""
    ours, target = levels(scored.answers, target=scored.arm.target), scored.arm.target
    for level, rows in levels(answers, target=target).items():
        pair = (ours[level], rows)
        first, second = (share_of(hits_of(own), rows=own, level=evaluate.level, name="accuracy") for own in pair)
        gap, interval = apart(first, second=second, name="accuracy")
        sizes = {"n_test": len(ours[level]), "n": len(rows)}
        shares = {"test_accuracy": first["accuracy"], "accuracy": second["accuracy"]}
        yield {"level": level} | sizes | shares | {"difference": gap, "low": interval.low, "high": interval.high}


def _refuse_uneven(predictions: pd.DataFrame, *, where: str) -> None:
    folds = predictions["fold"].nunique()
    answered = predictions.groupby("cine_id", sort=False)["fold"].agg(["nunique", "size"])
    uneven = answered.index[(answered["nunique"] != folds) | (answered["size"] != folds)]
    if len(uneven):
        got = f"{int(answered['size'][uneven[0]])} answers to {uneven[0]} ({len(uneven)} such cines)"
        raise SplitError(where, expected=f"one answer of each of {folds} folds", got=got, remedy="answer them again")


def _refuse_others(predictions: pd.DataFrame, *, labels: pd.DataFrame, target: Target, where: str) -> None:
    truths = predictions["cine_id"].map(labels.set_index("cine_id")[target])
    both = predictions["truth"].notna() & truths.notna()
    other = predictions["cine_id"][both & (predictions["truth"] != truths)]
    if len(other):
        got = f"another for {other.iloc[0]} ({other.nunique()} such cines)"
        raise SplitError(where, expected="the truth of labels.csv", got=got, remedy="answer them again")
