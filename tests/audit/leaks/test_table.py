from pathlib import Path

import pandas as pd
import pytest

from cinemyo.audit.leaks.table import Columns, person_of, read_split
from cinemyo.errors import TableError


@pytest.fixture
def split(tmp_path: Path) -> Path:
    path = tmp_path / "split.csv"
    path.write_text("who,part\nP01,train\n,train\nP02,test\nP03,\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("one", "other"), [("P01", "p1 "), ("P-01", "p_1"), ("007", "7"), ("É1", "é01")])
def test_spellings_of_one_identifier_are_one_person(one: str, other: str) -> None:
    assert person_of(one) == person_of(other)


@pytest.mark.parametrize(("one", "other"), [("P1", "P10"), ("1-23", "12-3"), ("P1", "Q1"), ("0", "1"), ("-", "--")])
def test_other_identifiers_are_other_persons(one: str, other: str) -> None:
    assert person_of(one) != person_of(other)


def test_an_unknown_column_is_refused_with_those_there_are(split: Path) -> None:
    with pytest.raises(TableError, match="expected the column patient, got columns who, part; name one of these"):
        read_split(split, columns=Columns("patient", "part"))


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="got no file"):
        read_split(tmp_path / "none.csv", columns=Columns("who"))


def test_no_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text("who,part\n", encoding="utf-8")
    with pytest.raises(TableError, match="expected rows, got none"):
        read_split(path, columns=Columns("who"))


def test_bytes_that_are_no_table_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_bytes(b"\xff\xfe\x00who")
    with pytest.raises(TableError, match="expected a CSV"):
        read_split(path, columns=Columns("who"))


def test_rows_with_empty_cells_are_told_by_line_and_left_out(split: Path) -> None:
    found = read_split(split, columns=Columns("who", "part"))
    assert found.empty == {"who": [3], "part": [5]}
    assert [row.line for row in found.rows] == [2, 4]


def test_a_parquet_file_is_a_table_and_whole_numbers_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    pd.DataFrame({"who": [7.0, None], "fold": [0, 1]}).to_parquet(path)
    found = read_split(path, columns=Columns("who", "fold"))
    assert [(row.patient, row.part) for row in found.rows] == [("7", "0")]
    assert found.empty == {"who": [3]}


def test_parts_are_ordered_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text("who,fold\na,10\nb,9\nc,holdout\n", encoding="utf-8")
    assert read_split(path, columns=Columns("who", "fold")).parts == ["9", "10", "holdout"]


@pytest.mark.parametrize(
    ("parts", "told"), [(("train", "Test "), "training, validation and test"), (("0", "1"), "cross-validation")]
)
def test_the_kind_of_split_is_told(tmp_path: Path, parts: tuple[str, str], told: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(f"who,part\na,{parts[0]}\nb,{parts[1]}\n", encoding="utf-8")
    assert read_split(path, columns=Columns("who", "part")).protocol.startswith(told)
