"""A table of results: never without rows, never an empty cell without a reason."""

import pandas as pd
import pytest

from cinemyo.errors import TableError
from cinemyo.evaluation.result import NOT_PART, ResultTable


def test_a_table_without_rows_is_refused_with_the_remedy() -> None:
    with pytest.raises(TableError, match=r"^table t: expected at least one row, got none; use ResultTable\.absent"):
        ResultTable("t", "T", pd.DataFrame({"a": []}))


def test_an_empty_cell_without_a_reason_is_refused_with_its_row_and_column() -> None:
    frame = pd.DataFrame({"a": [1.0, None], "b": [2.0, 3.0], "reason": ["", ""]})
    with pytest.raises(TableError, match=r"a reason for each empty cell, got none in row 1 for a \(1 such rows\)"):
        ResultTable("t", "T", frame)


@pytest.mark.parametrize("empty", [None, float("nan"), ""])
def test_every_kind_of_empty_cell_counts(empty: object) -> None:
    with pytest.raises(TableError, match="fill the column reason"):
        ResultTable("t", "T", pd.DataFrame({"a": pd.Series([empty], dtype=object), "b": [1]}))


def test_an_empty_cell_with_a_reason_is_taken() -> None:
    table = ResultTable("t", "T", pd.DataFrame({"a": [None], "reason": ["one patient"]}))
    assert not table.is_absent


def test_what_a_study_lacks_is_one_row_that_says_what_to_add() -> None:
    table = ResultTable.absent("t", title="T", needs="add arms of target view")
    assert table.is_absent
    assert table.csv().decode() == f"reason\n{NOT_PART}: add arms of target view\n"


def test_numbers_are_written_to_six_digits() -> None:
    assert ResultTable("t", "T", pd.DataFrame({"a": [1 / 3]})).csv() == b"a\n0.333333\n"
