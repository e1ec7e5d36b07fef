"""The tables of the paper in its form, from the arms that a study has, known by what they are and not by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cinemyo.config import Arm, Params
from cinemyo.evaluation import published
from cinemyo.evaluation.describe import input_of, role_of, standing, training_of
from cinemyo.evaluation.scoring import Scored
from cinemyo.evaluation.statistics import corrected_t, holm, mcnemar
from cinemyo.labels import Phase, Target

__all__ = ["input_of", "last_epochs", "role_of", "standing", "table_2", "table_3", "table_4", "training_of"]

LAST_EPOCHS = 10
"""Epochs over which the paper averages in Table 4."""


def table_2(arms: Sequence[Scored], *, params: Params, metrics: Mapping[str, Any]) -> pd.DataFrame:
    """Accuracy and loss over the folds of every arm, each single phase tested against the dual arm that is its twin.

    `p_accuracy` and `p_loss` are corrected t tests over folds, `p_patients` is McNemar's on patients; `_holm` adjusts
    for the comparisons of one target.

    Source: Germain 2021, Table 2
    Departs from §2.7: Student's t is replaced by that of Nadeau and Bengio.
    """
    shown = [scored for scored in arms if not _is_size_variant(scored, arms=arms)]
    rows = [_table_2_row(scored, arms=arms, params=params, figures=metrics["arms"][scored.name]) for scored in shown]
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    for column in ("p_accuracy", "p_patients"):
        families = [group[column] for _, group in frame.groupby("target")]
        adjusted = pd.concat([pd.Series(holm(values.tolist()), index=values.index) for values in families])
        frame.insert(list(frame.columns).index(column) + 1, f"{column}_holm", adjusted)
    return _rounded(frame)


def _table_2_row(scored: Scored, *, arms: Sequence[Scored], params: Params, figures: dict[str, Any]) -> dict[str, Any]:
    arm, dual = scored.arm, _twin(scored, arms=arms, free="phases", accept=lambda other: len(other.phases) > 1)
    low, high = figures["accuracy_interval"]
    row = {
        "arm": scored.name,
        "target": arm.target,
        "phases": role_of(arm),
        "input": input_of(arm, recipes=params.recipes),
        "backbone": arm.backbone.name,
        "training": training_of(arm),
        "scheme": arm.scheme,
        "folds": figures["n_test_folds"],
        "n_cines": figures["n_cines"],
        "n_patients": figures["n_patients"],
        "accuracy_mean": figures["accuracy_mean"],
        "accuracy_sd": figures["accuracy_sd"],
        "accuracy_low": low,
        "accuracy_high": high,
        "loss_mean": figures["loss_mean"],
        "loss_sd": figures["loss_sd"],
        "patient_accuracy": figures.get("patient_accuracy"),
    }
    row |= compared(scored, reference=dual)
    if params.study.name == "paper":
        row |= _paper_columns(_published_2(scored, params=params))
    return row | {"standing": standing(arm, study=params.study)}


def compared(scored: Scored, *, reference: Scored | None) -> dict[str, Any]:
    """Tests against a reference arm on the same folds and cines; empty where there is none."""
    if reference is None or not _is_paired(scored, reference=reference):
        return {"reference": None, "p_accuracy": np.nan, "p_loss": np.nan, "p_patients": np.nan}
    gained = reference.fold_accuracies() - scored.fold_accuracies()
    lost = scored.fold_losses() - reference.fold_losses()
    p_patients = np.nan
    if scored.arm.target == "pathology":
        ours, theirs = (rows["truth"] == rows["predicted"] for rows in (scored.patients, reference.patients))
        p_patients = mcnemar(int((ours & ~theirs).sum()), only_second=int((theirs & ~ours).sum()))
    return {
        "reference": reference.name,
        "p_accuracy": corrected_t(gained, test_share=scored.test_share).p,
        "p_loss": corrected_t(lost, test_share=scored.test_share).p,
        "p_patients": p_patients,
    }


def _is_paired(scored: Scored, *, reference: Scored) -> bool:
    columns = ["cine_id", "fold"]
    return scored.answers[columns].equals(reference.answers[columns])


def table_3(arms: Sequence[Scored], *, params: Params, target: Target) -> pd.DataFrame:
    """Confusion matrices summed over the test folds, a row per arm and true class, with the errors of each row and arm.

    Source: Germain 2021, Table 3
    """
    rows: list[dict[str, Any]] = []
    for scored in arms:
        if scored.arm.target == target:
            rows += _table_3_rows(scored, params=params)
    return _rounded(pd.DataFrame(rows))


def _table_3_rows(scored: Scored, *, params: Params) -> list[dict[str, Any]]:
    matrix, printed = scored.confusion(scored.answers), _published_3(scored, params=params)
    wrong = int(matrix.sum() - np.trace(matrix))
    rows = []
    for index, truth in enumerate(scored.classes):
        row: dict[str, Any] = {"arm": scored.name, "phases": role_of(scored.arm), "truth": truth}
        row |= {name: int(count) for name, count in zip(scored.classes, matrix[index], strict=True)}
        row |= {"n": int(matrix[index].sum()), "errors": int(matrix[index].sum() - matrix[index, index])}
        row |= {"arm_errors": wrong, "arm_error_share": wrong / matrix.sum()}
        if params.study.name == "paper":
            row |= {f"paper_{name}": printed[index][k] if printed else None for k, name in enumerate(scored.classes)}
        rows.append(row | {"standing": standing(scored.arm, study=params.study)})
    return rows


def table_4(
    arms: Sequence[Scored], *, params: Params, metrics: Mapping[str, Any], histories: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Accuracy by input of the arms that see systole alone and differ in crop or recipe only.

    `last_epochs_*` has the paper's form (mean and SD over the last ten epochs of the accuracy on the fold's monitored
    part, averaged over folds; that SD is no sampling error); `accuracy_*` is on test folds, tested against 160 px.

    Source: Germain 2021, Table 4
    Departs from Table 4: the p is over folds, not over the epochs of one fit.
    """
    rows = []
    for scored in arms:
        if len(_series(scored, arms=arms)) > 1:
            figures, history = metrics["arms"][scored.name], histories[scored.name]
            rows.append(_table_4_row(scored, arms=arms, params=params, figures=figures, history=history))
    return _rounded(pd.DataFrame(rows))


