"""Readers beside the model on the same cines: errors, what they share, agreement, and non-inferiority of the model."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Int

from cinemyo.config import Params
from cinemyo.evaluation.comparison import non_inferiority
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import counts_of, difference_of, share_of, tabulated
from cinemyo.evaluation.panel import ALONE, NONE, Panel, model_of, panel_of
from cinemyo.evaluation.reader_agreement import fleiss_rows, kappa_rows, reread_rows
from cinemyo.evaluation.result import ResultTable
from cinemyo.labels import PATHOLOGIES

NEEDS: Final = "a readers' sheet (cinemyo readers export, then cinemyo readers collect)"
NO_ARM: Final = "add an arm of target pathology, by patient and with labels as given"
NO_MARGIN: Final = "no claim: the study has no margin (study.margin, with its reason, before any fit)"
NO_REFERENCE: Final = "no cine with a reference"
TITLES: Final = {
    "readers": "Errors of readers and of the model on the same cines",
    "readers_rereading": "Agreement of readers with themselves",
    "readers_shared_errors": "Errors that two of them share",
    "readers_kappa": "Agreement of two of them (Cohen's kappa)",
    "readers_fleiss": "Agreement of all of them (Fleiss' kappa)",
    "readers_non_inferiority": "Is the model no worse than each reader? By patient",
}
REFERENCES: Final = {
    "labeller": "the label of the study",
    "consensus": "the majority of all readers' first readings, their own among them; ties are left out",
    "independent": "the majority of the other readers' first readings; ties are left out",
}


def tables(evidence: Evidence) -> list[ResultTable]:
    """What readers and the model called alike and wrong; each table says what it lacks.

    Raises:
        TableError: a cine that was read is not of the study.

    Source: Germain 2021, §3.5 (readers, by error counts alone)
    """
    model = model_of(evidence)
    if evidence.readers.empty or model is None:
        needs = NEEDS if evidence.readers.empty else NO_ARM
        return [ResultTable.absent(name, title=title, needs=needs) for name, title in TITLES.items()]
    panel, params = panel_of(evidence, model=model), evidence.params
    if panel.cines.empty:
        needs = f"{NEEDS} of cines that {model.name} answered"
        return [ResultTable.absent(name, title=title, needs=needs) for name, title in TITLES.items()]
    level, tail = params.evaluate.level, {"standing": standing(model.arm, study=params.study)}
    rows = {
        "readers": error_rows(panel, level=level),
        "readers_rereading": reread_rows(panel, level=level),
        "readers_shared_errors": shared_rows(panel),
        "readers_kappa": kappa_rows(panel, level=level),
        "readers_fleiss": fleiss_rows(panel, level=level),
        "readers_non_inferiority": claim_rows(panel, params=params),
    }
    notes = notes_of(panel, params=params)
    return [
        ResultTable(name, TITLES[name], tabulated(row | tail for row in own), notes[name]) for name, own in rows.items()
    ]


def notes_of(panel: Panel, *, params: Params) -> dict[str, str]:
    """What must be said under the tables, by table."""
    left = f" {panel.unanswered} cines were read that {panel.model} did not answer." if panel.unanswered else ""
    common = f"Reference: {REFERENCES[panel.kind]}. Intervals draw on patients.{left}"
    shared = (
        "expected: errors shared if one's errors told nothing of the other's. same_class: shared with the same call."
    )
    margin = params.study.margin
    claim = (
        "By patient on the cines that the reader read; a reader's call is the class named most often, and a tie counts "
        "as right if the reference is among the tied. difference: accuracy of the model less that of the reader."
    )
    if margin is not None:
        claim = f"{claim} The margin of {margin.value} was fixed before any fit: {margin.reason}"
    return {
        "readers": f"model_gain: share of errors of the reader less that of the model. {common}",
        "readers_rereading": common,
        "readers_fleiss": common,
        "readers_shared_errors": f"{shared} {common}",
        "readers_non_inferiority": f"{claim} {common}",
        "readers_kappa": f"pabak: kappa if all classes were as frequent. {common}",
    }


def error_rows(panel: Panel, *, level: float) -> Iterator[dict[str, Any]]:
    """A row per reader and reading: errors against the reference, and those of the model on exactly the same cines."""
    for reader in panel.readers:
        reference = panel.reference(without=[reader])
        yield {"reader": reader, "reading": 1} | _errors(
            panel, calls=panel.calls[reader].to_numpy(np.int64), reference=reference, level=level
        )
        own = panel.rereadings[panel.rereadings["reader"] == reader]
        for reading, again in own.groupby("reading"):
            calls = again.set_index("cine_id")["call"].reindex(panel.cines.index).fillna(NONE)
            figures = _errors(panel, calls=calls.to_numpy(np.int64), reference=reference, level=level)
            yield {"reader": reader, "reading": reading} | figures


def _errors(
    panel: Panel, *, calls: Int[np.ndarray, " cine"], reference: Int[np.ndarray, " cine"], level: float
) -> dict[str, Any]:
    read = calls != NONE
    both = read & (reference != NONE)
    rows, head = panel.rows(both), {"reference": panel.kind, "without_reference": int((read & ~both).sum())}
    if rows.empty:
        reason = ALONE if panel.kind == "independent" and len(panel.readers) == 1 else NO_REFERENCE
        return head | counts_of(rows) | {"errors": 0, "error_share": np.nan, "reason": reason}
    wrong = (calls != reference)[both].astype(int)
    model = (rows["model"].to_numpy(int) != reference[both]).astype(int)
    figures: dict[str, Any] = {"errors": int(wrong.sum())}
    figures |= share_of(wrong, rows=rows, level=level, name="error_share")
    figures |= {"model_errors": int(model.sum())}
    figures |= share_of(model, rows=rows, level=level, name="model_error_share")
    figures |= difference_of(model, second=wrong, rows=rows, level=level, name="model_gain")
    return head | counts_of(rows) | figures | {"reason": ""}


def shared_rows(panel: Panel) -> Iterator[dict[str, Any]]:
    """A row per two of model and readers: errors of each, shared ones, and as many as chance would make them share."""
    calls = {panel.named_model: panel.cines["model"].to_numpy(np.int64)}
    calls |= {reader: panel.calls[reader].to_numpy(np.int64) for reader in panel.readers}
    for first, second in combinations(calls, 2):
        reference, ours, theirs = panel.reference(without=[first, second]), calls[first], calls[second]
        both = (reference != NONE) & (ours != NONE) & (theirs != NONE)
        head: dict[str, Any] = {"first": first, "second": second, "n": int(both.sum())}
        if not both.any():
            few = "no third reader to be the reference" if panel.kind == "independent" else NO_REFERENCE
            yield head | {"shared": 0, "expected": np.nan, "reason": few}
            continue
        wrong, other = (ours != reference)[both], (theirs != reference)[both]
        shared = wrong & other
        same = int((shared & (ours == theirs)[both]).sum())
        figures = {"first_errors": int(wrong.sum()), "second_errors": int(other.sum()), "shared": int(shared.sum())}
        yield head | figures | {"expected": float(wrong.mean() * other.sum()), "same_class": same, "reason": ""}
    if len(panel.readers) == 1:
        yield {"first": panel.readers[0], "second": "another reader", "n": 0, "reason": ALONE}


def claim_rows(panel: Panel, *, params: Params) -> Iterator[dict[str, Any]]:
    """A row per reader: accuracy by patient of both, their difference, and the verdict on the margin of the study."""
    for reader in panel.readers:
        reference, calls = panel.reference(without=[reader]), panel.calls[reader].to_numpy(np.int64)
        both = (calls != NONE) & (reference != NONE)
        if not both.any():
            reason = ALONE if panel.kind == "independent" and len(panel.readers) == 1 else NO_REFERENCE
            yield {"reader": reader, "n": 0, "difference": np.nan, "verdict": "", "reason": reason}
            continue
        rows = by_patient(panel, calls=calls, reference=reference, chosen=both)
        ours, theirs, level = rows["model"].to_numpy(int), rows["reader"].to_numpy(int), params.evaluate.level
        figures = {"model_accuracy": float(ours.mean()), "reader_accuracy": float(theirs.mean())}
        figures |= difference_of(theirs, second=ours, rows=rows, level=level, name="difference")
        yield {"reader": reader, **counts_of(rows), **figures, **_verdict(figures, ours != theirs, params=params)}


def _verdict(figures: dict[str, float], discordant: np.ndarray, *, params: Params) -> dict[str, Any]:
    if params.study.margin is None:
        return {"margin": np.nan, "verdict": "", "reason": NO_MARGIN}
    found = non_inferiority(
        figures["difference"],
        low=figures["difference_low"],
        high=figures["difference_high"],
        margin=params.study.margin.value,
        n=len(discordant),
        discordant_share=float(discordant.mean()),
        level=params.evaluate.level,
    )
    return {"margin": found.margin, "verdict": found.verdict, "reason": ""}


def by_patient(
    panel: Panel, *, calls: Int[np.ndarray, " cine"], reference: Int[np.ndarray, " cine"], chosen: np.ndarray
) -> pd.DataFrame:
    """A row per patient and reference: whether the model and the reader (1 or 0) are right over the chosen cines.

    A reader's tie counts as right if the reference is among the tied: it is the model that has something to prove.
    """
    named = np.eye(len(PATHOLOGIES))[calls[chosen]]
    shares, rows = panel.probabilities(chosen), panel.rows(chosen)
    columns = [*(f"p_{name}" for name in PATHOLOGIES), *(f"n_{name}" for name in PATHOLOGIES)]
    frame = pd.DataFrame(np.hstack([shares, named]), columns=columns)
    frame = frame.assign(patient_id=rows["patient_id"].to_numpy(object), reference=reference[chosen])
    units = frame.groupby(["patient_id", "reference"], sort=False)[columns].sum().reset_index()
    truth, at = units["reference"].to_numpy(int), np.arange(len(units))
    votes = units[columns[len(PATHOLOGIES) :]].to_numpy(float)
    model = units[columns[: len(PATHOLOGIES)]].to_numpy(float).argmax(axis=1) == truth
    reader = votes[at, truth] == votes.max(axis=1)
    return units[["patient_id", "reference"]].assign(model=model.astype(int), reader=reader.astype(int))
