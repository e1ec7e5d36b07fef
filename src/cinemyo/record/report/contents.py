"""The result tables in reading order: `reports/tables/contents.json` and the CSV files beside it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from cinemyo import tables
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.record.report.grid import REASON, STANDING, Grid, grid_of
from cinemyo.record.report.traces import Trace, trace
from cinemyo.record.report.words import told

LONG: Final = 14
"""Rows above which a table of several arms opens with those of the primary one alone."""
ACROSS: Final = 12
"""Columns above which a table is printed on a page in landscape."""
KEYS: Final = ("section", "section_title", "name", "title", "note")


@dataclass(frozen=True)
class Entry:
    """A table in the list of contents."""

    section: str
    section_title: str
    name: str
    title: str
    note: str


@dataclass(frozen=True)
class Block:
    """A table with its title, its note and what made it; without rows where the study lacks what it takes."""

    name: str
    title: str
    note: str
    trace: Trace
    absent: str = ""
    """Why there are no rows."""
    first: Grid | None = None
    """The rows to read first: all, or those of the primary arm."""
    rest: Grid | None = None
    """The rows of the other arms, folded."""

    @property
    def is_wide(self) -> bool:
        """Whether a part has so many columns that it is printed across the page."""
        return any(len(grid.header) > ACROSS for grid in (self.first, self.rest) if grid)


def entries(layout: Layout) -> list[Entry]:
    """The tables in reading order.

    Raises:
        TableError: `contents.json` is absent or not a list of tables, or names a table whose CSV is absent.
    """
    path = layout.contents
    if not path.is_file():
        raise TableError(str(path), expected="the list of tables", got="no file", remedy="run the stage evaluate")
    listed = json.loads(path.read_text(encoding="utf-8"))
    found = []
    for index, item in enumerate(listed):
        lacking = [key for key in KEYS if not isinstance(item.get(key), str)]
        if lacking:
            got = f"none of {', '.join(lacking)} in item {index}"
            raise TableError(str(path), expected=", ".join(KEYS), got=got, remedy="run the stage evaluate again")
        found.append(Entry(**{key: item[key] for key in KEYS}))
    missing = [entry.name for entry in found if not (layout.tables / f"{entry.name}.csv").is_file()]
    if missing:
        got = f"no file for {', '.join(missing)}"
        raise TableError(str(path), expected="a CSV per table", got=got, remedy="run the stage evaluate again")
    return found


def block(entry: Entry, *, layout: Layout, primary: str, titles: Mapping[str, str]) -> Block:
    """A table of the results as the page shows it; a note that names another table does so by its title."""
    path = layout.tables / f"{entry.name}.csv"
    frame = tables.read_text(path)
    made = trace(path, layout=layout)
    note = told(entry.note, columns=list(frame.columns), titles=titles)
    why = why_empty(frame)
    if why:
        return Block(entry.name, entry.title, note, made, absent=why)
    first, rest = parted(frame, primary=primary)
    return Block(
        entry.name,
        entry.title,
        note,
        made,
        first=grid_of(first),
        rest=None if rest.empty else grid_of(rest),
    )


def why_empty(frame: pd.DataFrame) -> str:
    """The one reason why a table has no figures for any arm; nothing where it has some."""
    named = {REASON, "arm", STANDING}
    empty = all(name in named or (frame[name].fillna("0") == "0").all() for name in frame.columns)
    reasons = set(frame[REASON].fillna("")) if REASON in frame else set()
    return str(reasons.pop()) if empty and len(reasons) == 1 else ""


def parted(frame: pd.DataFrame, *, primary: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows to read first and the others: all of a short table, or those of the primary arm of a long one."""
    own = frame["arm"] == primary if "arm" in frame else pd.Series(data=False, index=frame.index)
    if len(frame) <= LONG or not own.any() or own.all():
        return frame, frame.iloc[:0]
    return frame[own], frame[~own]


def table_rows(layout: Layout, *, name: str) -> tuple[pd.DataFrame, str]:
    """Text cells of a table that the page quotes, or none and the reason why the study has none."""
    path = layout.tables / f"{name}.csv"
    if not path.is_file():
        return pd.DataFrame(), f"not part of this study: no table {name}"
    frame = tables.read_text(path)
    if list(frame.columns) == [REASON]:
        return frame.iloc[:0], str(frame[REASON].iloc[0])
    return frame, ""


def of_section(found: Sequence[Entry], *, section: str) -> list[Entry]:
    """The tables of a section, in order."""
    return [entry for entry in found if entry.section == section]
