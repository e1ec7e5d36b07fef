"""Answered sheets of a reading set joined back to the cines, checked row by row, and added to the readers' sheet."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from cinemyo.errors import TableError
from cinemyo.labels import PATHOLOGIES
from cinemyo.schema import check, from_rows, read, write
from cinemyo.sheets import ANSWERS, READERS, READING_KEY

REMEDY: Final = "correct these rows of the sheet"


class Collected(NamedTuple):
    """What became of answered sheets."""

    added: int
    unanswered: int
    """Items of the key without an answer."""
    total: int
    """Rows of the readers' sheet now."""


def collect(key: Path, *, sheets: Sequence[Path], reader: str, out: Path, study: Path, first: int = 1) -> Collected:
    """Adds answered sheets to the readers' sheet `out`, which is written anew, and says what became of them.

    Raises:
        TableError: a file is absent, a row cannot be joined, a reading is there already, or answers of a review of
            label errors would enter the sheet of the study, whose error rates they would spoil.
    """
    items = read(key, table=READING_KEY)
    if (items["origin"] != "drawn").any() and out.resolve() == study.resolve():
        remedy = "a set made with --mix is rich in errors: collect it with --out data/review.csv"
        raise TableError(str(out), expected="readings of a random set", got="a review of label errors", remedy=remedy)
    answers = answers_of([(str(path), _content(path)) for path in sheets], items=set(items["item"]))
    added = check(
        readings_of(answers, key=items, reader=reader, first=first), table=READERS, where=f"readings of {reader}"
    )
    before = read(out, table=READERS) if out.is_file() else from_rows([], table=READERS)
    whole = merged(before, added=added, where=str(out))
    write(whole, table=READERS, path=out)
    return Collected(len(added), len(items) - len(added), len(whole))


def answers_of(sheets: Iterable[tuple[str, bytes]], *, items: set[str]) -> pd.DataFrame:
    """The answers of the named sheets together, items left empty left out.

    CSV in UTF-8 with commas or semicolons; with semicolons, confidence may have a decimal comma.

    Raises:
        TableError: another header; an unknown item, class or confidence; an item twice. Rows are told by number.
    """
    rows: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    for name, content in sheets:
        faults: list[str] = []
        for number, cells in _lines(name, content):
            at = f"row {number}"
            fault = _fault(cells, items=items)
            item, pathology, confidence = cells[:3]
            if fault or item in seen:
                faults.append(f"{at}: {fault or f'{item} again, after {seen[item]}'}")
                continue
            seen[item] = f"{at} of {name}"
            if pathology:
                rows.append({"item": item, "pathology": pathology.lower(), "confidence": _share(confidence)})
        if faults:
            more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
            expected = f"each item of the key once, and classes among {', '.join(PATHOLOGIES)}"
            raise TableError(name, expected=expected, got="; ".join(faults[:5]) + more, remedy=REMEDY)
    return from_rows(rows, table=ANSWERS)


def readings_of(answers: pd.DataFrame, *, key: pd.DataFrame, reader: str, first: int = 1) -> pd.DataFrame:
    """Rows of the readers' sheet; `first` is the number that the set's first reading gets."""
    joined = answers.merge(key, on="item", how="left", validate="one_to_one")
    rows = joined.assign(reader=reader, reading=joined["reading"] + (first - 1))
    return rows[READERS.header].sort_values(["cine_id", "reading"], ignore_index=True)


def merged(before: pd.DataFrame, *, added: pd.DataFrame, where: str) -> pd.DataFrame:
    """The readers' sheet with more readings, sorted by cine, reader and reading.

    Raises:
        TableError: a reading is there already.
    """
    both = pd.concat([before, added], ignore_index=True)
    twice = both[both.duplicated(list(READERS.key))]
    if len(twice):
        row = twice.iloc[0]
        got = f"reading {row['reading']} of {row['cine_id']} by {row['reader']} again ({len(twice)} such rows)"
        remedy = "a later set of the same reader is collected with --first-reading; a corrected sheet replaces its rows"
        raise TableError(where, expected="each reading once", got=got, remedy=remedy)
    return both.sort_values(list(READERS.key), ignore_index=True)


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise TableError(str(path), expected="an answered sheet", got="no file", remedy="name the file")
    return path.read_bytes()


def _lines(name: str, content: bytes) -> list[tuple[int, list[str]]]:
    """Line number and stripped cells of each row that is not blank."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        remedy = "save it as CSV UTF-8"
        raise TableError(name, expected="text in UTF-8", got="another encoding", remedy=remedy) from None
    first = text.partition("\n")[0]
    semicolons = first.count(";") > first.count(",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if semicolons else ",")
    lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    header = [cell.lower() for cell in lines[0][1]] if lines else []
    if header != ANSWERS.header:
        got, remedy = ", ".join(header) or "an empty file", "keep the header line of answers.csv"
        raise TableError(name, expected=f"columns {', '.join(ANSWERS.header)}", got=got, remedy=remedy)
    body = [(number, [*cells, "", ""]) for number, cells in lines[1:] if any(cells)]
    decimal = "," if semicolons else "."
    return [(number, [*cells[:2], cells[2].replace(decimal, "."), *cells[3:]]) for number, cells in body]


def _fault(cells: Sequence[str], *, items: set[str]) -> str:
    item, pathology, confidence = cells[:3]
    if any(cells[3:]):
        return f"{item[:40]}: more than three cells (quote a decimal comma)"
    if item not in items:
        return f"item {item[:40]!r} is not in the key"
    if pathology and pathology.lower() not in PATHOLOGIES:
        return f"{item}: class {pathology[:40]!r}"
    if confidence and _share(confidence) is None:
        return f"{item}: confidence {confidence[:40]!r}, not from 0 to 1"
    return f"{item}: confidence without a class" if confidence and not pathology else ""


def _share(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= 1 else None
