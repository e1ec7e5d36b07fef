"""Readers and the model on the same cines, and the reference that each of them is held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from cinemyo.errors import TableError
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import PATHOLOGIES

Reference = Literal["labeller", "consensus", "independent"]
NONE: Final = -1
"""In place of a class: no call, or no reference."""
ALONE: Final = "one reader only: there is no other reader"


@dataclass(frozen=True)
class Panel:
    """First readings, rereadings, answers and labels of cines that were read and that the model answered."""

    model: str
    kind: Reference
    cines: pd.DataFrame
    """By cine_id: patient_id, label and model (class numbers, `NONE` where there is none), p_<class>."""
    calls: pd.DataFrame
    """By cine_id, a column per reader: class number of the first reading, `NONE` where there is none."""
    rereadings: pd.DataFrame
    """Rows of the readers' sheet above reading 1, with `call` as class number."""
    unanswered: int
    """Cines that were read and that the model did not answer."""

    @property
    def readers(self) -> tuple[str, ...]:
        """Roles of the readers, sorted."""
        return tuple(self.calls.columns)

    @property
    def named_model(self) -> str:
        """The model as it stands among readers."""
        return f"model {self.model}"

    def reference(self, *, without: Sequence[str] = ()) -> Int[np.ndarray, " cine"]:
        """The reference of every cine for those who are compared; readers `without` whom an independent one is made."""
        if self.kind == "labeller":
            return self.cines["label"].to_numpy(np.int64)
        others = [name for name in self.readers if self.kind == "consensus" or name not in without]
        return majority(self.calls[others].to_numpy(np.int64))

    def rows(self, chosen: np.ndarray) -> pd.DataFrame:
        """The chosen cines with patient, label and answer."""
        return self.cines[chosen]

    def probabilities(self, chosen: np.ndarray) -> Float[np.ndarray, "row classes"]:
        """The model's probabilities of the chosen cines."""
        return self.cines.loc[chosen, [f"p_{name}" for name in PATHOLOGIES]].to_numpy(float)


def majority(calls: Int[np.ndarray, "cine reader"]) -> Int[np.ndarray, " cine"]:
    """The class that most readers called each cine; `NONE` on a tie, or without a call."""
    counts = (calls[:, :, None] == np.arange(len(PATHOLOGIES))).sum(axis=1)
    most = counts.max(axis=1, keepdims=True)
    clear = (most[:, 0] > 0) & ((counts == most).sum(axis=1) == 1)
    return np.where(clear, counts.argmax(axis=1), NONE)


def model_of(evidence: Evidence) -> Scored | None:
    """The arm that readers are compared with: the primary one or, if it is of views, the first honest of pathology."""
    named = [scored for scored in evidence.honest if scored.arm.target == "pathology"]
    first = [scored for scored in named if scored.name == evidence.params.study.primary]
    return next(iter([*first, *named]), None)


def panel_of(evidence: Evidence, *, model: Scored) -> Panel:
    """The panel of a study that has rows of readers.

    Raises:
        TableError: a cine that was read is not of the study.
    """
    sheet = evidence.readers
    unknown = sheet["cine_id"][~sheet["cine_id"].isin(evidence.cines["cine_id"])].tolist()
    if unknown:
        raise TableError(
            f"readers' sheet {evidence.params.sheets.readers}",
            expected="cines of the study",
            got=f"{unknown[0]} ({len(unknown)} such rows)",
            remedy="collect the sheets of this study's reading set",
        )
    number = {name: index for index, name in enumerate(PATHOLOGIES)}
    answers = model.answers.set_index("cine_id")
    sheet = sheet.assign(call=sheet["pathology"].map(number).astype(int))
    known = sheet[sheet["cine_id"].isin(answers.index)]
    first = known[known["reading"] == 1].pivot(index="cine_id", columns="reader", values="call")
    order = [cine for cine in answers.index if cine in set(known["cine_id"])]
    named = sorted(set(known["reader"]))
    labels = evidence.labels.set_index("cine_id")["pathology"].map(number).reindex(order)
    cines = pd.DataFrame(
        {
            "patient_id": answers.loc[order, "patient_id"],
            "label": labels.fillna(NONE).astype(int),
            "model": answers.loc[order, "predicted"].astype(int),
            **{f"p_{name}": answers.loc[order, f"p_{name}"] for name in PATHOLOGIES},
        }
    )
    return Panel(
        model=model.name,
        kind=evidence.params.evaluate.reference,
        cines=cines,
        calls=first.reindex(index=order, columns=named).fillna(NONE).astype(int),
        rereadings=known[known["reading"] > 1],
        unanswered=int(sheet["cine_id"].nunique() - len(order)),
    )
