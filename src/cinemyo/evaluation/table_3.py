"""Table 3: confusion matrices summed over the test folds, with the errors of each class and arm."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Int

from cinemyo.config import Params
from cinemyo.evaluation import published
from cinemyo.evaluation.describe import framed, input_of, role_of, standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import levels
from cinemyo.evaluation.result import REASON, ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import CLASSES, Target

NAMES: Final[dict[Target, str]] = {"pathology": "table_3", "view": "table_3_view"}
NOTE: Final = "Rows are the truth, columns what was called. By patient: the mean probability over the patient's cines."


def tables(evidence: Evidence) -> list[ResultTable]:
    """Pooled confusion matrices of both targets, by cine and, for the pathology, by patient.

    Source: Germain 2021, Table 3
    Departs from Table 3: by patient too.
    """
    return [_of_target(evidence, target=target, name=name) for target, name in NAMES.items()]


def _of_target(evidence: Evidence, *, target: Target, name: str) -> ResultTable:
    title = f"Table 3. Confusion matrices of the {target}, test folds together"
    rows = [
        row for scored in evidence.arms if scored.arm.target == target for row in _rows(scored, params=evidence.params)
    ]
    if not rows:
        return ResultTable.absent(name, title=title, needs=f"add arms of target {target}")
    printed = [f"paper_{truth}" for truth in CLASSES[target]]
    return ResultTable(name, title, framed(rows, counts=printed), note=NOTE)


def _rows(scored: Scored, *, params: Params) -> list[dict[str, Any]]:
    found = []
    for level, answers in levels(scored.answers, target=scored.arm.target).items():
        head = {"arm": scored.name, "phases": role_of(scored.arm), "level": level}
        for index, row in enumerate(matrix_rows(scored.confusion(answers), classes=scored.classes)):
            printed = _printed(scored, index=index, level=level, params=params)
            reason = printed.pop(REASON, "")
            found.append(head | row | printed | {"standing": standing(scored.arm, study=params.study), REASON: reason})
    return found


def matrix_rows(matrix: Int[np.ndarray, "truth predicted"], *, classes: Sequence[str]) -> list[dict[str, Any]]:
    """A row per true class: what it was called, how many were wrong, and the errors and accuracy of the whole matrix.

    Source: Germain 2021, Table 3
    """
    total, wrong = int(matrix.sum()), int(matrix.sum() - np.trace(matrix))
    overall = {"arm_n": total, "arm_errors": wrong, "arm_error_share": wrong / total, "arm_accuracy": 1 - wrong / total}
    return [
        {"truth": truth}
        | {name: int(count) for name, count in zip(classes, matrix[index], strict=True)}
        | {"n": int(matrix[index].sum()), "errors": int(matrix[index].sum() - matrix[index, index])}
        | overall
        for index, truth in enumerate(classes)
    ]


def _printed(scored: Scored, *, index: int, level: str, params: Params) -> dict[str, Any]:
    """The paper's row beside ours, in the study `paper` alone; its own sums, which differ from its text."""
    if params.study.name != "paper":
        return {}
    names = [f"paper_{name}" for name in scored.classes]
    matrix = published.matrix_of(scored.arm, input_name=input_of(scored.arm, recipes=params.recipes))
    if matrix is None or level != "cine":
        return {**dict.fromkeys(names, None), REASON: "the paper prints no such matrix"}
    return dict(zip(names, matrix[index], strict=True))
