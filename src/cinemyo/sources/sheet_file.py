"""The label sheet, read: what a hospital knows, with its own identifiers, checked cell by cell.

Faults are told by row number; an identifier is never repeated.
"""

import csv
import difflib
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from cinemyo.errors import LabelError
from cinemyo.tables import KINDS, SHEET, Column

_FLAGS: Final = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
IDENTIFIERS: Final = ("patient", "exam", "series")
PAIRS: Final = (
    ("diastole_index", "systole_index"),
    ("centre_row_mm", "centre_column_mm"),
    ("window_low", "window_high"),
)
"""Annotations that mean nothing alone."""


def refuse(where: str, faults: Sequence[str], *, expected: str, remedy: str) -> None:
    """Raises a fault of the sheet, if there is one, with the first five and their count.

    Raises:
        LabelError: there is a fault.
    """
    if not faults:
        return
    more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
    raise LabelError(where, expected=expected, got="; ".join(faults[:5]) + more, remedy=remedy)


def read_sheet(path: Path) -> pd.DataFrame:
    """The sheet with all columns of `tables.SHEET`, indexed by line number in the file; absent columns are empty.

    CSV in UTF-8, with or without a byte order mark, separated by commas or semicolons; with semicolons, numbers may
    have a decimal comma. Blank lines are passed over, blanks around a cell too.

    Raises:
        LabelError: no file, an unknown or missing column, or cells that cannot be what their column holds.
    """
    cells = _cells(path)
    where, faults = f"label sheet {path}", []
    columns = {}
    for column in SHEET.columns:
        given = cells[column.name] if column.name in cells else pd.Series("", index=cells.index, dtype="str")
        parsed = [_parsed(cell, column) for cell in given]
        faults += [
            (row, f"row {row}, column {column.name}: {_shown(cell, column)}")
            for row, cell, value in zip(cells.index, given, parsed, strict=True)
            if (value is None and cell) or (not cell and not column.nullable)
        ]
        columns[column.name] = pd.Series(parsed, index=cells.index, dtype=KINDS[column.kind])
    sheet = pd.DataFrame(columns)
    faults += _half_pairs(sheet)
    told = [sentence for _, sentence in sorted(faults)]
    refuse(
        where, told, expected="cells that fit their columns", remedy="correct them (docs/reference lists the columns)"
    )
    return sheet


def _cells(path: Path) -> pd.DataFrame:
    """Stripped text of the cells under the sheet's columns, by line number; blank lines left out."""
    where = f"label sheet {path}"
    lines = _lines(path)
    header = [name.strip().lower() for name in lines[0][1]]
    _check_header(header, where=where)
    body = [(row, [cell.strip() for cell in cells]) for row, cells in lines[1:]]
    body = [(row, cells) for row, cells in body if any(cells)]
    long = [f"row {row}: {len(cells)} cells" for row, cells in body if any(cells[len(header) :])]
    refuse(where, long, expected=f"{len(header)} cells in a row", remedy="quote cells that hold a separator")
    filled = [(cells + [""] * len(header))[: len(header)] for _, cells in body]
    return pd.DataFrame(filled, columns=header, index=[row for row, _ in body], dtype="str")


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Line number and cells of each line, by the separator that the header has."""
    where = f"label sheet {path}"
    if not path.is_file():
        raise LabelError(where, expected="a CSV file", got="no file", remedy="write it, or set source.labels")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LabelError(
            where, expected="text in UTF-8", got="another encoding", remedy="save it as CSV UTF-8"
        ) from None
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise LabelError(where, expected="CSV", got=str(error), remedy=f"correct line {reader.line_num}") from None
    if not lines:
        raise LabelError(where, expected="a header line and rows", got="an empty file", remedy="write the labels in it")
    return _without_decimal_commas(lines) if reader.dialect.delimiter == ";" else lines


def _without_decimal_commas(lines: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    numbers = {column.name for column in SHEET.columns if column.kind == "number"}
    places = {place for place, name in enumerate(lines[0][1]) if name.strip().lower() in numbers}
    return [
        (row, [cell.replace(",", ".") if place in places else cell for place, cell in enumerate(cells)])
        for row, cells in lines
    ]


def _check_header(header: list[str], *, where: str) -> None:
    unknown = [name for name in header if name not in SHEET.header]
    faults = [f"{name!r}{_hint(name, header)}" for name in unknown]
    refuse(where, faults, expected=f"columns among {', '.join(SHEET.header)}", remedy="correct the header line")
    twice = sorted({name for name in header if header.count(name) > 1})
    refuse(where, [f"{name!r} twice" for name in twice], expected="each column once", remedy="correct the header line")
    if "patient" not in header:
        raise LabelError(
            where, expected="a column patient", got=", ".join(header), remedy="add the patients' identifiers"
        )


def _hint(name: str, header: list[str]) -> str:
    near = difflib.get_close_matches(name, [known for known in SHEET.header if known not in header], n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _shown(cell: str, column: Column) -> str:
    if not cell:
        return "empty"
    if column.name in IDENTIFIERS:
        return "not an identifier"
    if column.pattern:
        return f"{cell[:40]!r}, not a word of small letters, digits and underscores"
    return repr(cell[:40]) + (
        f", not one of {', '.join(column.among)}" if column.among else f", not a valid {column.kind}"
    )


def _parsed(cell: str, column: Column) -> object:
    """The value of a cell, or None where it is empty or cannot be one of its column's."""
    if column.kind == "text":
        value = cell.lower() if column.among or column.pattern else cell
        fits = (not column.among or value in column.among) and re.match(column.pattern or "", value)
        return value if value and fits else None
    if column.kind == "flag":
        return _FLAGS.get(cell.lower())
    try:
        number = float(cell)
    except ValueError:
        return None
    low = -math.inf if column.low is None else column.low
    high = math.inf if column.high is None else column.high
    if not math.isfinite(number) or not low <= number <= high:
        return None
    if column.kind == "number":
        return number
    return int(number) if number.is_integer() else None


def _half_pairs(sheet: pd.DataFrame) -> list[tuple[int, str]]:
    faults = []
    for first, second in PAIRS:
        for row in sheet.index[sheet[first].isna() != sheet[second].isna()]:
            faults.append((row, f"row {row}: {first} and {second}, one without the other"))
        both = sheet[sheet[first].notna() & sheet[second].notna()]
        ordered = both[first] < both[second] if first == "window_low" else both[first] != both[second]
        if not first.startswith("centre"):
            faults += [(row, f"row {row}: {first} and {second} leave nothing between") for row in both.index[~ordered]]
    return faults
