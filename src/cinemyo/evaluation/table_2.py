"""Table 2: both targets and the three inputs, over the test folds, each single phase tested against its dual twin."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import ONE_VIEW, Arm, Params
from cinemyo.evaluation import published
from cinemyo.evaluation.contrast import adjusted, contrasts, margin_note
from cinemyo.evaluation.describe import alike, framed, input_of, joined, role_of, standing, training_of, twin
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import UNSEEN_NLL
from cinemyo.evaluation.levels import hits_of, loss_of, share_of
from cinemyo.evaluation.metrics import losses, spread
from cinemyo.evaluation.result import NOT_PART, REASON, ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import Target

TITLE: Final = "Table 2. Accuracy and loss over the test folds, by target and input"
TESTS_TITLE: Final = "Table 2, tests. Each single phase against its dual twin"
ROLES: Final = ("dual", "diastole", "systole")
MEASURES: Final = {"p_accuracy": "accuracy by fold", "p_loss": "loss by fold", "p_patients": "accuracy by patient"}
NOTE: Final = (
    "Mean and standard deviation over the test folds, which the paper calls validation; intervals draw on patients. "
    "p_accuracy and p_loss: corrected t over folds against the dual twin; p_patients: exact McNemar on patients; _holm "
    "adjusts for the comparisons of one target. table_2_tests has differences and what could have been found."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Table 2 and its tests; an input of a target that the study lacks has a row that says so.

    Source: Germain 2021, Table 2
    Departs from §2.7: corrected t over folds and exact McNemar on patients in place of Student's t.
    """
    params, arms = evidence.params, evidence.arms
    shown = [scored for scored in arms if _belongs(scored, arms=arms)]
    compared = [(scored, dual_twin(scored, arms=arms)) for scored in shown]
    rows = [row for scored, dual in compared if dual for row in contrasts(scored, reference=dual, params=params)]
    tests = adjusted(pd.DataFrame(rows)) if rows else pd.DataFrame()
    figures = [_row(scored, dual=dual, tests=tests, params=params) for scored, dual in compared]
    frame = framed([*figures, *_lacking(shown, params=params)], counts=("folds", "n_cines", "n_patients"))
    second = ResultTable("table_2", TITLE, frame, note=NOTE)
    if tests.empty:
        needs = "add arms that see one phase, and their twin that sees both"
        return [second, ResultTable.absent("table_2_tests", title=TESTS_TITLE, needs=needs)]
    return [second, ResultTable("table_2_tests", TESTS_TITLE, tests, note=margin_note(params))]


def dual_twin(scored: Scored, *, arms: Sequence[Scored]) -> Scored | None:
    """The arm that is the same but sees both phases; none for an arm that does so itself."""
    if len(scored.arm.phases) > 1:
        return None
    return twin(scored, arms=arms, free=("phases",), accept=lambda other: len(other.phases) > 1)


def _belongs(scored: Scored, *, arms: Sequence[Scored]) -> bool:
    """Whether an arm is of this table: over folds, no control, and not there for Table 4 alone."""
    if scored.is_control or scored.arm.scheme == "paper_holdout":
        return False
    return len(scored.arm.phases) > 1 or dual_twin(scored, arms=arms) is not None or not _is_size(scored, arms=arms)


def _is_size(scored: Scored, *, arms: Sequence[Scored]) -> bool:
    """Whether another arm differs in crop, recipe or pooling alone."""
    free = ("crop_px", "recipe", "head.pool")
    own = alike(scored.arm, free=free)
    return any(other.name != scored.name and alike(other.arm, free=free) == own for other in arms)


