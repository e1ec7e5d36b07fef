"""Regions and phases of a study's cines: computed exam by exam, annotated where a person said so."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.config import Locate
from cinemyo.errors import LabelError
from cinemyo.labels import PHASES
from cinemyo.layout import Layout
from cinemyo.preparation.intensity import heart_window
from cinemyo.preparation.phases import Timing, frame_times, pick_phases
from cinemyo.preparation.planes import plane_of
from cinemyo.preparation.region import Located, View, locate_exam
from cinemyo.sources.images import read_cine

Row = dict[str, Any]


def locate(
    cines: pd.DataFrame, *, layout: Layout, labels: pd.DataFrame, config: Locate
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables `regions` and `phases` of all cines, in their order; what `labels` annotates wins.

    Raises:
        LabelError: an annotation outside its image, an empty window, or a frame that the cine does not have.
        SourceError: an ingested image is absent or damaged.
    """
    known = {str(row["cine_id"]): row for row in records(labels)}
    rows = records(cines)
    done: dict[str, tuple[Row, Row]] = {}
    for exam in dict.fromkeys(row["exam_id"] for row in rows):
        members = [row for row in rows if row["exam_id"] == exam]
        for row, region, phases in _locate_members(members, layout=layout, known=known, config=config):
            done[row["cine_id"]] = (region, phases)
    order = [done[row["cine_id"]] for row in rows]
    return (
        tables.from_rows([region for region, _ in order], table=tables.REGIONS),
        tables.from_rows([phases for _, phases in order], table=tables.PHASE_TABLE),
    )


def records(frame: pd.DataFrame) -> list[Row]:
    """Rows as mappings, missing cells as None."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _locate_members(
    rows: list[Row], *, layout: Layout, known: dict[str, Row], config: Locate
) -> Iterator[tuple[Row, Row, Row]]:
    views = []
    for row in rows:
        frames, *spacing = read_cine(layout.ingested / f"{row['cine_id']}.mha")
        views.append(View(frames, (spacing[0], spacing[1]), plane_of(row)))
    for row, view, found in zip(rows, views, locate_exam(views, config=config), strict=True):
        label = known.get(row["cine_id"], {})
        region = region_row(row["cine_id"], view, found=found, label=label, config=config)
        centre = region["centre_row_mm"], region["centre_column_mm"]
        yield row, region, phase_row(row, view, centre=centre, label=label, config=config)


def region_row(cine_id: str, view: View, *, found: Located, label: Row, config: Locate) -> Row:
    """A row of `regions.csv`.

    Raises:
        LabelError: an annotated centre outside the image, or an annotated window that is empty.
    """
    centre = _annotated_pair(label, ("centre_row_mm", "centre_column_mm"), cine_id)
    row_mm, column_mm = centre or (found.row_mm, found.column_mm)
    if not all(0 <= value <= side for value, side in zip((row_mm, column_mm), view.plane.extent_mm, strict=True)):
        raise _refusal(
            cine_id, "a centre within {:.0f} x {:.0f} mm".format(*view.plane.extent_mm), f"{row_mm}, {column_mm}"
        )
    own = heart_window(view.frames, spacing=view.spacing, centre=(row_mm, column_mm), config=config)
    window = _annotated_pair(label, ("window_low", "window_high"), cine_id)
    low, high = window or (own.low, own.high)
    if window and low >= high:
        raise _refusal(cine_id, "window_low < window_high", f"{low} and {high}")
    certain = 1.0 if centre else found.confidence, 1.0 if window else own.confidence
    return {
        "cine_id": cine_id,
        "centre_row_mm": round(row_mm, 3),
        "centre_column_mm": round(column_mm, 3),
        "centre_method": "annotated" if centre else found.method,
        "centre_confidence": round(certain[0], 3),
        "centre_annotated": centre is not None,
        "window_low": low,
        "window_high": high,
        "window_method": "annotated" if window else own.method,
        "window_confidence": round(certain[1], 3),
        "window_annotated": window is not None,
        "review": min(certain) < config.review_confidence,
    }


def phase_row(row: Row, view: View, *, centre: tuple[float, float], label: Row, config: Locate) -> Row:
    """A row of `phases.csv`.

    Raises:
        LabelError: an annotated frame that the cine does not have, or one frame as both phases.
    """
    first, last = row["trigger_start_ms"], row["trigger_end_ms"]
    timing = None if first is None or last is None else Timing(float(first), float(last), row["rr_ms"])
    picked = pick_phases(view.frames, spacing=view.spacing, centre=centre, timing=timing)
    given = [label.get(f"{phase}_index") for phase in PHASES]
    told = [phase for phase, index in zip(PHASES, given, strict=True) if index is not None]
    own = picked.diastole, picked.systole
    diastole, systole = (int(own[at] if index is None else index) for at, index in enumerate(given))
    n_frames = len(view.frames)
    if told and not (0 <= diastole < n_frames and 0 <= systole < n_frames and (diastole != systole or n_frames == 1)):
        raise _refusal(row["cine_id"], f"two different frames of 0 to {n_frames - 1}", f"{diastole} and {systole}")
    annotated = None not in given
    times = frame_times(n_frames, timing=timing)
    confidence = 1.0 if annotated else picked.confidence
    return {
        "cine_id": row["cine_id"],
        "diastole_index": diastole,
        "systole_index": systole,
        "systole_ms": None if times is None else round(float(times[systole]), 1),
        "method": "annotated" if annotated else "+".join([*(f"annotated_{phase}" for phase in told), picked.method]),
        "confidence": round(confidence, 3),
        "annotated": annotated,
        "review": confidence < config.review_confidence,
    }


def _annotated_pair(label: Row, names: tuple[str, str], cine_id: str) -> tuple[float, float] | None:
    first, second = (label.get(name) for name in names)
    if first is None and second is None:
        return None
    if first is None or second is None:
        raise _refusal(cine_id, f"both {names[0]} and {names[1]}, or neither", f"{first} and {second}")
    return float(first), float(second)


def _refusal(cine_id: str, expected: str, got: str) -> LabelError:
    return LabelError(f"labels of {cine_id}", expected=expected, got=got, remedy="correct the label sheet")
