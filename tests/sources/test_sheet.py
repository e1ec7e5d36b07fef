from pathlib import Path

import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.errors import LabelError
from cinemyo.sources.sheet import join, match, read_sheet
from tests.cohort import cohort

KEY = Key(b"the key of these tests, long enough for one")

# patient, StudyInstanceUID, AccessionNumber, SeriesInstanceUID, slice
CINES = [
    ("Ann", "1.1", "A1", "1.1.1", 1),
    ("Ann", "1.1", "A1", "1.1.1", 2),
    ("Ann", "1.1", "A1", "1.1.2", 1),
    ("Bob", "2.1", None, "2.1.1", 1),
    ("Bob", "2.2", None, "2.2.1", 1),
]


@pytest.fixture(scope="module")
def cines() -> pd.DataFrame:
    """Ann with one exam of three cines, Bob with two exams of one."""
    template = cohort(1)[0].iloc[0].to_dict()
    rows = [template | scan_ids(*scan) | {"cine_id": cine(index)} for index, scan in enumerate(CINES)]
    return tables.from_rows(rows, table=tables.CINES)


def cine(index: int) -> str:
    return pseudonym("cine", str(index), key=KEY)


def scan_ids(patient: str, exam: str, accession: str | None, series: str, number: int) -> dict[str, object]:
    return {
        "patient_id": pseudonym("patient", patient, key=KEY),
        "exam_id": pseudonym("exam", exam, key=KEY),
        "accession_id": pseudonym("accession", accession, key=KEY) if accession else None,
        "series_id": pseudonym("series", series, key=KEY),
        "slice_number": number,
    }


def exclusion(item: str, *, patient: str | None, level: str) -> pd.DataFrame:
    patient_id = pseudonym("patient", patient, key=KEY) if patient else None
    row = {"item": item, "patient_id": patient_id, "level": level, "code": "x", "reason": "x", "n_files": 1}
    return tables.from_rows([row], table=tables.EXCLUSIONS)


@pytest.fixture
def sheet(tmp_path: Path):
    """Writes lines as a sheet and reads them."""

    def make(*lines: str, encoding: str = "utf-8", end: str = "\n") -> pd.DataFrame:
        path = tmp_path / "labels.csv"
        path.write_bytes((end.join(lines) + end).encode(encoding))
        return read_sheet(path)

    return make


@pytest.fixture
def joined(cines: pd.DataFrame, sheet):
    """Writes lines as a sheet and joins them to the cines."""
    return lambda *lines: join(cines, sheet(*lines), key=KEY)


# reading


def test_absent_columns_are_empty(sheet) -> None:
    frame = sheet("patient", "Ann")
    assert list(frame.columns) == tables.SHEET.header
    assert frame.drop(columns="patient").isna().all(axis=None)


def test_a_byte_order_mark_is_accepted(sheet) -> None:
    assert sheet("patient,view", "Ann,short_axis", encoding="utf-8-sig")["patient"].tolist() == ["Ann"]


def test_semicolons_come_with_decimal_commas(sheet) -> None:
    frame = sheet("patient;wall_mm;edd_mm", "Ann;12,5;50")
    assert frame[["wall_mm", "edd_mm"]].to_numpy().tolist() == [[12.5, 50.0]]


def test_blanks_and_capitals_around_a_class_do_not_matter(sheet) -> None:
    assert sheet("Patient, Pathology", " Ann , HCM ")["pathology"].tolist() == ["hcm"]


@pytest.mark.parametrize("line", ["", ",,"])
def test_blank_lines_are_passed_over_and_counted(sheet, line: str) -> None:
    assert sheet("patient,exam,series", "Ann,,", line, "Bob,,").index.tolist() == [2, 4]


def test_windows_line_ends_are_accepted(sheet) -> None:
    assert sheet("patient,pathology", "Ann,dcm", end="\r\n")["pathology"].tolist() == ["dcm"]


def test_short_lines_are_filled(sheet) -> None:
    assert sheet("patient,exam,pathology", "Ann")["pathology"].isna().all()


@pytest.mark.parametrize(("cell", "value"), [("true", True), ("No", False), ("1", True), ("0", False)])
def test_flags_are_read(sheet, cell: str, value: object) -> None:
    assert sheet("patient,typical", f"Ann,{cell}")["typical"].tolist() == [value]


