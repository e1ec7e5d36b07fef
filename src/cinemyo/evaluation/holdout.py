"""The hold-out: closed, or opened and every opening told."""

from typing import Any, Final

import pandas as pd

from cinemyo.errors import SplitError
from cinemyo.evaluation import ensemble
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import tabulated
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.folds import HOLDOUT
from cinemyo.persons import persons_of

CLOSED: Final = "closed: opened on request (make holdout)"
NEEDS: Final = "add arms of scheme honest (split.protocol: honest), by patient and with labels as given"
NEEDS_PATIENTS: Final = "a hold-out (split.holdout_share above 0, in a study that is still to be trained)"
TITLES: Final = {
    "holdout": "Hold-out: accuracy",
    "holdout_classes": "Hold-out: sensitivity and specificity",
    "holdout_difference": "Hold-out against the test folds",
    "holdout_openings": "Openings of the hold-out",
}
NOTE: Final = (
    "Patients that no fold trained on, validated on or tested; answered by the ensemble (mean probability over the "
    "folds) and by each fold. Every opening is in the table of openings; after the first one no choice is blind."
)
DIFFERENCE_NOTE: Final = (
    "Ensemble on the hold-out less the single folds on their test folds: other patients, intervals by Newcombe's "
    "hybrid. An ensemble is usually a little better than its folds."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Accuracy, figures by class, difference from the test folds, and openings; closed arms say so.

    Departs from §2.4: the paper's held-out part is 20 % of its inputs, and of one fit.
    """
    arms = [scored for scored in evidence.honest if scored.arm.scheme == "honest"]
    if not arms or not _is_drawn(evidence.folds):
        needs = NEEDS_PATIENTS if arms else NEEDS
        return [ResultTable.absent(name, title=title, needs=needs) for name, title in TITLES.items()]
    answered = {scored.name: answers_of(scored, evidence=evidence) for scored in arms}
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TITLES}
    for scored in arms:
        own = _rows(scored, answers=answered[scored.name], evidence=evidence)
        for name, part in (own | {"holdout_openings": opening_rows(scored.name, openings=evidence.openings)}).items():
            tail = {"standing": standing(scored.arm, study=evidence.params.study)}
            rows[name] += [{"arm": scored.name} | row | tail for row in part]
    notes = {"holdout_difference": DIFFERENCE_NOTE}
    return [ResultTable(name, TITLES[name], tabulated(part), notes.get(name, NOTE)) for name, part in rows.items()]


def _is_drawn(folds: pd.DataFrame) -> bool:
    return bool(((folds["scheme"] == "honest") & (folds["part"] == HOLDOUT)).any())


def answers_of(scored: Scored, *, evidence: Evidence) -> dict[str, pd.DataFrame]:
    """Answers of the ensemble and of each fold to the hold-out; none where it is closed.

    Raises:
        SplitError: a cine is answered that is not of the hold-out, or one of the hold-out is not answered.
    """
    predictions = evidence.holdout.get(scored.name)
    if predictions is None or predictions.empty:
        return {}
    where = f"hold-out of {scored.name}"
    _refuse_others(predictions, scored=scored, evidence=evidence, where=where)
    return ensemble.answers_of(
        predictions,
        target=scored.arm.target,
        cines=evidence.cines,
        labels=evidence.labels,
        persons=persons_of(evidence.cines["patient_id"].tolist(), links=evidence.links),
        where=where,
    )


def opening_rows(arm: str, *, openings: pd.DataFrame) -> list[dict[str, Any]]:
    """A row per opening of an arm's hold-out: which of how many, when, by whose role and why."""
    own = openings[openings["arm"] == arm].sort_values("opened_on", kind="stable")
    if own.empty:
        return [{"openings": 0, "reason": CLOSED}]
    return [
        {
            "openings": len(own),
            "opening": number,
            "opened_on": row["opened_on"],
            "role": row["role"],
            "why": row["reason"],
            "models": str(row["models"])[:12],
            "folds": str(row["folds"])[:12],
            "reason": "",
        }
        for number, row in enumerate(own.to_dict("records"), start=1)
    ]


def _rows(scored: Scored, *, answers: dict[str, pd.DataFrame], evidence: Evidence) -> dict[str, list[dict[str, Any]]]:
    if not answers:
        return {name: [{"reason": CLOSED}] for name in ("holdout", "holdout_classes", "holdout_difference")}
    target, settings = scored.arm.target, evidence.params.evaluate
    known = {name: ensemble.labelled(rows) for name, rows in answers.items()}
    together = known[ensemble.ENSEMBLE]
    return {
        "holdout": [row | {"reason": ""} for row in ensemble.accuracy_rows(known, target=target, evaluate=settings)],
        "holdout_classes": list(ensemble.class_rows(known, target=target, evaluate=settings)),
        "holdout_difference": [
            row | {"reason": ""} for row in ensemble.difference_rows(together, scored=scored, evaluate=settings)
        ],
    }


def _refuse_others(predictions: pd.DataFrame, *, scored: Scored, evidence: Evidence, where: str) -> None:
    own = evidence.folds[(evidence.folds["scheme"] == scored.arm.scheme) & (evidence.folds["part"] == HOLDOUT)]
    told = evidence.labels["cine_id"][evidence.labels[scored.arm.target].notna()]
    prepared = set(evidence.prepared[scored.arm.recipe]["cine_id"]) & set(told)
    answered, held = set(predictions["cine_id"]), set(own["cine_id"])
    for cines, fault in ((answered - held, "of another part"), ((held & prepared) - answered, "without an answer")):
        if cines:
            got = f"{min(cines)} {fault} ({len(cines)} such cines)"
            remedy = "open the hold-out again (make holdout)"
            raise SplitError(where, expected="an answer to each cine of the hold-out alone", got=got, remedy=remedy)
