"""A split table of anyone's making: which column is what, and what cells of it cannot be used."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from cinemyo import tables
from cinemyo.errors import TableError

TRAINING: Final = frozenset({"train", "training", "validation", "valid", "val", "dev", "test", "testing", "holdout"})
"""Words for the parts of a split into training, validation and test."""
FIRST_LINE: Final = 2
"""Of the first row: the header is line 1."""
_TOKEN: Final = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class Columns:
    """Which column of the table is what; None where the table has none."""

    patient: str
    split: str | None = None
    by: str | None = None
    """Each of its values is a split of its own, such as `scheme`, or `fold` beside a column of sets."""
    image: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns that were named."""
        return [name for name in (self.patient, self.split, self.by, self.image) if name is not None]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    line: int
    patient: str
    person: str
    """The patient's identifier without what a typist varies."""
    part: str
    by: str
    image: str | None

    @property
    def side(self) -> tuple[str, str]:
        """The split and the part of it that the row belongs to."""
        return self.by, self.part


@dataclass(frozen=True)
class Split:
    """The rows that can be checked, and the lines of those that cannot, by the column whose cell is empty."""

    rows: tuple[Row, ...]
    empty: dict[str, list[int]]
    columns: Columns

    @property
    def parts(self) -> list[str]:
        """Names of the parts, in order."""
        return sorted({row.part for row in self.rows}, key=_in_order)

    @property
    def protocol(self) -> str:
        """What the parts are taken for, in words."""
        if self.columns.split is None:
            return "no column of parts: only what patients share is told"
        if all(part.strip().lower() in TRAINING for part in self.parts):
            return "training, validation and test: no patient may be in two of them"
        return "cross-validation: each part is tested by a model of the others, so no patient may be in two parts"


def read_split(path: Path, *, columns: Columns) -> Split:
    """The split in a CSV or Parquet file, all cells as text.

    Raises:
        TableError: no file, no table, no row, or a column that the table does not have.
    """
    frame = _frame(path)
    lacking = [name for name in columns.names if name not in frame.columns]
    if lacking:
        raise TableError(
            path.name,
            expected=f"the column {lacking[0]}",
            got=f"columns {', '.join(map(str, frame.columns))}",
            remedy="name one of these",
        )
    if frame.empty:
        raise TableError(path.name, expected="rows", got="none", remedy="name the table of the split")
    empty = {
        name: [line + FIRST_LINE for line, cell in enumerate(frame[name]) if _is_empty(cell)] for name in columns.names
    }
    unusable = {line for lines in empty.values() for line in lines}
    rows = (_row(line, cells, columns=columns) for line, cells in enumerate(frame.to_dict("records"), start=FIRST_LINE))
    usable = tuple(row for row in rows if row.line not in unusable)
    return Split(usable, {name: lines for name, lines in empty.items() if lines}, columns)


def person_of(patient: str) -> str:
    """An identifier without case, blanks, marks and leading zeros: `P-01` and `p1 ` are one."""
    words = _TOKEN.findall(patient.casefold())
    return " ".join(word.lstrip("0") or "0" for word in words) or patient


def _frame(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise TableError(path.name, expected="a CSV or Parquet file", got="no file", remedy="correct the path")
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return pd.read_parquet(path)
        return tables.read_text(path)
    except (ValueError, OSError, ArithmeticError) as error:
        got = f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"
        raise TableError(
            path.name, expected="a CSV (commas, UTF-8) or Parquet file", got=got, remedy="save it as CSV with commas"
        ) from None


def _row(line: int, cells: Mapping[Hashable, object], *, columns: Columns) -> Row:
    patient = _text(cells[columns.patient])
    return Row(
        line=line,
        patient=patient,
        person=person_of(patient),
        part=_text(cells[columns.split]).strip() if columns.split else "",
        by=_text(cells[columns.by]).strip() if columns.by else "",
        image=_text(cells[columns.image]).strip() if columns.image else None,
    )


def _text(cell: object) -> str:
    """A cell as a person reads it: a whole number has no decimal point."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _is_empty(cell: object) -> bool:
    return bool(pd.isna(cell)) or not str(cell).strip()  # type: ignore[call-overload]


def _in_order(part: str) -> tuple[int, int, str]:
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)
