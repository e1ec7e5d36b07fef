"""The paper's double split: one fit on 60 % of the patients, 20 % to watch, 20 % held out."""

from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import Params
from cinemyo.evaluation import published
from cinemyo.evaluation.describe import framed, input_of, joined, role_of, standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import UNSEEN_NLL
from cinemyo.evaluation.levels import counts_of, hits_of, levels, loss_of, share_of
from cinemyo.evaluation.metrics import losses
from cinemyo.evaluation.result import REASON, ResultTable
from cinemyo.evaluation.scoring import Scored, answered
from cinemyo.labels import Phase

NAME: Final = "double_split"
TITLE: Final = "Double split 60/20/20: accuracy on the held-out part and on validation"
NOTE: Final = (
    "One fit, so there is no mean and no spread over folds; intervals draw on patients. Test: patients held out; "
    "validation: those of the curve beside training."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Accuracy and loss of the arms of scheme `paper_holdout`, by part and level.

    Source: Germain 2021, §2.4 and §3.4
    Departs from §2.4: by patient.
    """
    arms = [scored for scored in evidence.arms if scored.arm.scheme == "paper_holdout"]
    if not arms:
        needs = "add arms of scheme paper_holdout to a study of split.protocol paper"
        return [ResultTable.absent(NAME, title=TITLE, needs=needs)]
    rows = [row for scored in arms for row in _rows(scored, evidence=evidence)]
    return [ResultTable(NAME, TITLE, framed(rows, counts=("paper_errors", "paper_n")), note=NOTE)]


def _rows(scored: Scored, *, evidence: Evidence) -> list[dict[str, Any]]:
    predictions = evidence.predictions[scored.name]
    watched = predictions[(predictions["set"] == "validation") & predictions["truth"].notna()]
    validation = answered(watched, arm=scored.arm, cines=evidence.cines, labels=evidence.labels, links=evidence.links)
    parts = {"test": scored.answers, "validation": validation}
    return [
        _row(scored, part=part, level=level, answers=rows, params=evidence.params)
        for part, answers in parts.items()
        if len(answers)
        for level, rows in levels(answers, target=scored.arm.target).items()
    ]


def _row(scored: Scored, *, part: str, level: str, answers: pd.DataFrame, params: Params) -> dict[str, Any]:
    hits, share = hits_of(answers), params.evaluate.level
    head = {"arm": scored.name, "target": scored.arm.target, "phases": role_of(scored.arm), "part": part}
    row: dict[str, Any] = head | {"level": level} | counts_of(answers) | {"errors": int((1 - hits).sum())}
    row |= share_of(hits, rows=answers, level=share, name="accuracy")
    own = losses(answers["truth"].to_numpy(int), probabilities=scored.probabilities(answers))
    row |= loss_of(own, rows=answers, unseen=UNSEEN_NLL, level=share, name="loss")
    reasons = ["one patient: no interval of the loss"] if np.isnan(row["loss_high"]) else []
    printed = _printed(scored, is_shown=part == "test" and level == "cine", params=params)
    reasons.append(printed.pop(REASON, ""))
    return row | printed | {"standing": standing(scored.arm, study=params.study), REASON: joined(reasons)}


def _printed(scored: Scored, *, is_shown: bool, params: Params) -> dict[str, Any]:
    """The paper's errors of the held-out part, in the study `paper` alone."""
    if params.study.name != "paper":
        return {}
    as_printed = published.accuracy_of(scored.arm, input_name=input_of(scored.arm, recipes=params.recipes))
    if not is_shown or as_printed is None or scored.arm.target != "pathology":
        return {"paper_errors": None, "paper_n": None, REASON: "the paper prints no such count"}
    errors, n = published.HOLDOUT[frozenset[Phase](scored.arm.phases)]
    return {"paper_errors": errors, "paper_n": n}
