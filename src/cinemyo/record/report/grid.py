"""Result tables as they are printed: intervals beside their figures, what all rows share said once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from cinemyo.labels import DISPLAY
from cinemyo.record.report import numbers
from cinemyo.record.report.words import words

STANDING: Final = "standing"
REASON: Final = "reason"
NAMED: Final = (
    "truth",
    "predicted",
    "class",
    "disease",
    "phase",
    "phases",
    "view",
    "before",
    "pathology",
    "label",
    "suggested",
)
"""Columns that hold names of classes and phases, printed as in figures."""
SPOKEN: Final = (
    "attribute",
    "characteristic",
    "measure",
    "preparation",
    "outcome",
    "verdict",
    "code",
    "direction",
    "split",
    "flag",
)
"""Columns of words that a program chose: printed without underscores."""
BY_PATIENT: Final = "split by patient"
KEYS: Final = ("arm", "target", "attribute", "characteristic", "level", "setting", "reader", "question", "variant")
"""Columns that say what a row is of: a repeat of the row above is printed softly."""
SETTING: Final = (
    "target", "input", "backbone", "training", "scheme", "phases", "level", "folds", "n", "n_cines", "n_patients",
    "arm_n", "reference", "margin", "wanted_half_width", "leaky_arm", "variant", "probabilities", "test", "temperature",
    "temperature_range", "bins", "measure", "split", "heart_from", "cell_mm", "recipe",
)  # fmt: skip
"""Columns that say how a figure was made: where all rows agree, a wide table says it once."""
NAMES: Final = re.compile(rf"\b({'|'.join(DISPLAY)})\b")
WIDE: Final = 7
"""Columns above which those that are equal in all rows go to the caption."""


@dataclass(frozen=True)
class Cell:
    """A cell to print and how: `number`, `text`, `long` (wraps), or `same` as the row above."""

    text: str
    kind: str = "text"
    mark: str = ""
    """Letters of the footnotes of the row."""


@dataclass(frozen=True)
class Grid:
    """A table to print: a header and rows; the first column names the row."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    leaky: frozenset[int] = frozenset()
    """Rows whose standing is leaky."""
    notes: tuple[tuple[str, str], ...] = ()
    """Footnotes by letter: remarks of rows, and what sets a row apart."""


def plain(header: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str = "") -> Grid:
    """A table of text as it is."""
    return Grid(tuple(header), tuple(tuple(Cell(cell, _kind(cell)) for cell in row) for row in rows), caption)


def grid_of(frame: pd.DataFrame) -> Grid:
    """The table of a CSV's text cells as it is printed.

    Columns `<c>`, `<c>_low` and `<c>_high` become one, `<c>_mean` and `<c>_sd` too; `low` and `high` go to the column
    before them. What all rows say of their standing, and settings of a wide table that never vary, become the caption;
    remarks become footnotes.
    """
    frame = frame.dropna(axis="columns", how="all").fillna("").reset_index(drop=True)
    none = [""] * len(frame)
    shared, own = _standings(frame[STANDING]) if STANDING in frame else ((), none)
    leaky = frozenset(row for row, said in enumerate(own) if "leaky" in said)
    remarks = [str(cell) for cell in frame[REASON]] if REASON in frame and len(frame.columns) > 1 else none
    dropped = [STANDING, REASON] if len(frame.columns) > 1 else []
    columns = merged(frame.drop(columns=dropped, errors="ignore"))
    constant = _constant(columns) if len(columns) > WIDE and len(frame) > 1 else {}
    kept = {name: cells for name, cells in columns.items() if name not in constant}
    said = [f"{words(name)} = {cell}" for name, cell in constant.items()]
    caption = "; ".join([*shared, *([f"in all rows with figures: {'; '.join(said)}"] if said else [])])
    marks, notes = footnotes([(one, other) for one, other in zip(own, remarks, strict=True)])
    rows = list(zip(*(_cells(name, cells) for name, cells in kept.items()), strict=True))
    marked = tuple((replace(row[0], mark=mark), *row[1:]) for row, mark in zip(rows, marks, strict=True))
    return Grid(tuple(words(name) for name in kept), marked, caption, leaky, notes)


def footnotes(remarks: Sequence[Sequence[str]]) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Letters of each row and the remark that each letter stands for, in the order in which they come up."""
    texts = list(dict.fromkeys(text for row in remarks for text in row if text))
    letters = {text: _letter(index) for index, text in enumerate(texts)}
    marks = [", ".join(sorted(letters[text] for text in row if text)) for row in remarks]
    return marks, tuple((letter, text) for text, letter in letters.items())


def _letter(index: int) -> str:
    return chr(ord("a") + index % 26) * (index // 26 + 1)


def merged(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Printed cells by column, each figure with its spread and interval in one cell."""
    names, taken, columns = list(frame.columns), set[str](), dict[str, list[str]]()
    for index, name in enumerate(names):
        if name in taken:
            continue
        stem = name.removesuffix("_mean").removesuffix("_share")
        ends = _ends(name, stem=stem, names=names, after=names[index + 1 : index + 3])
        parts = {"sd": f"{stem}_sd" if name.endswith("_mean") and f"{stem}_sd" in names else None, **ends}
        used = [part for part in parts.values() if part]
        taken |= set(used)
        columns |= _joined(frame, name=name, parts=parts) if used else {name: _printed(frame[name], name=name)}
    return columns


