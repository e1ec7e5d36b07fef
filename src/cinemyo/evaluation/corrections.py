"""Labels corrected after unblinding: a new label version, and the results under both."""

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from cinemyo.errors import LabelError
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import counts_of, hits_of, levels, share_of, sides_of, tabulated
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored

VERSION_LENGTH: Final = 12
TITLE: Final = "Results with labels as trained and as corrected after unblinding"
CLASSES_TITLE: Final = "Sensitivity and specificity with labels as trained and as corrected"
NEEDS: Final = "a sheet of corrected labels (sheets.corrections; docs/how-to-readers.md)"
NO_ARM: Final = "add arms of target pathology, by patient and with labels as given"
AS_TRAINED, CORRECTED = "as trained", "corrected"
NOTE: Final = (
    "No model was trained again: corrected labels change the truth alone. Where only the model's errors were reviewed "
    "the corrected figures flatter it; review as many random correct cases. Intervals draw on patients. {count} sheet "
    "rows, {cines} cines of their exams."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Accuracy, sensitivity and specificity of every honest arm under both label versions.

    Raises:
        LabelError: the sheet contradicts the labels, the study or itself.

    Source: Germain 2021, §4.3
    """
    arms = [scored for scored in evidence.honest if scored.arm.target == "pathology"]
    if evidence.corrections.empty or not arms:
        needs = NEEDS if evidence.corrections.empty else NO_ARM
        names = (("corrections", TITLE), ("corrections_classes", CLASSES_TITLE))
        return [ResultTable.absent(name, title=title, needs=needs) for name, title in names]
    changed = corrected_labels(evidence.labels, corrections=evidence.corrections, cines=evidence.cines)
    versions = {AS_TRAINED: evidence.labels, CORRECTED: changed}
    level, shares, classes = evidence.params.evaluate.level, [], []
    for scored in arms:
        tail = {"standing": standing(scored.arm, study=evidence.params.study)}
        for name, labels in versions.items():
            own = scored if name == AS_TRAINED else under(scored, labels=labels)
            head = {"arm": scored.name, "labels": name, "label_version": version_of(labels)}
            shares += [head | row | tail for row in accuracy_rows(own, before=scored, level=level)]
            classes += [head | row | tail for row in class_rows(own, level=level)]
    moved = int((changed["pathology"] != evidence.labels["pathology"]).sum())
    note = NOTE.format(count=len(evidence.corrections), cines=moved)
    return [
        ResultTable("corrections", TITLE, tabulated(shares), note),
        ResultTable("corrections_classes", CLASSES_TITLE, tabulated(classes), note),
    ]


def corrected_labels(labels: pd.DataFrame, *, corrections: pd.DataFrame, cines: pd.DataFrame) -> pd.DataFrame:
    """The labels with corrected pathologies, each for its whole exam, under a new label version.

    Raises:
        LabelError: an unknown cine, a `before` that is not the label, or an exam with two classes.
    """
    exams, given = cines.set_index("cine_id")["exam_id"], labels.set_index("cine_id")["pathology"]
    _refuse_unknown(corrections, known=set(exams.index) & set(given.dropna().index))
    _refuse_others(corrections, given=given)
    named = corrections.assign(exam_id=corrections["cine_id"].map(exams))
    _refuse_two_classes(named)
    classes = named.drop_duplicates("exam_id").set_index("exam_id")["pathology"]
    new = labels["cine_id"].map(exams).map(classes)
    kept = labels["pathology"].where(new.isna() | labels["pathology"].isna(), new)
    return labels.assign(pathology=kept, label_version=new_version(labels, corrections=corrections))


def new_version(labels: pd.DataFrame, *, corrections: pd.DataFrame) -> str:
    """Digest of the label version that was corrected and of the rows of the sheet, whatever their order."""
    rows = corrections.sort_values("cine_id").to_csv(index=False, lineterminator="\n")
    return hashlib.sha256(f"{version_of(labels)}\n{rows}".encode()).hexdigest()[:VERSION_LENGTH]


def version_of(labels: pd.DataFrame) -> str:
    """The version of the labels; several are joined."""
    return "+".join(sorted(set(labels["label_version"])))


def under(scored: Scored, *, labels: pd.DataFrame) -> Scored:
    """The arm with these labels as its truth."""
    said = scored.answers["cine_id"].map(labels.set_index("cine_id")["pathology"])
    truth = [scored.classes.index(name) for name in said]
    return dataclasses.replace(scored, answers=scored.answers.assign(truth=truth, pathology=said))


def accuracy_rows(scored: Scored, *, before: Scored, level: float) -> Iterator[dict[str, Any]]:
    """Accuracy by patient and by cine, and how many of the answered cines have another label than before."""
    changed = int((scored.answers["truth"] != before.answers["truth"]).sum())
    for name, rows in levels(scored.answers, target="pathology").items():
        share = share_of(hits_of(rows), rows=rows, level=level, name="accuracy")
        yield {"level": name, **counts_of(rows), "corrected_cines": changed, **share}


def class_rows(scored: Scored, *, level: float) -> Iterator[dict[str, Any]]:
    """Sensitivity and specificity of each class with their intervals, by patient and by cine."""
    for name, rows in levels(scored.answers, target="pathology").items():
        for number, own in enumerate(scored.classes):
            positive = rows["truth"] == number
            row: dict[str, Any] = {"level": name, "class": own, "n": len(rows), "cases": int(positive.sum())}
            row |= sides_of(rows, number=number, level=level)
            lacking = "" if positive.any() else "no row of the class"
            yield row | {"reason": lacking if not positive.all() else "no row of another class"}


def _refuse_unknown(corrections: pd.DataFrame, *, known: set[str]) -> None:
    unknown = [cine for cine in corrections["cine_id"] if cine not in known]
    if unknown:
        got = f"{unknown[0]} ({len(unknown)} such rows)"
        _refuse(expected="labelled cines of the study", got=got, remedy="remove the row, or label the cine")


def _refuse_others(corrections: pd.DataFrame, *, given: pd.Series) -> None:
    other = corrections[corrections["cine_id"].map(given) != corrections["before"]]
    if len(other):
        cine, before = str(other["cine_id"].iloc[0]), other["before"].iloc[0]
        got = f"{before} for {cine}, which is labelled {given[cine]} ({len(other)} such rows)"
        remedy = "a correction made already in the label sheet leaves this sheet"
        _refuse(expected="`before` to be the study's label", got=got, remedy=remedy)


def _refuse_two_classes(named: pd.DataFrame) -> None:
    counts = named.groupby("exam_id")["pathology"].nunique()
    two = counts.index[counts > 1].tolist()
    if two:
        cines = ", ".join(named["cine_id"][named["exam_id"] == two[0]])
        got = f"two for the exam of {cines} ({len(two)} such exams)"
        _refuse(expected="one class per exam", got=got, remedy="a correction holds for all cines of the exam")


def _refuse(*, expected: str, got: str, remedy: str) -> None:
    raise LabelError("sheet of corrected labels", expected=expected, got=got, remedy=remedy)
