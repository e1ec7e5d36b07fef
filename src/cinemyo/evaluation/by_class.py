"""Each class against the others: sensitivity, specificity, area under the ROC curve, and diseases called normal."""

from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.evaluation.describe import joined, standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import clustered_auroc
from cinemyo.evaluation.levels import levels, share_of, sides_of
from cinemyo.evaluation.metrics import auroc
from cinemyo.evaluation.result import REASON, ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import PATHOLOGIES

TITLE: Final = "Classes: sensitivity, specificity and AUROC of each class against the others, test folds together"
NOTE: Final = (
    "Intervals draw on patients. A design of equal classes: predictive values are given at stated prevalences alone."
)
MISSED_TITLE: Final = "Missed disease: HCM or DCM called normal"
MISSED_NOTE: Final = "Counted apart from other errors: a disease called normal is not looked for again."
DISEASES: Final[dict[str, tuple[str, ...]]] = {"hcm or dcm": ("hcm", "dcm"), "hcm": ("hcm",), "dcm": ("dcm",)}
"""Groups of the table of missed disease."""


def tables(evidence: Evidence) -> list[ResultTable]:
    """Figures of each class, and missed disease, by arm and level.

    Source: Germain 2021, Table 3
    """
    level = evidence.params.evaluate.level
    classes: list[dict[str, Any]] = []
    missed: list[dict[str, Any]] = []
    for scored in evidence.arms:
        for unit, answers in levels(scored.answers, target=scored.arm.target).items():
            head = {"arm": scored.name, "target": scored.arm.target, "level": unit}
            tail = {"standing": standing(scored.arm, study=evidence.params.study)}
            classes += [_closed(head | row, tail) for row in class_figures(scored, rows=answers, level=level)]
            if scored.arm.target == "pathology":
                groups = [missed_disease(answers, group=group, level=level) for group in DISEASES]
                missed += [_closed(head | row, tail) for row in groups]
    by_class = ResultTable("classes", TITLE, pd.DataFrame(classes), note=NOTE)
    if not missed:
        needs = "add arms of target pathology"
        return [by_class, ResultTable.absent("missed_disease", title=MISSED_TITLE, needs=needs)]
    return [by_class, ResultTable("missed_disease", MISSED_TITLE, pd.DataFrame(missed), note=MISSED_NOTE)]


def class_figures(scored: Scored, *, rows: pd.DataFrame, level: float) -> list[dict[str, Any]]:
    """A row per class of the target; what it has no case for is nan and named in `reason`."""
    truth = rows["truth"].to_numpy(int)
    clusters, shares = rows["patient_id"].to_numpy(object), scored.probabilities(rows)
    areas, found = auroc(truth, probabilities=shares), []
    for index, name in enumerate(scored.classes):
        is_class = truth == index
        row: dict[str, Any] = {"class": name, "n": int(is_class.sum()), "n_others": int((~is_class).sum())}
        row |= sides_of(rows, number=index, level=level)
        ends = clustered_auroc(is_class, scores=shares[:, index], clusters=clusters, level=level)
        known = bool(is_class.any() and not is_class.all())
        row |= {"auroc": areas[index] if known else np.nan}
        row |= {"auroc_low": ends.low if known else np.nan, "auroc_high": ends.high if known else np.nan}
        lacks = [f"no case of {name}"] if not is_class.any() else []
        found.append(row | {REASON: joined(lacks + ([f"no case but of {name}"] if is_class.all() else []))})
    return found


def missed_disease(rows: pd.DataFrame, *, group: str, level: float) -> dict[str, Any]:
    """How many of a group of diseases were called normal, and their share; nan and a reason where it has no case."""
    ill = rows[rows["truth"].isin([PATHOLOGIES.index(name) for name in DISEASES[group]])]
    missed = (ill["predicted"] == PATHOLOGIES.index("normal")).to_numpy(int)
    row: dict[str, Any] = {"disease": group, "n": len(ill), "missed": int(missed.sum())}
    row |= share_of(missed, rows=ill, level=level, name="share")
    return row | {REASON: "" if len(ill) else f"no case of {group}"}


def _closed(row: dict[str, Any], tail: dict[str, str]) -> dict[str, Any]:
    """The row with its standing before its reason."""
    reason = row.pop(REASON)
    return row | tail | {REASON: reason}
