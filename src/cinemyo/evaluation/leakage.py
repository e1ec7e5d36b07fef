"""The price of leakage: what a split by input adds to the accuracy, paired by cine, patients as units."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import Params
from cinemyo.evaluation.controls import chance_band, chance_of, verdict
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import difference_of, hits_of, tabulated
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import CLASSES, PATHOLOGIES

SPLITS: Final = ("by_patient", "by_input")
GROUPS: Final = ("all", "1", "2", "3", "4 or more")
"""Cines per patient; a patient with one cine cannot leak."""
TITLES: Final = {
    "leakage": "The price of leakage: one model, split by patient and by input",
    "leakage_permuted": "The price of leakage: labels permuted between patients",
    "leakage_arms": "The price of leakage: trained arms and their twins by input",
}
NEEDS: Final = "add the stage leakage (section leakage of the study)"
NEEDS_TWIN: Final = "add arms of scheme paper_by_input beside the same arms by patient"
ARMS_NOTE: Final = (
    "Trained networks on one partition each, compared on the cines that both answered; intervals by patient. Cines "
    "per patient: of one cine the gap is chance alone."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """The gap over partitions, permuted labels against chance, and the gap of trained arms with a twin by input."""
    twins = twin_rows(evidence)
    arms = (
        ResultTable("leakage_arms", TITLES["leakage_arms"], tabulated(twins), ARMS_NOTE)
        if twins
        else ResultTable.absent("leakage_arms", title=TITLES["leakage_arms"], needs=NEEDS_TWIN)
    )
    if evidence.leakage.empty:
        absent = [ResultTable.absent(name, title=TITLES[name], needs=NEEDS) for name in ("leakage", "leakage_permuted")]
        return [*absent, arms]
    notes, params = _notes(evidence.params, partitions=evidence.leakage["partition"].nunique()), evidence.params
    rows = [row | {"standing": _standing(params)} for row in gap_rows(evidence.leakage, level=params.evaluate.level)]
    return [
        ResultTable("leakage", TITLES["leakage"], tabulated(rows), notes["leakage"]),
        _permuted_table(evidence, note=notes["leakage_permuted"]),
        arms,
    ]


def _permuted_table(evidence: Evidence, *, note: str) -> ResultTable:
    name, params = "leakage_permuted", evidence.params
    rows = permuted_rows(evidence.leakage, level=params.evaluate.level)
    if not rows:
        return ResultTable.absent(name, title=TITLES[name], needs="add the variant permuted to the stage leakage")
    return ResultTable(name, TITLES[name], tabulated(row | {"standing": _standing(params)} for row in rows), note)


def _notes(params: Params, *, partitions: int) -> dict[str, str]:
    own = params.leakage
    model = "gray values of a shrunken crop" if own.features == "pixels" else f"frozen features of {own.features.name}"
    repeated = f"{model} with a linear head, not the trained arms: {partitions} partitions of each kind"
    gap = (
        "gap: accuracy by cine by input less by patient, over the partitions; in its interval all answers to a patient "
        "move together; sd: of the gap from one partition to the next, which the interval does not hold; of patients "
        "with one cine the gap is chance alone; thinned: one to six cines per patient as in the paper, the figure to "
        "set beside it"
    )
    chance = (
        "a patient is called by the majority of the cines' answers; band: exact binomial at the number of patients for "
        "one partition, so that the mean over partitions is within it more often than the level says"
    )
    return {"leakage": f"{repeated}; {gap}.", "leakage_permuted": f"{repeated}; {chance}."}


def _standing(params: Params) -> str:
    words = ["synthetic phantoms"] if params.study.synthetic else []
    return "; ".join(filter(None, [*words, "by input is leaky", params.study.notice]))


def gap_rows(leakage: pd.DataFrame, *, level: float) -> Iterator[dict[str, Any]]:
    """A row per variant, input and number of cines per patient: both accuracies, the gap, its interval, its sd."""
    for (variant, phases), rows in leakage.groupby(["variant", "input"], sort=False):
        pairs = pairs_of(rows)
        for group in GROUPS:
            own = pairs if group == "all" else pairs[pairs["group"] == group]
            head = {"variant": variant, "input": phases, "cines_per_patient": group}
            yield head | (gap_of(own, level=level) if len(own) else {"reason": "no patient with so many cines"})


def pairs_of(leakage: pd.DataFrame) -> pd.DataFrame:
    """A row per cine and partition that both splits answered: patient, hit by patient and by input, group.

    Partitions that thin the patients anew do not hold the same cines, but always as many of a patient.
    """
    keys = ["partition", "cine_id"]
    hits = leakage[[*keys, "patient_id", "patient_cines", "split"]]
    hits = hits.assign(hit=(leakage["truth"] == leakage["predicted"]).to_numpy(int))
    first, second = (hits[hits["split"] == split].rename(columns={"hit": split}) for split in SPLITS)
    pairs = first.merge(second[[*keys, SPLITS[1]]], on=keys, validate="one_to_one")
    counts = pairs["patient_cines"].astype(int)
    return pairs.assign(group=counts.astype(str).where(counts < 4, GROUPS[-1]))


def gap_of(pairs: pd.DataFrame, *, level: float) -> dict[str, Any]:
    """Cines per partition, accuracies, their gap with its interval, and its sd over partitions.

    All answers to the cines of a patient, of every partition, move together in the interval.
    """
    first, second = (pairs[split].to_numpy(int) for split in SPLITS)
    partitions, n_patients = int(pairs["partition"].nunique()), int(pairs["patient_id"].nunique())
    row: dict[str, Any] = {"n": round(len(pairs) / partitions), "n_patients": n_patients}
    row |= {f"accuracy_{split}": float(pairs[split].mean()) for split in SPLITS}
    row |= difference_of(first, second=second, rows=pairs, level=level, name="gap")
    row |= {"partition_sd": partition_sd(pairs), "reason": ""}
    if n_patients > 1:
        return row
    return row | {"gap_low": np.nan, "gap_high": np.nan, "reason": "one patient: no interval"}


def partition_sd(pairs: pd.DataFrame) -> float:
    """Standard deviation over partitions of the gap in accuracy by cine; 0 of a single partition."""
    gaps = (pairs[SPLITS[1]] - pairs[SPLITS[0]]).groupby(pairs["partition"]).mean()
    return float(gaps.std(ddof=1)) if len(gaps) > 1 else 0.0


def permuted_rows(leakage: pd.DataFrame, *, level: float) -> list[dict[str, Any]]:
    """A row per input and split: accuracy by patient under permuted labels, chance, its band, and the verdict."""
    rows = leakage[leakage["variant"] == "permuted"]
    return [
        {"input": phases, "split": split} | _permuted(own, level=level)
        for (phases, split), own in rows.groupby(["input", "split"], sort=False)
    ]


def _permuted(rows: pd.DataFrame, *, level: float) -> dict[str, Any]:
    voted = [_majority(own) for _, own in rows.groupby("partition", sort=False)]
    right = np.array([hits_of(own).mean() for own in voted])
    truths, calls = (np.concatenate([own[name].to_numpy(int) for own in voted]) for name in ("truth", "predicted"))
    chance = chance_of(truths, predicted=calls, n_classes=len(PATHOLOGIES))
    n = len(voted[0])
    band = chance_band(chance, n=n, level=level)
    spread = {"lowest": float(right.min()), "highest": float(right.max())}
    row = {"n_patients": n, "accuracy": float(right.mean())} | spread
    return (
        row
        | {"chance": chance, "chance_low": band.low, "chance_high": band.high}
        | {"verdict": verdict(float(right.mean()), band=band)}
    )


def _majority(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per patient and truth with the class that most of its cines are called, of equals the first."""
    numbers = {name: number for number, name in enumerate(PATHOLOGIES)}
    votes = pd.crosstab([rows["patient_id"], rows["truth"].map(numbers)], rows["predicted"].map(numbers))
    votes = votes.reindex(columns=range(len(PATHOLOGIES)), fill_value=0)
    truth = votes.index.get_level_values(1).to_numpy(int)
    return pd.DataFrame({"truth": truth, "predicted": votes.to_numpy().argmax(axis=1)})


