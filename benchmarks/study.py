"""The aggregates of the study that ran last, kept beside the code: what the README quotes of a study of people.

    python -m benchmarks.study

Reads reports/tables (run `make repro` first). Aggregates alone: no row of a patient is among them.
"""

import sys
from pathlib import Path
from typing import Any

from benchmarks.result import keep
from cinemyo import config, tables
from cinemyo.layout import Layout

KEPT = (
    "arms",
    "classes",
    "missed_disease",
    "leakage",
    "leakage_arms",
    "leakage_permuted",
    "calibration",
    "selective",
    "metadata",
    "control_permuted",
    "control_background",
    "robustness",
    "heat_verdicts",
    "heat_measures",
    "heat_sanity",
    "table_2_tests",
    "sample_size",
)
"""Tables that are quoted."""
CONSTANT = ("standing", "reason")
"""Columns of words, left out where they are empty or alike in all rows."""


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a table with numbers as numbers, empty cells and sentences that all rows share left out."""
    frame = tables.read_text(path)
    shared = [name for name in CONSTANT if name in frame and frame[name].nunique(dropna=False) == 1]
    records = frame.drop(columns=shared).to_dict("records")
    return [{str(key): _value(value) for key, value in row.items() if isinstance(value, str)} for row in records]


def _value(cell: str) -> float | int | str:
    try:
        value = float(cell)
    except ValueError:
        return cell
    return int(value) if value.is_integer() and "." not in cell else round(value, 4)


def main() -> None:
    """Reads, prints and keeps."""
    params = config.load()
    folder = Layout(params.study.name).tables
    if not (folder / "arms.csv").is_file():
        sys.exit("benchmarks.study: expected the tables of a study, got none; run `make repro`")
    found = {name: rows_of(folder / f"{name}.csv") for name in KEPT if (folder / f"{name}.csv").is_file()}
    for row in found["arms"]:
        values = [row[key] for key in ("accuracy", "accuracy_low", "accuracy_high")]
        print(f"{row['arm']:28} {row['level']:8} " + "{:.3f} ({:.3f} to {:.3f})".format(*values))
    about = {"study": params.study.name, "notice": params.study.notice, "citation": params.study.citation}
    command = f"make use STUDY={params.study.name} repro && python -m benchmarks.study"
    keep(f"study_{params.study.name}", {**about, "tables": found}, command=command)


if __name__ == "__main__":
    main()