def test_whole_numbers_may_be_written_as_decimals(sheet) -> None:
    assert sheet("patient,series,slice", "Ann,1.1.1,2.0")["slice"].tolist() == [2]


def test_a_misspelt_column_is_refused_with_the_nearest(sheet) -> None:
    with pytest.raises(LabelError, match=r"got 'pathologie' \(did you mean 'pathology'\?\); correct the header"):
        sheet("patient,pathologie", "Ann,hcm")


def test_a_column_twice_is_refused(sheet) -> None:
    with pytest.raises(LabelError, match="got 'view' twice"):
        sheet("patient,view,view", "Ann,short_axis,short_axis")


def test_a_sheet_without_patients_is_refused(sheet) -> None:
    with pytest.raises(LabelError, match=r"expected a column patient, got exam, view"):
        sheet("exam,view", "1.1,short_axis")


def test_an_absent_sheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="expected a CSV file, got no file"):
        read_sheet(tmp_path / "absent.csv")


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"")
    with pytest.raises(LabelError, match="got an empty file"):
        read_sheet(tmp_path / "labels.csv")


def test_another_encoding_is_refused(sheet) -> None:
    with pytest.raises(LabelError, match="expected text in UTF-8, got another encoding"):
        sheet("patient", "Jörg", encoding="latin-1")


def test_a_line_with_a_stray_quote_is_refused(sheet) -> None:
    with pytest.raises(LabelError, match="expected CSV"):
        sheet("patient,consent_basis", 'Ann,"' + "x" * 140_000)


def test_a_line_with_too_many_cells_is_refused(sheet) -> None:
    with pytest.raises(LabelError, match="expected 2 cells in a row, got row 2: 3 cells"):
        sheet("patient,view", "Ann,short_axis,more")


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("pathology", "hcmm"),
        ("view", "axial"),
        ("typical", "maybe"),
        ("diastole_index", "-1"),
        ("slice", "1.5"),
        ("wall_mm", "thick"),
        ("ef_percent", "nan"),
        ("ef_percent", "120"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_with_row_and_column(sheet, column: str, cell: str) -> None:
    with pytest.raises(LabelError, match=f"row 3, column {column}: '{cell}', not"):
        sheet(f"patient,{column}", "Ann,", f"Bob,{cell}")


def test_a_row_without_a_patient_is_refused(sheet) -> None:
    with pytest.raises(LabelError, match="row 2, column patient: empty"):
        sheet("patient,view", ",short_axis")


def test_the_first_five_bad_cells_are_told_and_the_rest_counted(sheet) -> None:
    with pytest.raises(LabelError, match=r"row 2.*row 6, column view: 'x', not one of .* and 3 more;"):
        sheet("patient,view", *["Ann,x"] * 8)


@pytest.mark.parametrize(
    ("columns", "cells", "told"),
    [
        ("diastole_index", "1", "diastole_index and systole_index, one without the other"),
        ("centre_column_mm", "1", "centre_row_mm and centre_column_mm, one without the other"),
        ("diastole_index,systole_index", "3,3", "diastole_index and systole_index leave nothing between"),
        ("window_low,window_high", "30,10", "window_low and window_high leave nothing between"),
    ],
)
def test_half_annotations_are_refused(sheet, columns: str, cells: str, told: str) -> None:
    with pytest.raises(LabelError, match=f"row 2: {told}"):
        sheet(f"patient,{columns}", f"Ann,{cells}")


def test_annotations_of_one_value_twice_are_refused_for_windows_alone(sheet) -> None:
    assert len(sheet("patient,centre_row_mm,centre_column_mm", "Ann,80,80")) == 1


# joining


def test_labels_keep_the_order_of_the_cines(cines: pd.DataFrame, joined) -> None:
    labels = joined("patient,exam,pathology", "Bob,2.2,dcm", "Ann,,hcm")
    assert labels["cine_id"].tolist() == cines["cine_id"].tolist()


def test_pathology_holds_for_the_whole_exam(joined) -> None:
    labels = joined("patient,series,pathology", "Ann,1.1.2,hcm")
    assert labels["pathology"].fillna("").tolist() == ["hcm", "hcm", "hcm", "", ""]


def test_two_exams_of_a_patient_may_differ_in_pathology(joined) -> None:
    labels = joined("patient,exam,pathology", "Bob,2.1,normal", "Bob,2.2,hcm")
    assert labels["pathology"].tolist()[3:] == ["normal", "hcm"]


def test_an_exam_may_be_named_by_its_accession_number(joined) -> None:
    assert joined("patient,exam,pathology", "Ann,A1,hcm")["pathology"].tolist()[:3] == ["hcm"] * 3


def test_an_exam_need_not_be_named_where_its_series_is(joined) -> None:
    labels = joined("patient,series,pathology", "Bob,2.2.1,dcm")
    assert labels["pathology"].fillna("").tolist()[3:] == ["", "dcm"]


def test_a_view_holds_for_the_cines_that_are_named(joined) -> None:
    labels = joined("patient,series,slice,view", "Ann,1.1.1,2,short_axis", "Ann,1.1.2,,vla_left")
    assert labels["view"].fillna("").tolist() == ["", "short_axis", "vla_left", "", ""]


def test_annotations_reach_their_cine(joined) -> None:
    labels = joined(
        "patient,series,slice,view,diastole_index,systole_index,ef_percent", "Ann,1.1.1,2,short_axis,0,7,61.5"
    )
    row = labels.iloc[1]
    assert (row["diastole_index"], row["systole_index"], row["ef_percent"]) == (0, 7, 61.5)


def test_labels_fit_their_table(joined, tmp_path: Path) -> None:
    labels = joined("patient,pathology,view,typical,consent_basis", "Ann,hcm,short_axis,yes,ethics 12")
    tables.write(labels, table=tables.LABELS, path=tmp_path / "labels.csv")
    pd.testing.assert_frame_equal(tables.read(tmp_path / "labels.csv", table=tables.LABELS), labels)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("Eve,,,", "unknown patient"),
        ("Ann,9.9,,", "unknown exam of a known patient"),
        ("Ann,1.1,9.9,", "unknown series of a known exam"),
        ("Ann,1.1,1.1.1,7", "unknown slice of a known series"),
        ("Ann,2.1,,", "unknown exam of a known patient"),
        ("Bob,,,", "the patient has several exams: name one"),
        ("Ann,,,1", "a slice without its series"),
    ],
)
def test_a_row_that_names_no_cine_is_refused(joined, cells: str, told: str) -> None:
    with pytest.raises(LabelError, match=f"1 of 2 rows match none: row 3: {told}"):
        joined("patient,exam,series,slice,pathology", "Ann,1.1,,,hcm", f"{cells},hcm")


