"""A table of results as people read it: no empty cell without a reason, and no table left out in silence."""

from dataclasses import dataclass
from typing import Final, Self

import pandas as pd

from cinemyo.errors import TableError

REASON: Final = "reason"
"""The column that says why a cell of its row is empty."""
NOT_PART: Final = "not part of this study"
DIGITS: Final = 6


@dataclass(frozen=True)
class ResultTable:
    """A table of the results section: a file name, a title, the rows, and what a reader must know of them.

    Raises:
        TableError: there is no row, or a row has an empty cell and no reason.
    """

    name: str
    title: str
    rows: pd.DataFrame
    note: str = ""

    def __post_init__(self) -> None:
        where = f"table {self.name}"
        if self.rows.empty:
            remedy = "use ResultTable.absent with what the study lacks"
            raise TableError(where, expected="at least one row", got="none", remedy=remedy)
        cells = self.rows.drop(columns=REASON, errors="ignore")
        empty = cells.isna() | (cells == "")
        told = self.rows[REASON].fillna("").astype(str).str.len() > 0 if REASON in self.rows else False
        silent = empty.any(axis=1) & ~pd.Series(told, index=self.rows.index)
        if silent.any():
            row = self.rows.index[silent][0]
            columns = ", ".join(empty.columns[empty.loc[row]])
            got = f"none in row {row} for {columns} ({int(silent.sum())} such rows)"
            remedy = f"fill the column {REASON}"
            raise TableError(where, expected="a reason for each empty cell", got=got, remedy=remedy)

    @classmethod
    def absent(cls, name: str, *, title: str, needs: str) -> Self:
        """The table of a study that lacks what it takes: one row, `not part of this study: <needs>`."""
        return cls(name, title, pd.DataFrame({REASON: [f"{NOT_PART}: {needs}"]}))

    @property
    def is_absent(self) -> bool:
        """Whether the study lacks what the table takes."""
        return list(self.rows.columns) == [REASON]

    def csv(self) -> bytes:
        """The rows as CSV, numbers to six digits; beyond them the order of a sum speaks."""
        return self.rows.round(DIGITS).to_csv(index=False, lineterminator="\n").encode()