def _table_4_row(
    scored: Scored, *, arms: Sequence[Scored], params: Params, figures: dict[str, Any], history: pd.DataFrame
) -> dict[str, Any]:
    name = input_of(scored.arm, recipes=params.recipes)
    series = [other for other in _series(scored, arms=arms) if other.name != scored.name]
    references = [other for other in series if input_of(other.arm, recipes=params.recipes) == published.INPUT]
    mean, sd = last_epochs(history)
    tests = compared(scored, reference=references[0] if references else None)
    row = {
        "arm": scored.name,
        "input": name,
        "backbone": scored.arm.backbone.name,
        "scheme": scored.arm.scheme,
        "last_epochs_mean": mean,
        "last_epochs_sd": sd,
        "accuracy_mean": figures["accuracy_mean"],
        "accuracy_sd": figures["accuracy_sd"],
        "patient_accuracy": figures.get("patient_accuracy"),
    }
    row |= {key: tests[key] for key in ("reference", "p_accuracy")}
    if params.study.name == "paper":
        row |= _paper_columns(published.TABLE_4.get(name) if scored.arm.backbone.name == published.BACKBONE else None)
    return row | {"standing": standing(scored.arm, study=params.study)}


def last_epochs(history: pd.DataFrame) -> tuple[float, float]:
    """Mean and SD over the last ten epochs of the validation accuracy averaged over folds; nan where none was kept."""
    epochs = history.groupby("epoch")["validation_accuracy"].mean().astype("Float64").dropna()
    last = epochs.tail(LAST_EPOCHS).to_numpy(float)
    return (float(last.mean()), float(last.std(ddof=1))) if len(last) > 1 else (float("nan"), float("nan"))


def _series(scored: Scored, *, arms: Sequence[Scored]) -> list[Scored]:
    """Arms of one size series: systole alone, pathology, alike but for crop and recipe."""
    if scored.arm.target != "pathology" or role_of(scored.arm) != "systole":
        return []
    own = _alike(scored.arm, free=("crop_px", "recipe"))
    return [other for other in arms if _alike(other.arm, free=("crop_px", "recipe")) == own]


def _is_size_variant(scored: Scored, *, arms: Sequence[Scored]) -> bool:
    """Whether an arm exists for Table 4 alone: of a size series, and without a dual twin."""
    dual = _twin(scored, arms=arms, free="phases", accept=lambda other: len(other.phases) > 1)
    return dual is None and len(_series(scored, arms=arms)) > 1


def _twin(scored: Scored, *, arms: Sequence[Scored], free: str, accept: Callable[[Arm], bool]) -> Scored | None:
    """Another arm that is the same but for one field, and is what is looked for."""
    own = _alike(scored.arm, free=(free,))
    alike = [other for other in arms if other.name != scored.name and _alike(other.arm, free=(free,)) == own]
    return next((other for other in alike if accept(other.arm)), None)


def _alike(arm: Arm, *, free: tuple[str, ...]) -> dict[str, Any]:
    return arm.model_dump(exclude=set(free))


def _published_2(scored: Scored, *, params: Params) -> published.Accuracy | None:
    arm = scored.arm
    if arm.backbone.name != published.BACKBONE or input_of(arm, recipes=params.recipes) != published.INPUT:
        return None
    return published.TABLE_2.get((arm.target, frozenset[Phase](arm.phases)))


def _published_3(scored: Scored, *, params: Params) -> published.Matrix | None:
    if scored.arm.target != "pathology" or _published_2(scored, params=params) is None:
        return None
    return published.TABLE_3[frozenset[Phase](scored.arm.phases)]


def _paper_columns(printed: published.Accuracy | None) -> dict[str, Any]:
    mean, sd, p = printed or (None, None, None)
    scheme = published.SCHEME if printed else None
    return {"paper_accuracy": mean, "paper_sd": sd, "paper_p": p, "paper_scheme": scheme}


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.round(6)
