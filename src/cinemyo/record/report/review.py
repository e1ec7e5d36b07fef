"""The queue of cines that a person should look at, as the page prints it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from cinemyo import tables
from cinemyo.labels import DISPLAY
from cinemyo.layout import Layout
from cinemyo.record.report.grid import Grid, plain

LONG: Final = 200
"""Rows of the page; the file has all."""
HEADER: Final = ("Cine", "Patient", "Severity", "Why", "Label", "Plane", "Network", "Score")
OTHER: Final = "none of the four"


@dataclass(frozen=True)
class Queue:
    """The most severe cines, and how many there are."""

    grid: Grid
    count: int

    @property
    def more(self) -> int:
        """Cines that the page does not show."""
        return self.count - len(self.grid.rows)


def queue_of(layout: Layout) -> Queue:
    """The queue as evaluate wrote it; empty where it wrote none."""
    path = layout.review_queue
    rows = tables.read_text(path).to_dict("records") if path.is_file() else []
    return Queue(plain(HEADER, [_line(row) for row in rows[:LONG]]), len(rows))


def _line(row: Mapping[Any, Any]) -> tuple[str, ...]:
    reasons = ", ".join(reason.replace("_", " ") for reason in row["reasons"].split())
    views = (_view(row[name]) for name in ("view", "geometry_view", "answered_view"))
    score = "–" if pd.isna(row["cine_score"]) else f"{float(row['cine_score']):.2f}"
    return row["cine_id"], row["patient_id"], row["severity"], reasons, *views, score


def _view(name: Any) -> str:
    return "–" if pd.isna(name) else DISPLAY.get(name, OTHER)
