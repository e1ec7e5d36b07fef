"""Table 4: systole alone by crop and recipe, in the paper's form and on test folds, with pooled heads beside."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import Params
from cinemyo.evaluation import published
from cinemyo.evaluation.contrast import adjusted, contrasts, margin_note
from cinemyo.evaluation.describe import alike, framed, input_of, joined, role_of, standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import hits_of, share_of
from cinemyo.evaluation.metrics import spread
from cinemyo.evaluation.result import NOT_PART, REASON, ResultTable
from cinemyo.evaluation.scoring import Scored

LAST_EPOCHS: Final = 10
"""Epochs over which the paper averages in Table 4."""
FREE: Final = ("crop_px", "recipe", "head.pool")
"""What differs within a series."""
TITLE: Final = "Table 4. Systole alone, by size of the input"
TESTS_TITLE: Final = "Table 4, tests. Each input against the reference input, each flattened head against a pooled one"
NEEDS: Final = (
    "add arms that see systole alone and differ in crop_px or recipe (128 px, 160 px, 256 px, raw), and their twins "
    "with head.pool average"
)
NOTE: Final = (
    "last_epochs: the paper's form, mean and standard deviation over the last ten epochs of the accuracy that was "
    "watched, averaged over folds; that spread is no sampling error. accuracy: on test folds. A flattened head grows "
    "with the crop, so that the sizes of image and head are confounded; a pooled (average) head does not grow."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Table 4 and its tests; a flattened head without its pooled twin has a row that says so.

    Source: Germain 2021, Table 4
    Departs from Table 4: the p is over folds and patients, not over the epochs of one fit; pooled heads are added.
    """
    arms, params = evidence.arms, evidence.params
    members = [scored for scored in arms if len(series_of(scored, arms=arms)) > 1]
    if not members:
        absent = [("table_4", TITLE), ("table_4_tests", TESTS_TITLE)]
        return [ResultTable.absent(name, title=title, needs=NEEDS) for name, title in absent]
    rows = [_row(scored, history=evidence.histories[scored.name], params=params) for scored in members]
    rows += [row for scored in members for row in _lacking(scored, arms=arms, params=params)]
    rows += _unprinted(members, params=params)
    fourth = ResultTable("table_4", TITLE, framed(rows, counts=("n_cines", "n_patients")), note=NOTE)
    return [fourth, _tests(members, params=params)]


def series_of(scored: Scored, *, arms: Sequence[Scored]) -> list[Scored]:
    """Arms of one series: systole alone, pathology, over folds, alike but for crop, recipe and pooling of the head."""
    arm = scored.arm
    if arm.target != "pathology" or role_of(arm) != "systole" or arm.scheme == "paper_holdout" or scored.is_control:
        return []
    own = alike(arm, free=FREE)
    return [other for other in arms if alike(other.arm, free=FREE) == own]


def _row(scored: Scored, *, history: pd.DataFrame, params: Params) -> dict[str, Any]:
    name, level, folds = input_of(scored.arm, recipes=params.recipes), params.evaluate.level, scored.fold_accuracies()
    mean, sd = last_epochs(history)
    reasons = ["fewer than two epochs with a validation accuracy"] if np.isnan(sd) else []
    row: dict[str, Any] = {
        "arm": scored.name,
        "input": name,
        "head": scored.arm.head.pool,
        "backbone": scored.arm.backbone.name,
        "scheme": scored.arm.scheme,
        "n_cines": len(scored.answers),
        "n_patients": scored.answers["patient_id"].nunique(),
        "last_epochs_mean": mean,
        "last_epochs_sd": sd,
        "accuracy_mean": folds.mean(),
        "accuracy_sd": spread(folds),
    }
    pooled = share_of(hits_of(scored.answers), rows=scored.answers, level=level, name="accuracy")
    row |= {key: pooled[key] for key in ("accuracy_low", "accuracy_high")}
    patients = scored.patients
    row |= share_of(hits_of(patients), rows=patients, level=level, name="patient_accuracy")
    printed = _printed(scored, name=name, params=params)
    reasons.append(printed.pop(REASON, ""))
    return row | printed | {"standing": standing(scored.arm, study=params.study), REASON: joined(reasons)}