def _row(scored: Scored, *, dual: Scored | None, tests: pd.DataFrame, params: Params) -> dict[str, Any]:
    arm, level, reasons = scored.arm, params.evaluate.level, []
    folds, lost = scored.fold_accuracies(), scored.fold_losses()
    row: dict[str, Any] = {
        "arm": scored.name,
        "target": arm.target,
        "phases": role_of(arm),
        "input": input_of(arm, recipes=params.recipes),
        "backbone": arm.backbone.name,
        "training": training_of(arm),
        "scheme": arm.scheme,
        "folds": len(folds),
        "n_cines": len(scored.answers),
        "n_patients": scored.answers["patient_id"].nunique(),
        "accuracy_mean": folds.mean(),
        "accuracy_sd": spread(folds),
    }
    pooled = share_of(hits_of(scored.answers), rows=scored.answers, level=level, name="accuracy")
    row |= {key: pooled[key] for key in ("accuracy_low", "accuracy_high")}
    row |= {"loss_mean": lost.mean(), "loss_sd": spread(lost)} | _loss_interval(scored, level=level)
    if np.isnan(row["loss_high"]):
        reasons.append("one patient: no interval of the loss")
    if arm.target == "pathology":
        patients = scored.patients
        row |= share_of(hits_of(patients), rows=patients, level=level, name="patient_accuracy")
    else:
        row |= dict.fromkeys(("patient_accuracy", "patient_accuracy_low", "patient_accuracy_high"), np.nan)
        reasons.append("a view is the cine's: no figure by patient")
    tested = _tested(scored, dual=dual, tests=tests)
    printed = _printed(arm, params=params)
    reasons += [tested.pop(REASON), printed.pop(REASON, "")]
    return row | tested | printed | {"standing": standing(arm, study=params.study), REASON: joined(reasons)}


def _loss_interval(scored: Scored, *, level: float) -> dict[str, float]:
    own = losses(scored.answers["truth"].to_numpy(int), probabilities=scored.probabilities(scored.answers))
    found = loss_of(own, rows=scored.answers, unseen=UNSEEN_NLL, level=level, name="loss")
    return {key: found[key] for key in ("loss_low", "loss_high")}


def _tested(scored: Scored, *, dual: Scored | None, tests: pd.DataFrame) -> dict[str, Any]:
    """The p of the tests; the reason where there is none."""
    empty = {f"{name}{part}": np.nan for name in MEASURES for part in ("", "_holm")}
    if len(scored.arm.phases) > 1:
        return {"reference": "itself", **empty, REASON: "the reference of the single phases: not tested"}
    if dual is None:
        return {"reference": "none", **empty, REASON: "no dual twin to compare with: add an arm alike with both phases"}
    own = tests[tests["arm"] == scored.name].set_index("measure")
    found: dict[str, Any] = {"reference": dual.name}
    for name, measure in MEASURES.items():
        found |= {name: own.loc[measure, "p"], f"{name}_holm": own.loc[measure, "p_holm"]}
    untested = own.loc[list(MEASURES.values())]
    return found | {REASON: joined(untested.loc[untested["p"].isna(), REASON])}


def _printed(arm: Arm, *, params: Params) -> dict[str, Any]:
    """The paper's figures of such an arm; columns of the study `paper` alone."""
    if params.study.name != "paper":
        return {}
    found = published.accuracy_of(arm, input_name=input_of(arm, recipes=params.recipes))
    if found is None:
        empty = dict.fromkeys(("paper_accuracy", "paper_sd"), np.nan)
        reason = "the paper prints no figure of such an arm"
        return {**empty, "paper_p": "none printed", "paper_scheme": published.SCHEME, REASON: reason}
    p = found.p or "none printed"
    return {"paper_accuracy": found.mean, "paper_sd": found.sd, "paper_p": p, "paper_scheme": published.SCHEME}


def _lacking(shown: Sequence[Scored], *, params: Params) -> list[dict[str, Any]]:
    """A row for each target and input that no arm of a split by patient has."""
    had = {(scored.arm.target, role_of(scored.arm)) for scored in shown if not scored.is_leaky}
    targets: tuple[Target, ...] = ("pathology", "view")
    return [
        {"arm": "none", "target": target, "phases": role, REASON: f"{NOT_PART}: {_needs(target, role, params=params)}"}
        for target in targets
        for role in ROLES
        if (target, role) not in had
    ]


def _needs(target: Target, role: str, *, params: Params) -> str:
    if target == "view" and params.source.kind in ONE_VIEW:
        return "the source has one view only"
    phases = "both phases" if role == "dual" else f"{role} alone"
    return f"add arms of target {target} that see {phases}"
