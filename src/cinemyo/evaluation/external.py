"""The supplementary cohort, which no fold has seen, and what the arms say to classes that they do not know."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import Params
from cinemyo.errors import SplitError
from cinemyo.evaluation import ensemble
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence, External
from cinemyo.evaluation.levels import counts_of, levels, share_of, tabulated
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored

TITLES: Final = {
    "external": "Supplementary cohort: accuracy",
    "external_classes": "Supplementary cohort: sensitivity and specificity",
    "external_difference": "Supplementary cohort against the test folds",
    "external_answers": "Supplementary cohort: what was answered",
    "out_of_class": "Classes that no arm was trained on: share answered with confidence",
}
NEEDS: Final = "add a supplementary cohort under external.sources and the arms that answer it under external.arms"
NEEDS_OTHERS: Final = "add cines of other classes to the supplementary cohort (column other_class of its label sheet)"
UNLABELLED: Final = "the supplementary cohort has no labels: answers alone"
OTHER: Final = "other_class"


def tables(evidence: Evidence) -> list[ResultTable]:
    """Accuracy, figures by class, difference from the test folds, answers given, and answers to unknown classes."""
    external = evidence.external
    answered = external.predictions if external else {}
    arms = [scored for scored in evidence.arms if len(answered.get(scored.name, ()))]
    if external is None or not arms:
        return [ResultTable.absent(name, title=title, needs=NEEDS) for name, title in TITLES.items()]
    _refuse_seen(external, evidence=evidence)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TITLES}
    for scored in arms:
        tail = {"standing": standing(scored.arm, study=evidence.params.study)}
        for name, part in _rows(scored, external=external, params=evidence.params).items():
            rows[name] += [{"arm": scored.name} | row | tail for row in part]
    notes = _notes(evidence.params)
    others = TITLES["out_of_class"]
    return [
        ResultTable(name, TITLES[name], tabulated(part), notes[name])
        if part
        else ResultTable.absent(name, title=others, needs=NEEDS_OTHERS)
        for name, part in rows.items()
    ]


def _notes(params: Params) -> dict[str, str]:
    by = "Answered by the ensemble (mean probability over the folds) and by each fold; no fold has seen the cohort."
    sure = f"With confidence: a probability of {params.evaluate.confident:g} or more for the class that is called."
    apart = "Ensemble on the supplementary cohort less the single folds on their test folds, by Newcombe's hybrid."
    single = "One fold: over the answers of all folds, as a test cine is answered by one fold alone."
    own = {"external_difference": apart, "external_answers": f"{by} {sure}", "out_of_class": f"{sure} {single}"}
    return {name: own.get(name, by) for name in TITLES}


def _rows(scored: Scored, *, external: External, params: Params) -> dict[str, list[dict[str, Any]]]:
    answers, target = answers_of(scored, external=external), scored.arm.target
    known = {name: ensemble.labelled(rows) for name, rows in answers.items()}
    rows = {
        "external_answers": list(answer_rows(answers, scored=scored, params=params)),
        "out_of_class": list(other_rows(answers, scored=scored, external=external, params=params)),
    }
    if known[ensemble.ENSEMBLE].empty:
        return rows | {name: [{"reason": UNLABELLED}] for name in TITLES if name not in rows}
    accuracies = ensemble.accuracy_rows(known, target=target, evaluate=params.evaluate)
    differences = ensemble.difference_rows(known[ensemble.ENSEMBLE], scored=scored, evaluate=params.evaluate)
    return rows | {
        "external": [row | {"reason": ""} for row in accuracies],
        "external_classes": list(ensemble.class_rows(known, target=target, evaluate=params.evaluate)),
        "external_difference": [row | {"reason": ""} for row in differences],
    }


def answers_of(scored: Scored, *, external: External) -> dict[str, pd.DataFrame]:
    """Answers of the ensemble and of each fold to the supplementary cohort; a patient number is a person there."""
    return ensemble.answers_of(
        external.predictions[scored.name],
        target=scored.arm.target,
        cines=external.cines,
        labels=external.labels,
        persons={},
        where=f"supplementary cohort, {scored.name}",
    )


def answer_rows(answers: Mapping[str, pd.DataFrame], *, scored: Scored, params: Params) -> Iterator[dict[str, Any]]:
    """A row per level and whoever answered: how often each class was called, and the share answered with confidence."""
    for by, own in answers.items():
        for level, rows in _whatever_truth(own, scored=scored).items():
            called = np.bincount(rows["predicted"].to_numpy(int), minlength=len(scored.classes))
            counts = {f"called_{name}": int(count) for name, count in zip(scored.classes, called, strict=True)}
            sure = _sure(rows, scored=scored, params=params)
            # arms of another target call other classes, and their columns are empty here
            reason = f"called: classes of the target {scored.arm.target} alone"
            yield {"answered_by": by, "level": level} | counts_of(rows) | counts | sure | {"reason": reason}


def other_rows(
    answers: Mapping[str, pd.DataFrame], *, scored: Scored, external: External, params: Params
) -> Iterator[dict[str, Any]]:
    """Share answered with confidence per unknown class, beside that of test cines and of the cohort's known classes."""
    if OTHER not in external.labels or scored.arm.target != "pathology":
        return
    other = external.labels.set_index("cine_id")[OTHER]
    folds = [rows for by, rows in answers.items() if by != ensemble.ENSEMBLE]
    asked = {ensemble.ENSEMBLE: [answers[ensemble.ENSEMBLE]], "one fold": folds}
    groups = sorted(set(other[answers[ensemble.ENSEMBLE]["cine_id"]].dropna()))
    if not groups:
        return
    yield from _sure_rows([scored.answers], group="in class: test folds", by="one fold", scored=scored, params=params)
    for by, parts in asked.items():
        known = [ensemble.labelled(rows) for rows in parts]
        if len(known[0]):
            yield from _sure_rows(known, group="in class: supplementary cohort", by=by, scored=scored, params=params)
        for group in groups:
            own = [rows[_is_other(rows, other=other, group=group)] for rows in parts]
            yield from _sure_rows(own, group=group, by=by, scored=scored, params=params)


