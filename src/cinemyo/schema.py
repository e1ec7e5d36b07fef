"""What a table is: columns, key and ranges, checked on write and on read; files are written whole or not at all."""

import io
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet as pq

from cinemyo.errors import TableError

if TYPE_CHECKING:
    import pandera.pandas as pa

KINDS: Final[dict[str, str]] = {"text": "str", "integer": "Int64", "number": "Float64", "flag": "boolean"}


@dataclass(frozen=True)
class Column:
    """One column: its kind and what a cell may hold."""

    name: str
    kind: str
    nullable: bool = False
    among: tuple[str, ...] = ()
    pattern: str | None = None
    low: float | None = None
    high: float | None = None

    def schema(self) -> "pa.Column":
        """The pandera column."""
        import pandera.pandas as pa

        checks = [pa.Check.isin(self.among)] if self.among else []
        checks += [pa.Check.str_matches(self.pattern)] if self.pattern else []
        checks += [pa.Check.ge(self.low)] if self.low is not None else []
        checks += [pa.Check.le(self.high)] if self.high is not None else []
        return pa.Column(KINDS[self.kind], checks, nullable=self.nullable)


def text(name: str, **rest: Any) -> Column:
    """A column of text."""
    return Column(name, "text", **rest)


def integer(name: str, **rest: Any) -> Column:
    """A column of whole numbers."""
    return Column(name, "integer", **rest)


def number(name: str, **rest: Any) -> Column:
    """A column of finite numbers."""
    return Column(name, "number", **rest)


def flag(name: str, **rest: Any) -> Column:
    """A column of true and false."""
    return Column(name, "flag", **rest)


def share(name: str, **rest: Any) -> Column:
    """A column of numbers from 0 to 1."""
    return Column(name, "number", low=0, high=1, **rest)


@dataclass(frozen=True)
class Table:
    """A table: its name, columns in order, and the columns that make a row unique."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def header(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def schema(self) -> "pa.DataFrameSchema":
        """The pandera schema: exact columns, types, ranges and unique key."""
        import pandera.pandas as pa

        columns = {column.name: column.schema() for column in self.columns}
        return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=list(self.key) or None)


def check(frame: pd.DataFrame, *, table: Table, where: str) -> pd.DataFrame:
    """The frame with the table's exact types, or a refusal that lists the first five faults and counts all.

    Raises:
        TableError: unknown, missing, duplicate, mistyped or out-of-range columns or cells.
    """
    if list(frame.columns) != table.header:
        missing = [name for name in table.header if name not in frame.columns]
        unknown = [name for name in frame.columns if name not in table.header]
        got = f"missing {missing}, unknown {unknown}" if missing or unknown else f"order {list(frame.columns)}"
        raise TableError(
            where, expected=f"columns {', '.join(table.header)}", got=got, remedy="correct the header line"
        )
    try:
        typed = frame.astype({column.name: KINDS[column.kind] for column in table.columns}).reset_index(drop=True)
        # cells of exact types: without a row there is nothing else to be checked, and pandera need not be loaded
        return _validated(typed, table=table, where=where) if len(typed) else typed
    except (ValueError, TypeError) as error:
        raise TableError(
            where, expected=f"the types of {table.name}", got=str(error), remedy="correct the cell"
        ) from None


def _validated(frame: pd.DataFrame, *, table: Table, where: str) -> pd.DataFrame:
    import pandera.pandas as pa

    try:
        return table.schema().validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        shown = [_sentence(case) for case in cases.head(5).to_dict("records")]
        more = f" and {len(cases) - 5} more" if len(cases) > 5 else ""
        expected = f"a valid table of {table.name} with unique {', '.join(table.key)}"
        raise TableError(where, expected=expected, got="; ".join(shown) + more, remedy="correct these rows") from None


def _sentence(case: dict[Any, Any]) -> str:
    row = "" if pd.isna(case["index"]) else f"row {int(case['index']) + 2}, "
    return f"{row}column {case['column']}: {case['failure_case']!r} fails {case['check']}"


def read(path: Path, *, table: Table) -> pd.DataFrame:
    """The checked table in a CSV or Parquet file, rows in file order.

    Raises:
        TableError: no file, or a fault in it, with file, row, column and value.
    """
    if not path.is_file():
        raise TableError(str(path), expected=f"the table {table.name}", got="no file", remedy="run the stage before it")
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    else:
        frame = read_text(path)
        for column in table.columns:
            if column.name in frame and column.kind != "text":
                frame[column.name] = _parsed(frame[column.name], column, path)
    return check(frame, table=table, where=str(path))


def read_text(path: Path) -> pd.DataFrame:
    """A CSV as text cells, empty cells as missing; a byte order mark is accepted."""
    return pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8-sig")


def _parsed(cells: pd.Series, column: Column, path: Path) -> pd.Series:
    if column.kind == "flag":
        values = cells.str.strip().str.lower().map({"true": True, "false": False, "1": True, "0": False})
    else:
        values = pd.to_numeric(cells, errors="coerce")
    if column.kind == "integer":
        values = values.where(values % 1 == 0)
    is_bad = (values.isna() & cells.notna()).to_numpy(bool)
    if is_bad.any():
        got = "; ".join(f"row {row + 2}: {cells.iloc[row]!r}" for row in np.flatnonzero(is_bad)[:5])
        raise TableError(
            f"{path}, column {column.name}",
            expected=f"cells of kind {column.kind}",
            got=got,
            remedy=f"correct {is_bad.sum()} cells",
        )
    return values.astype(pd.api.types.pandas_dtype(KINDS[column.kind]))


def write(frame: pd.DataFrame, *, table: Table, path: Path) -> None:
    """Writes the checked table, whole or not at all; the ending decides CSV or Parquet.

    Raises:
        TableError: the frame breaks the schema; nothing is written.
    """
    checked = check(frame[table.header], table=table, where=str(path))
    if path.suffix == ".parquet":
        write_bytes(path, _parquet(checked))
    else:
        write_bytes(path, checked.to_csv(index=False, lineterminator="\n").encode())


def _parquet(frame: pd.DataFrame) -> bytes:
    # without the metadata in which pandas names its version
    sink = io.BytesIO()
    pq.write_table(pyarrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None), sink)
    return sink.getvalue()


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file through a temporary one beside it, so that a crash or a full disk leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def from_rows(rows: Sequence[dict[str, Any]], *, table: Table) -> pd.DataFrame:
    """A frame of the table's columns and types from records; absent nullable cells become missing."""
    frame = pd.DataFrame.from_records(list(rows), columns=table.header)
    return frame.astype({column.name: KINDS[column.kind] for column in table.columns})
