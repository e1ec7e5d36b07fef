"""What became of a folder, counted: nothing here names a person, a file or a pseudonym."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from cinemyo import review
from cinemyo.sheets import REFUSED

_COUNTED: Final = {
    "phase keys": "phase_key",
    "transfer syntaxes": "transfer_syntax",
    "decoders": "decoder",
    "views by geometry": "geometry_view",
}
"""Columns of `cines.csv` whose values are counted."""


@dataclass(frozen=True)
class Left:
    """What was left out under one code."""

    code: str
    reason: str
    items: int
    files: int


@dataclass(frozen=True)
class Outcome:
    """What was found, used and left out; `counts` by title and value, `review` by the reasons of `cinemyo.review`."""

    found: int
    used: int
    excluded: int
    patients: int
    exams: int
    series: int
    cines: int
    frames: int
    counts: dict[str, dict[str, int]]
    lossy: int
    review: dict[str, int]
    left: tuple[Left, ...]

    def as_values(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return asdict(self)


def outcome(cines: pd.DataFrame, *, sources: pd.DataFrame, exclusions: pd.DataFrame) -> Outcome:
    """The outcome that the tables of an ingest tell."""
    reasons = Counter(
        reason for row in cines.to_dict("records") for reason in review.reasons_at_ingest({str(k): row[k] for k in row})
    )
    used = int(sources["cine_id"].notna().sum())
    # files of whoever withdrew have no row of their own
    found = len(sources) + int(exclusions.loc[exclusions["code"] == REFUSED, "n_files"].sum())
    return Outcome(
        found=found,
        used=used,
        excluded=found - used,
        patients=int(cines["patient_id"].nunique()),
        exams=int(cines["exam_id"].nunique()),
        series=int(cines["series_id"].nunique()),
        cines=len(cines),
        frames=int(cines["n_frames"].sum()),
        counts={title: _counts(cines[column]) for title, column in _COUNTED.items()},
        lossy=int(cines["lossy"].fillna(value=False).sum()),
        review={name: reasons[name] for name in review.ranked(reasons)},
        left=left_out(exclusions.to_dict("records")),
    )


def left_out(rows: Iterable[Mapping[Any, Any]]) -> tuple[Left, ...]:
    """Items and files by code, most files first; of several reasons the commonest speaks for its code."""
    items: Counter[str] = Counter()
    files: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        items[row["code"]] += 1
        files[row["code"]] += int(row["n_files"])
        reasons[row["code"]][row["reason"]] += 1
    order = sorted(items, key=lambda code: (-files[code], -items[code], code))
    return tuple(Left(code, reasons[code].most_common(1)[0][0], items[code], files[code]) for code in order)


def _counts(column: pd.Series) -> dict[str, int]:
    """How often each value is there, the commonest first."""
    counts = Counter(str(value) for value in column.dropna())
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
