"""Sheets of public releases."""

from pathlib import Path

import pytest

from cinemyo.errors import SourceError
from cinemyo.sources import release_sheet
from cinemyo.sources.release_sheet import frame_index, read_rows, sex_of, whole_years, word


def write(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_cells_are_found_by_their_column_whatever_its_place(tmp_path: Path) -> None:
    sheet = write(tmp_path / "a.csv", "x, Sex ,ID\n1, F ,p\n")
    assert read_rows(sheet, columns=("ID", "Sex"), key="ID") == {"p": ({"ID": "p", "Sex": "F"},)}


def test_a_byte_order_mark_empty_rows_and_rows_of_nobody_are_passed_over(tmp_path: Path) -> None:
    sheet = write(tmp_path / "a.csv", "ID,Sex\n\n,,\n ,F\np,M\n", encoding="utf-8-sig")
    assert list(read_rows(sheet, columns=("ID", "Sex"), key="ID")) == ["p"]


def test_a_short_row_has_empty_cells(tmp_path: Path) -> None:
    sheet = write(tmp_path / "a.csv", "ID,Sex\np\n")
    assert read_rows(sheet, columns=("ID", "Sex"), key="ID")["p"][0]["Sex"] == ""


def test_two_rows_of_one_patient_are_both_told(tmp_path: Path) -> None:
    sheet = write(tmp_path / "a.csv", "ID\np\np\n")
    assert len(read_rows(sheet, columns=("ID",), key="ID")["p"]) == 2


@pytest.mark.parametrize("text", ["", "Sex\nF\n", "ID;Sex\np;F\n"])
def test_a_sheet_without_its_columns_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match="no ID"):
        read_rows(write(tmp_path / "a.csv", text), columns=("ID",), key="ID")


def test_a_sheet_that_is_far_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_sheet, "LARGEST_BYTES", 5)
    with pytest.raises(SourceError, match="at most 5 bytes"):
        read_rows(write(tmp_path / "a.csv", "ID\nlong\n"), columns=("ID",), key="ID")


def test_bytes_of_no_text_are_refused_or_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"ID,Sex\n\xff\xfe,F\n")
    assert len(read_rows(path, columns=("ID", "Sex"), key="ID")) == 1


def test_a_cell_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="comma-separated"):
        read_rows(write(tmp_path / "a.csv", 'ID\n"' + "x" * 200_000), columns=("ID",), key="ID")


@pytest.mark.parametrize(
    ("cell", "years"),
    [("55", 55), ("55.9", 55), ("0", 0), ("90", 90), ("104", 90), ("", None), ("-1", None), ("inf", None)],
)
def test_ages_are_whole_years_up_to_ninety(cell: str, years: int | None) -> None:
    assert whole_years(cell) == years


@pytest.mark.parametrize(
    ("cell", "sex"), [("M", "M"), ("male", "M"), ("Female", "F"), ("f", "F"), ("", None), ("O", None)]
)
def test_sexes_are_letters_or_words(cell: str, sex: str | None) -> None:
    assert sex_of(cell) == sex


@pytest.mark.parametrize(
    ("cell", "index"),
    [("0", 0), ("24.0", 24), ("24.5", None), ("-1", None), ("", None), ("nan", None), ("1e300", None)],
)
def test_frames_are_whole_numbers_from_zero(cell: str, index: int | None) -> None:
    assert frame_index(cell) == index


@pytest.mark.parametrize(
    ("group", "made"), [("HHD", "hhd"), ("Heart failure with infarct", "heart_failure_with_infarct"), ("", "")]
)
def test_groups_become_words(group: str, made: str) -> None:
    assert word(group) == made