def test_a_refusal_repeats_no_identifier(joined) -> None:
    with pytest.raises(LabelError) as caught:
        joined("patient,exam,pathology", "Evelyn,1.2.3.4.5,hcm")
    assert "Evelyn" not in str(caught.value)
    assert "1.2.3.4.5" not in str(caught.value)


def test_a_sheet_under_another_key_is_refused_with_a_hint(cines: pd.DataFrame, sheet) -> None:
    other = Key(b"quite another key, also long enough for one")
    with pytest.raises(LabelError, match=f"read under another key than ingest's \\(key {other.id}\\)"):
        join(cines, sheet("patient,pathology", "Ann,hcm"), key=other)


def test_two_pathologies_within_one_exam_are_refused(joined) -> None:
    with pytest.raises(LabelError, match=r"two pathologies within one exam: rows 2 \(hcm\) and 4 \(dcm\); keep the"):
        joined("patient,series,pathology", "Ann,1.1.1,hcm", "Ann,1.1.2,", "Ann,1.1.2,dcm")


def test_two_views_for_one_cine_are_refused(joined) -> None:
    with pytest.raises(LabelError, match=r"two values of view for one cine: rows 2 \(vla_left\) and 3 \(vla_right\)"):
        joined("patient,series,view", "Ann,1.1.2,vla_left", "Ann,1.1.2,vla_right")


def test_the_same_value_twice_is_no_contradiction(joined) -> None:
    assert joined("patient,series,view", "Ann,1.1.2,vla_left", "Ann,1.1.2,vla_left")["view"].notna().sum() == 1


def test_a_frame_beyond_the_last_is_refused(joined) -> None:
    with pytest.raises(LabelError, match="row 2: systole_index 12, of 12 frames"):
        joined("patient,pathology,diastole_index,systole_index", "Ann,hcm,0,12")