def _ends(name: str, *, stem: str, names: Sequence[str], after: Sequence[str]) -> dict[str, str | None]:
    """Columns of the lower and the upper end of a column's interval."""
    if list(after) == ["low", "high"]:
        return {"low": "low", "high": "high"}
    # beside a count and its share, the ends are those of the share
    base = name if f"{name}_low" in names and f"{name}_share" not in names else stem
    has_share = f"{base}_share" in names
    is_own = name == f"{base}_share" if has_share else base == name or base not in names
    if is_own and f"{base}_low" in names and f"{base}_high" in names:
        return {"low": f"{base}_low", "high": f"{base}_high"}
    orphan = name.removesuffix("_low") if name.endswith("_low") else None
    if orphan and f"{orphan}_high" in names:
        return {"low": None, "high": f"{orphan}_high"}
    first = name.removesuffix("_lowest") if name.endswith("_lowest") else None
    return {"low": None, "high": f"{first}_highest" if first and f"{first}_highest" in names else None}


def _joined(frame: pd.DataFrame, *, name: str, parts: Mapping[str, str | None]) -> dict[str, list[str]]:
    low, high, sd = parts["low"], parts["high"], parts["sd"]
    group = [name, *(part for part in (low, high, sd) if part)]
    digits = numbers.column_digits(str(cell) for part in group for cell in frame[part])
    cells: dict[str, list[str]] = {}
    for part in group:
        cells[part] = [numbers.printed(str(cell), digits=digits) for cell in frame[part]]
    values = cells[name]
    if sd:
        pairs = zip(values, cells[sd], strict=True)
        values = [value if spread == numbers.NONE else f"{value} ± {spread}" for value, spread in pairs]
    if low and high:
        ends = zip(values, cells[low], cells[high], strict=True)
        values = [numbers.with_interval(value, low=one, high=other) for value, one, other in ends]
    elif high:
        values = [_range(one, other) for one, other in zip(values, cells[high], strict=True)]
        stem = name.removesuffix("_low").removesuffix("_lowest")
        return {f"{stem}_range" if name.endswith("_lowest") else stem: values}
    return {name: values}


def _range(one: str, other: str) -> str:
    return numbers.NONE if numbers.NONE in (one, other) else f"{one} to {other}"


def _printed(cells: pd.Series, *, name: str) -> list[str]:
    texts = [str(cell) for cell in cells]
    if numbers.is_p(name):
        return [numbers.p_value(float(text)) if numbers.is_number(text) else text or numbers.NONE for text in texts]
    if name in NAMED:
        return [NAMES.sub(lambda found: DISPLAY[found.group()], text) or numbers.NONE for text in texts]
    if name in SPOKEN:
        return [text.replace("_", " ") or numbers.NONE for text in texts]
    digits = numbers.column_digits(texts)
    empty = "" if name == REASON else numbers.NONE
    return [numbers.printed(text, digits=digits) if text else empty for text in texts]


def _standings(cells: pd.Series) -> tuple[tuple[str, ...], list[str]]:
    """What all rows that say something of themselves share, and what sets each row apart."""
    said = [[part.strip() for part in str(cell).split(";") if part.strip()] for cell in cells]
    spoken = [row for row in said if row]
    shared = [part for part in spoken[0] if all(part in row for row in spoken)] if spoken else []
    own = [[part for part in row if part not in shared] for row in said]
    if any(BY_PATIENT in row for row in own):
        shared.append(f"{BY_PATIENT} unless marked")
    return tuple(shared), ["; ".join(part for part in row if part != BY_PATIENT) for row in own]


def _constant(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Settings that are the same in all rows that have figures."""
    said = {name: set(cells) - {numbers.NONE} for name, cells in columns.items() if name in SETTING}
    first = next(iter(columns))
    return {name: cells.pop() for name, cells in said.items() if len(cells) == 1 and name != first}


def _cells(name: str, cells: Sequence[str]) -> list[Cell]:
    kinds = [
        "same" if name in KEYS and row and cells[row - 1] == cell else _kind(cell) for row, cell in enumerate(cells)
    ]
    return [Cell(cell, kind) for cell, kind in zip(cells, kinds, strict=True)]


def _kind(cell: str) -> str:
    if len(cell) > 28 and " " in cell and not cell[:1].isdigit() and not cell.startswith(numbers.MINUS):
        return "long"
    head = cell.lstrip(f"<{numbers.MINUS}")
    return "number" if head[:1].isdigit() or cell == numbers.NONE else "text"