def _printed(scored: Scored, *, name: str, params: Params) -> dict[str, Any]:
    """The paper's figures beside ours, in the study `paper` alone; its head is flattened."""
    if params.study.name != "paper":
        return {}
    is_as_printed = scored.arm.backbone.name == published.BACKBONE and scored.arm.head.pool == "flatten"
    found = published.TABLE_4.get(name) if is_as_printed else None
    if found is None:
        empty = {"paper_accuracy": np.nan, "paper_sd": np.nan, "paper_p": "none printed"}
        return {**empty, "paper_scheme": published.SCHEME, REASON: "the paper prints no figure of such an arm"}
    p = found.p or "none printed"
    return {"paper_accuracy": found.mean, "paper_sd": found.sd, "paper_p": p, "paper_scheme": published.SCHEME}


def _lacking(scored: Scored, *, arms: Sequence[Scored], params: Params) -> list[dict[str, Any]]:
    """A row for the pooled twin that a flattened head lacks."""
    if scored.arm.head.pool != "flatten" or _pooled(scored, arms=arms) is not None:
        return []
    name = input_of(scored.arm, recipes=params.recipes)
    reason = f"{NOT_PART}: add an arm like {scored.name} with head.pool average"
    return [{"arm": "none", "input": name, "head": "average", "backbone": scored.arm.backbone.name, REASON: reason}]


def _unprinted(members: Sequence[Scored], *, params: Params) -> list[dict[str, Any]]:
    """In the study `paper`, a row for each input of the paper that no arm has."""
    if params.study.name != "paper":
        return []
    had = {input_of(scored.arm, recipes=params.recipes) for scored in members}
    return [
        {"arm": "none", "input": name, REASON: f"{NOT_PART}: add an arm that sees systole alone, input {name}"}
        for name in published.TABLE_4
        if name not in had
    ]


def _pooled(scored: Scored, *, arms: Sequence[Scored]) -> Scored | None:
    own = alike(scored.arm, free=("head.pool",))
    twins = [other for other in arms if alike(other.arm, free=("head.pool",)) == own]
    return next((other for other in twins if other.arm.head.pool == "average"), None)


def _tests(members: Sequence[Scored], *, params: Params) -> ResultTable:
    rows: list[dict[str, Any]] = []
    for scored in members:
        size = _reference(scored, members=members, params=params)
        pooled = _pooled(scored, arms=members) if scored.arm.head.pool == "flatten" else None
        for question, reference in (("size of the input", size), ("head flattened or pooled", pooled)):
            if reference is not None and reference.name != scored.name:
                found = contrasts(scored, reference=reference, params=params)
                rows += [_placed(row, question=question, scored=scored, params=params) for row in found]
    if not rows:
        needs = f"add an arm of {published.INPUT}, or of the primary arm's input, to compare with"
        return ResultTable.absent("table_4_tests", title=TESTS_TITLE, needs=needs)
    return ResultTable("table_4_tests", TESTS_TITLE, adjusted(pd.DataFrame(rows)), note=margin_note(params))


def _placed(row: Mapping[str, Any], *, question: str, scored: Scored, params: Params) -> dict[str, Any]:
    return {"question": question, "input": input_of(scored.arm, recipes=params.recipes), **row}


def _reference(scored: Scored, *, members: Sequence[Scored], params: Params) -> Scored | None:
    """The arm of the same series and pooling at 160 px or, where none is, at the input of the primary arm."""
    pool = scored.arm.head.pool
    series = [other for other in series_of(scored, arms=members) if other.arm.head.pool == pool]
    by_input = {input_of(other.arm, recipes=params.recipes): other for other in reversed(series)}
    primary = input_of(params.arms[params.study.primary], recipes=params.recipes)
    return by_input.get(published.INPUT) or by_input.get(primary)


def last_epochs(history: pd.DataFrame) -> tuple[float, float]:
    """Mean and SD over the last ten epochs of the validation accuracy averaged over folds; nan where none was kept."""
    epochs = history.groupby("epoch")["validation_accuracy"].mean().astype("Float64").dropna()
    last = epochs.tail(LAST_EPOCHS).to_numpy(float)
    return (float(last.mean()), float(last.std(ddof=1))) if len(last) > 1 else (float("nan"), float("nan"))