def twin_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Rows per trained arm that has a twin by input, and number of cines per patient.

    Departs from §2.4: the paper has the split by input alone.
    """
    rows: list[dict[str, Any]] = []
    for leaky in (scored for scored in evidence.arms if scored.is_leaky):
        own = leaky.arm.model_dump(exclude={"scheme"})
        others = [other for other in evidence.arms if not other.is_leaky and other.arm.scheme != "paper_holdout"]
        twin = next((other for other in others if other.arm.model_dump(exclude={"scheme"}) == own), None)
        if twin is not None:
            tail = {"standing": standing(leaky.arm, study=evidence.params.study)}
            level = evidence.params.evaluate.level
            rows += [row | tail for row in _twin_rows(twin, leaky=leaky, level=level)]
    return rows


def _twin_rows(twin: Scored, *, leaky: Scored, level: float) -> Iterator[dict[str, Any]]:
    answered = pd.concat(
        [
            own.answers[["cine_id", "patient_id", "truth", "predicted"]].assign(split=split, partition=0)
            for split, own in zip(SPLITS, (twin, leaky), strict=True)
        ]
    )
    counts = twin.answers.groupby("patient_id").size()
    names: Mapping[int, str] = dict(enumerate(CLASSES[twin.arm.target]))
    told = {name: answered[name].map(names) for name in ("truth", "predicted")}
    frame = answered.assign(**told, patient_cines=answered["patient_id"].map(counts), variant="all", input="")
    for row in gap_rows(frame, level=level):
        kept = {key: value for key, value in row.items() if key not in ("variant", "input", "partition_sd")}
        yield {"arm": twin.name, "leaky_arm": leaky.name} | kept
