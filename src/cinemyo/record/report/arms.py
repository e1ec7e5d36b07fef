"""What the report says of each arm: its confusion matrices and its misclassified cines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.labels import CLASSES, DISPLAY
from cinemyo.layout import Layout
from cinemyo.record.report.grid import Grid, plain

ERRORS: Final = ("Cine", "Patient", "View", "Truth", "Answer", "Probability", "Fold", "Preparation")


@dataclass(frozen=True)
class Count:
    """A count of a confusion matrix, with its share of the row in tenths for the shade."""

    count: int
    share: str
    shade: int


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix to print."""

    title: str
    arm: str
    classes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Count, ...]], ...]


@dataclass(frozen=True)
class Errors:
    """The misclassified cines of an arm, and which of them have a sheet of heat maps of their own."""

    arm: str
    grid: Grid
    drawn: frozenset[str]


def matrices(params: Params, *, metrics: Mapping[str, Any]) -> list[Matrix]:
    """Confusion matrices of the arms, by patient for the pathology, and by cine."""
    found = []
    for name, arm in params.arms.items():
        for key, unit in (("patient_confusion", "patients"), ("confusion", "cines")):
            if key in metrics[name]:
                found.append(_matrix(metrics[name][key], arm=name, unit=unit, names=CLASSES[arm.target]))
    return found


def _matrix(counts: Sequence[Sequence[int]], *, arm: str, unit: str, names: Sequence[str]) -> Matrix:
    classes = tuple(DISPLAY[name] for name in names)
    rows = tuple((f"{label} (n = {sum(line)})", _counts(line)) for label, line in zip(classes, counts, strict=True))
    return Matrix(f"{arm}, {sum(map(sum, counts))} {unit}", arm, classes, rows)


def _counts(line: Sequence[int]) -> tuple[Count, ...]:
    total = sum(line)
    shares = [count / total if total else 0.0 for count in line]
    return tuple(Count(count, f"{share:.2f}", round(10 * share)) for count, share in zip(line, shares, strict=True))


def errors(params: Params, *, layout: Layout, cines: pd.DataFrame) -> list[Errors]:
    """The misclassified cines of each arm as evaluate listed them, the surest error first."""
    patients = dict(zip(cines["cine_id"], cines["patient_id"], strict=True))
    return [
        Errors(name, _error_grid(layout, name=name, patients=patients), drawn(layout, arm=name)) for name in params.arms
    ]


def _error_grid(layout: Layout, *, name: str, patients: Mapping[str, str]) -> Grid:
    path = layout.errors / f"{name}.csv"
    rows = tables.read_text(path).to_dict("records") if path.is_file() else []
    return plain(ERRORS, [_error(row, patient=patients[row["cine_id"]]) for row in rows])


def _error(row: Mapping[Any, Any], *, patient: str) -> tuple[str, ...]:
    view = "–" if pd.isna(row["view"]) else DISPLAY[row["view"]]
    flags = [name for name in ("region", "phase") if row.get(f"{name}_review") == "True"]
    said = f"p_{row['predicted']}"
    probability = f"{float(row[said]):.2f}"
    called = (DISPLAY[row["truth"]], DISPLAY[row["predicted"]], probability)
    return row["cine_id"], patient, view, *called, row["fold"], f"look at {' and '.join(flags)}" if flags else "–"


def drawn(layout: Layout, *, arm: str) -> frozenset[str]:
    """Cines of an arm that have a sheet of heat maps of their own."""
    return frozenset(path.stem for path in (layout.heat_maps / arm).glob("c-*.png"))
