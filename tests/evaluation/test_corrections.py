"""Corrected labels make a new version, and results stand under both."""

from typing import Any

import pandas as pd
import pytest

from cinemyo import schema, sheets
from cinemyo.errors import LabelError
from cinemyo.evaluation.corrections import corrected_labels, new_version, tables, under, version_of
from cinemyo.evaluation.result import ResultTable
from cinemyo.labels import PATHOLOGIES
from tests.evaluation.example import params, scored, study_tables
from tests.evaluation.made_up import evidence

DUAL = scored("dual", params().arms["dual"])
CINES, LABELS, _ = study_tables()


def sheet(*rows: dict[str, Any]) -> pd.DataFrame:
    said = {"role": "reader_1", "reason": "wall of 11 mm on review"}
    return schema.from_rows([said | row for row in rows], table=sheets.CORRECTIONS)


def row(cine: str, *, to: str | None = None, **changes: Any) -> dict[str, Any]:
    before = LABELS.set_index("cine_id")["pathology"][cine]
    other = PATHOLOGIES[(PATHOLOGIES.index(before) + 1) % 3]
    return {"cine_id": cine, "before": before, "pathology": to or other} | changes


def wrong_cines(count: int) -> list[str]:
    """Misclassified cines of as many patients."""
    wrong = DUAL.answers.query("truth != predicted").drop_duplicates("patient_id")
    return wrong["cine_id"].head(count).tolist()


def corrected(corrections: pd.DataFrame) -> pd.DataFrame:
    return corrected_labels(LABELS, corrections=corrections, cines=CINES)


def to_the_call(cine: str) -> dict[str, Any]:
    predicted = DUAL.answers.set_index("cine_id")["predicted"][cine]
    return row(cine, to=PATHOLOGIES[predicted])


def results(*rows: dict[str, Any]) -> list[ResultTable]:
    return tables(evidence(DUAL, corrections=sheet(*rows)))


def several() -> str:
    """A cine of an exam that has more."""
    exams = CINES.groupby("exam_id")["cine_id"].agg(list)
    return str(next(own for own in exams if len(own) > 1)[0])


def test_a_correction_holds_for_the_whole_exam() -> None:
    cine = several()
    exam = CINES.set_index("cine_id")["exam_id"][cine]
    own = CINES["cine_id"][CINES["exam_id"] == exam]
    found = corrected(sheet(row(cine)))
    changed = found["cine_id"][found["pathology"] != LABELS["pathology"]]
    assert set(changed) == set(own)


def test_a_corrected_label_makes_a_new_version() -> None:
    assert version_of(corrected(sheet(row(CINES["cine_id"][0])))) not in {version_of(LABELS), ""}


def test_the_version_hangs_on_the_rows_and_not_on_their_order() -> None:
    one, two = (row(cine) for cine in CINES.drop_duplicates("exam_id")["cine_id"].head(2))
    versions = [new_version(LABELS, corrections=sheet(*rows)) for rows in ((one, two), (two, one), (one,))]
    assert (versions[0] == versions[1], versions[0] == versions[2]) == (True, False)


def test_the_version_hangs_on_the_one_before() -> None:
    other = LABELS.assign(label_version="2")
    own = sheet(row(CINES["cine_id"][0]))
    assert new_version(LABELS, corrections=own) != new_version(other, corrections=own)


def test_both_results_are_printed() -> None:
    rows = results(to_the_call(wrong_cines(1)[0]))[0].rows
    assert rows["labels"].tolist() == ["as trained"] * 2 + ["corrected"] * 2


def test_labels_corrected_to_the_calls_raise_the_accuracy() -> None:
    wrong = DUAL.patients.query("truth != predicted").head(3)
    cines = DUAL.answers.drop_duplicates("patient_id").set_index("patient_id")["cine_id"]
    calls = zip(cines[wrong["patient_id"]], wrong["predicted"], strict=True)
    rows = results(*(row(cine, to=PATHOLOGIES[call]) for cine, call in calls))[0].rows.query("level == 'patient'")
    assert rows["accuracy"].tolist()[1] > rows["accuracy"].tolist()[0]


def test_the_corrected_accuracy_is_that_of_the_corrected_truth() -> None:
    own = sheet(*(to_the_call(cine) for cine in wrong_cines(3)))
    truth = DUAL.answers["cine_id"].map(corrected(own).set_index("cine_id")["pathology"])
    calls = [PATHOLOGIES[k] for k in DUAL.answers["predicted"]]
    rows = tables(evidence(DUAL, corrections=own))[0].rows.query("level == 'cine' and labels == 'corrected'")
    assert rows["accuracy"].iloc[0] == pytest.approx((truth == calls).mean())


def test_the_answers_stay_as_they_are() -> None:
    changed = under(DUAL, labels=corrected(sheet(row(CINES["cine_id"][0]))))
    assert (changed.answers["predicted"] == DUAL.answers["predicted"]).all()


def test_sensitivity_and_specificity_stand_for_each_class_and_version() -> None:
    rows = results(row(CINES["cine_id"][0]))[1].rows
    assert len(rows) == 2 * 2 * 3
    assert (rows["sensitivity_low"] <= rows["sensitivity"]).all()


def test_a_before_that_is_not_the_label_is_refused() -> None:
    cine = CINES["cine_id"][0]
    wrong = row(cine)["pathology"]
    with pytest.raises(LabelError, match="which is labelled"):
        corrected(sheet(row(cine, before=wrong)))


def test_an_unknown_cine_is_refused() -> None:
    with pytest.raises(LabelError, match="labelled cines of the study"):
        corrected(sheet(row(CINES["cine_id"][0], cine_id="c-" + "a" * 16)))


def test_a_cine_without_a_label_is_refused() -> None:
    cine = CINES["cine_id"][0]
    blank = LABELS.assign(pathology=LABELS["pathology"].where(LABELS["cine_id"] != cine))
    with pytest.raises(LabelError, match="labelled cines"):
        corrected_labels(blank, corrections=sheet(row(cine)), cines=CINES)


def test_an_exam_with_two_classes_is_refused() -> None:
    exam = CINES.set_index("cine_id")["exam_id"][several()]
    first, second = CINES["cine_id"][CINES["exam_id"] == exam].head(2)
    before = row(first)["before"]
    one, two = (name for name in PATHOLOGIES if name != before)
    with pytest.raises(LabelError, match="one class per exam"):
        corrected(sheet(row(first, to=one), row(second, to=two)))


def test_an_exam_may_be_corrected_cine_by_cine_to_one_class() -> None:
    exam = CINES.set_index("cine_id")["exam_id"][several()]
    first, second = CINES["cine_id"][CINES["exam_id"] == exam].head(2)
    found = corrected(sheet(row(first), row(second))).set_index("cine_id")["pathology"]
    assert found[first] == found[second] == row(first)["pathology"]


def test_without_corrections_the_tables_say_what_they_need() -> None:
    assert all("sheet of corrected labels" in table.rows["reason"].iloc[0] for table in tables(evidence(DUAL)))


def test_without_an_arm_of_pathology_the_tables_say_so() -> None:
    view = scored("view_dual", params().arms["view_dual"])
    found = tables(evidence(view, corrections=sheet(row(CINES["cine_id"][0]))))
    assert all("arms of target pathology" in table.rows["reason"].iloc[0] for table in found)


def test_the_note_warns_of_reviewing_errors_alone() -> None:
    assert "as many random correct cases" in results(row(CINES["cine_id"][0]))[0].note