def _is_other(rows: pd.DataFrame, *, other: pd.Series, group: str) -> pd.Series:
    named = pd.Series(other.reindex(rows["cine_id"]).to_numpy(object), index=rows.index)
    return (named == group) & (rows["truth"] == ensemble.NO_TRUTH)


def _sure_rows(
    parts: Iterable[pd.DataFrame], *, group: str, by: str, scored: Scored, params: Params
) -> Iterator[dict[str, Any]]:
    leveled = [_whatever_truth(rows, scored=scored) for rows in parts]
    for level in leveled[0]:
        rows = pd.concat([own[level] for own in leveled], ignore_index=True)
        head = {"group": group, "answered_by": by, "level": level}
        sizes = {"n": len(rows) // len(leveled), "n_patients": int(rows["patient_id"].nunique())}
        yield head | sizes | _sure(rows, scored=scored, params=params)


def _whatever_truth(answers: pd.DataFrame, *, scored: Scored) -> dict[str, pd.DataFrame]:
    """Rows by patient, whatever the truth, and by cine; a view is told by cine alone."""
    if scored.arm.target != "pathology":
        return {"cine": answers}
    return levels(answers.assign(truth=ensemble.NO_TRUTH), target="pathology")


def _sure(rows: pd.DataFrame, *, scored: Scored, params: Params) -> dict[str, float]:
    confident = (scored.probabilities(rows).max(axis=1) >= params.evaluate.confident).astype(int)
    return share_of(confident, rows=rows, level=params.evaluate.level, name="confident")


def _refuse_seen(external: External, *, evidence: Evidence) -> None:
    seen = external.cines[external.cines["digest"].isin(set(evidence.cines["digest"]))]
    if len(seen):
        got = f"{seen['cine_id'].iloc[0]}, whose pixels are in the study ({len(seen)} such cines)"
        remedy = "take these cines out of the supplementary cohort"
        raise SplitError("supplementary cohort", expected="cines that no fold has seen", got=got, remedy=remedy)
