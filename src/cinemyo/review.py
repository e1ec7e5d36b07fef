"""Why a person should look at a cine: every reason, what it means, what to do, and how it is found in the tables."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from cinemyo.labels import VIEWS

SURE_CINE: Final = 0.6
"""Cines of a lower score may be another kind of series."""
SURE_DEGREES: Final = 5.0
"""A view told by geometry with less margin contradicts nobody."""
TEXT_SUSPECTED: Final = 0.5
FEW_PHASES: Final = 11
"""Fewer phases misplace end-systole. Source: domain.md A.3 (PubMed 15646887)"""
WHOLE_BEAT: Final = 0.9
"""Frames that cover less of the R-R interval lack the end of diastole. Source: domain.md C.3 (prospective gating)"""
LATE_START: Final = 0.15
"""A first frame later than this share of the R-R interval is no end-diastole. Source: domain.md C.3"""
TIMED: Final = ("nominal_delay", "trigger_time", "actual_delay", "percent_of_cycle")
"""Rungs of the ladder that tell the time after the R wave."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reason:
    """A reason in words."""

    severity: int
    """3 the cine may be the wrong thing, or show who it is; 2 what is measured on it may be wrong; 1 good to know."""
    meaning: str
    remedy: str


REASONS: Final[dict[str, Reason]] = {
    "text_suspected": Reason(
        3, "text may be burned into the pixels", "look at all frames; leave the cine out where it names somebody"
    ),
    "view_label_geometry": Reason(
        3, "the label sheet and the plane tell different views", "correct `view` in the label sheet"
    ),
    "cine_score_low": Reason(
        3,
        "the headers hardly tell a steady-state cine",
        "see `cine_evidence`; if it is none, take its row out of the sheet",
    ),
    "view_cnn_label": Reason(
        3,
        "a network that did not train on it contradicts the label sheet's view",
        "correct `view`, or let it stand",
    ),
    "view_cnn_geometry": Reason(
        2, "a network that did not train on it and the plane tell different views", "look which of the two is right"
    ),
    "view_none_of_four": Reason(
        2, "the plane is none of the four views, such as a three-chamber one", "leave `view` empty in the label sheet"
    ),
    "region_low_confidence": Reason(
        2, "the heart may not have been found", "annotate `centre_row_mm` and `centre_column_mm`"
    ),
    "phase_low_confidence": Reason(
        2, "diastole or systole may be the wrong frame", "annotate `diastole_index` and `systole_index`"
    ),
    "last_frames_missing": Reason(
        2, "the frames end before the beat does: prospective gating", "annotate `diastole_index` if frame 0 is not it"
    ),
    "first_frame_late": Reason(
        2, "the first frame comes long after the R wave", "annotate `diastole_index` if frame 0 is not it"
    ),
    "few_phases": Reason(2, f"fewer than {FEW_PHASES} phases: systole may fall between two", "use it for views alone"),
    "window_low_confidence": Reason(1, "gray values may be windowed badly", "annotate `window_low` and `window_high`"),
    "no_trigger_times": Reason(
        1, "phases were put in order without times after the R wave", "play it: the heart must beat once, smoothly"
    ),
    "lossy": Reason(1, "the pixels went through lossy compression", "export it again without, if fine detail counts"),
}
"""By word, the most severe first."""


def reasons_at_ingest(row: Row) -> tuple[str, ...]:
    """The reasons that a row of `cines.csv` gives by itself, the most severe first."""
    return ranked(_at_ingest(row))


def reasons_of_preparation(region: Row, phases: Row) -> tuple[str, ...]:
    """The reasons that rows of `regions.csv` and `phases.csv` give: of centre and window the one in more doubt."""
    return ranked(_of_preparation(region, phases))


def reasons_of_views(row: Row, *, label: str | None, answer: str | None = None) -> tuple[str, ...]:
    """Where the plane of a row of `cines.csv`, the label and a network's answer tell different views."""
    return ranked(_of_views(told_view(row), label, answer))


def told_view(row: Row) -> str | None:
    """The view that the plane tells surely enough to contradict somebody, `other` among them, or None."""
    view, margin = _known(row, "geometry_view"), _known(row, "geometry_margin_degrees")
    return str(view) if view is not None and (margin is None or margin >= SURE_DEGREES) else None


def ranked(reasons: Iterable[str]) -> tuple[str, ...]:
    """The reasons, each once, the most severe first."""
    found = set(reasons)
    return tuple(reason for reason in REASONS if reason in found)


def severity(reasons: Iterable[str]) -> tuple[int, int]:
    """To put cines in order: the most severe reason, then all of them together."""
    found = [REASONS[reason].severity for reason in reasons]
    return max(found, default=0), sum(found)


def _at_ingest(row: Row) -> Iterator[str]:
    score, text = _known(row, "cine_score"), _known(row, "text_score")
    if text is not None and text >= TEXT_SUSPECTED:
        yield "text_suspected"
    if score is not None and score < SURE_CINE:
        yield "cine_score_low"
    if told_view(row) == "other":
        yield "view_none_of_four"
    if row["n_frames"] < FEW_PHASES:
        yield "few_phases"
    if _known(row, "lossy"):
        yield "lossy"
    if score is not None and row["phase_key"] not in TIMED:
        yield "no_trigger_times"
    yield from _timing(row)


def _timing(row: Row) -> Iterator[str]:
    """What the times of the first and last frame say, where they and the R-R interval are known."""
    start, end, beat = (_known(row, name) for name in ("trigger_start_ms", "trigger_end_ms", "rr_ms"))
    if start is None or end is None or not beat or row["n_frames"] < 2:
        return
    step = (end - start) / (row["n_frames"] - 1)
    if (end - start + step) / beat < WHOLE_BEAT:
        yield "last_frames_missing"
    if start / beat > LATE_START:
        yield "first_frame_late"


def _of_preparation(region: Row, phases: Row) -> Iterator[str]:
    if region["review"]:
        centre, window = float(region["centre_confidence"]), float(region["window_confidence"])
        yield "region_low_confidence" if centre <= window else "window_low_confidence"
    if phases["review"]:
        yield "phase_low_confidence"


def _of_views(told: str | None, label: str | None, answer: str | None) -> Iterator[str]:
    if label is not None and told is not None and label != told:
        yield "view_label_geometry"
    if label is not None and answer is not None and label != answer:
        yield "view_cnn_label"
    if answer is not None and told in VIEWS and answer != told:
        yield "view_cnn_geometry"


def _known(row: Row, name: str) -> Any:
    """The value of a cell, or None where it is empty or its column is not there."""
    value = row.get(name)
    return None if value is None or pd.isna(value) else value