@pytest.mark.parametrize("lines", [["Ann,"], []])
def test_a_sheet_that_labels_nothing_is_refused(joined, lines: list[str]) -> None:
    with pytest.raises(LabelError, match=f"for at least one cine, got none in {len(lines)} rows"):
        joined("patient,pathology", *lines)


def test_rows_of_an_excluded_patient_are_passed_over(cines: pd.DataFrame, sheet) -> None:
    rows = sheet("patient,pathology", "Ann,hcm", "Eve,dcm")
    left = exclusion("p-x", patient="Eve", level="patient")
    assert join(cines, rows, key=KEY, exclusions=left)["pathology"].notna().sum() == 3


def test_rows_of_an_excluded_series_are_passed_over(cines: pd.DataFrame, sheet) -> None:
    rows = sheet("patient,series,view", "Ann,1.1.2,vla_left", "Ann,9.9,vla_left")
    left = exclusion(pseudonym("series", "9.9", key=KEY) + ":scout", patient=None, level="series")
    assert join(cines, rows, key=KEY, exclusions=left)["view"].notna().sum() == 1


def test_no_exclusion_passes_over_nothing(cines: pd.DataFrame, sheet) -> None:
    left = tables.from_rows([], table=tables.EXCLUSIONS)
    with pytest.raises(LabelError, match="unknown patient"):
        join(cines, sheet("patient,pathology", "Eve,hcm"), key=KEY, exclusions=left)


def test_as_many_rows_as_a_patient_lost_cines_are_passed_over(cines: pd.DataFrame, sheet) -> None:
    left = exclusion(pseudonym("cine", "lost", key=KEY), patient="Ann", level="cine")
    rows = sheet("patient,series,view", "Ann,1.1.2,vla_left", "Ann,9.8,vla_left", "Ann,9.9,vla_left")
    with pytest.raises(LabelError, match="1 of 3 rows match none: row 4"):
        join(cines, rows, key=KEY, exclusions=left)


def version(labels: pd.DataFrame) -> str:
    (only,) = set(labels["label_version"])
    return str(only)


def test_the_version_does_not_depend_on_the_files_layout(joined) -> None:
    first = joined("patient,series,pathology", "Ann,1.1.1,hcm", "Bob,2.1.1,dcm")
    second = joined("pathology;view;series;patient", "dcm;;2.1.1;Bob", "", "HCM;;1.1.1;Ann")
    assert version(first) == version(second)


def test_the_version_depends_on_the_labels(joined) -> None:
    assert version(joined("patient,pathology", "Ann,hcm")) != version(joined("patient,pathology", "Ann,dcm"))


# another class, and cohorts that nothing is learnt from


def test_another_class_holds_for_the_whole_exam(joined) -> None:
    frame = joined("patient,series,other_class,view", "Ann,1.1.1,minf,", "Bob,2.1.1,,short_axis")
    assert frame["other_class"].tolist()[:3] == ["minf"] * 3
    assert frame["other_class"].isna().tolist() == [False, False, False, True, True]


def test_capitals_of_another_class_do_not_matter(sheet) -> None:
    assert sheet("patient,other_class", "Ann,MINF")["other_class"].tolist() == ["minf"]


def test_another_class_is_one_word(sheet) -> None:
    with pytest.raises(LabelError, match="column other_class: 'old infarct', not a word of small letters"):
        sheet("patient,other_class", "Ann,old infarct")


@pytest.mark.parametrize("lines", [["Ann,hcm,minf"], ["Ann,hcm,", "Ann,,minf"], ["Ann,hcm,hcm"]])
def test_a_pathology_and_another_class_contradict_each_other(joined, lines: list[str]) -> None:
    with pytest.raises(LabelError, match=r"two pathologies within one exam: rows 2 \(hcm\) and \d \(other_class \w+\)"):
        joined("patient,pathology,other_class", *lines)


@pytest.mark.parametrize("lines", [["Ann,"], []])
def test_a_cohort_to_be_answered_needs_no_label(cines: pd.DataFrame, sheet, lines: list[str]) -> None:
    labels = match(cines, sheet("patient,pathology", *lines), key=KEY)
    assert labels["cine_id"].tolist() == cines["cine_id"].tolist()
    assert labels[["pathology", "view", "other_class"]].isna().all(axis=None)
