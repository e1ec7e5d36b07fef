"""Regions and phases of a study's cines: computed exam by exam, annotated where a person said so."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pandas as pd

from cinemyo import tables
from cinemyo.config import Locate
from cinemyo.errors import LabelError
from cinemyo.labels import PHASES
from cinemyo.layout import Layout
from cinemyo.preparation.intensity import heart_window
from cinemyo.preparation.phases import Picked, pick_own, pick_stack
from cinemyo.preparation.planes import plane_of, short_axis_stacks
from cinemyo.preparation.region import Located, View, locate_exam
from cinemyo.preparation.rhythm import Rhythm, Timing, frame_times, rhythm_of
from cinemyo.sources.images import read_cine
from cinemyo.sources.pool import Failure, Limits, in_order

Row = dict[str, Any]
SECONDS: Final = 600.0
"""The longest that an exam may take in a process of its own; then it is done again in this one."""
FEW: Final = 8
"""So few exams are done before other processes would have started."""


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
    exams: dict[str, list[Row]] = {}
    for row in rows:
        exams.setdefault(row["exam_id"], []).append(row)

    def work(members: list[Row]) -> list[tuple[Row, Row]]:
        return locate_members(members, layout=layout, known=known, config=config)

    done: dict[str, tuple[Row, Row]] = {}
    for members, found in _each(work, list(exams.values())):
        done.update(zip((row["cine_id"] for row in members), found, strict=True))
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


def _each(
    work: Callable[[list[Row]], list[tuple[Row, Row]]], exams: list[list[Row]]
) -> Iterator[tuple[list[Row], list[tuple[Row, Row]]]]:
    """Each exam with its tables, over processes where there are many exams."""
    if len(exams) <= FEW:
        yield from ((members, work(members)) for members in exams)
        return
    for members, found in in_order(work, exams, limits=Limits(seconds=SECONDS)):
        yield members, work(members) if isinstance(found, Failure) else found


def locate_members(rows: list[Row], *, layout: Layout, known: dict[str, Row], config: Locate) -> list[tuple[Row, Row]]:
    """Rows of `regions.csv` and `phases.csv` of the cines of one exam.

    Raises:
        LabelError: an annotation outside its image, an empty window, or a frame that the cine does not have.
        SourceError: an ingested image is absent or damaged.
    """
    views = []
    for row in rows:
        frames, *spacing = read_cine(layout.ingested / f"{row['cine_id']}.mha")
        views.append(View(frames, (spacing[0], spacing[1]), plane_of(row)))
    given = [known.get(row["cine_id"], {}) for row in rows]
    regions = [
        region_row(row["cine_id"], view, found=found, label=label, config=config)
        for row, view, found, label in zip(rows, views, locate_exam(views, config=config), given, strict=True)
    ]
    rhythms = [_rhythm(row, view, region) for row, view, region in zip(rows, views, regions, strict=True)]
    stacked: dict[int, Picked] = {}
    for stack in short_axis_stacks([view.plane for view in views]):
        stacked |= zip(stack, pick_stack([rhythms[index] for index in stack]), strict=True)
    picked = [stacked.get(index) or pick_own(rhythm) for index, rhythm in enumerate(rhythms)]
    phases = [
        phase_row(row["cine_id"], rhythm, picked=own, label=label, config=config)
        for row, rhythm, own, label in zip(rows, rhythms, picked, given, strict=True)
    ]
    return list(zip(regions, phases, strict=True))


def _rhythm(row: Row, view: View, region: Row) -> Rhythm:
    first, last, beat = (row[name] for name in ("trigger_start_ms", "trigger_end_ms", "rr_ms"))
    timing = None if first is None or last is None else Timing(float(first), float(last), beat)
    centre = region["centre_row_mm"], region["centre_column_mm"]
    return rhythm_of(view.frames, spacing=view.spacing, centre=centre, timing=timing)


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


def phase_row(cine_id: str, rhythm: Rhythm, *, picked: Picked, label: Row, config: Locate) -> Row:
    """A row of `phases.csv`.

    Raises:
        LabelError: an annotated frame that the cine does not have, or one frame as both phases.
    """
    given = [label.get(f"{phase}_index") for phase in PHASES]
    told = [phase for phase, index in zip(PHASES, given, strict=True) if index is not None]
    own = picked.diastole, picked.systole
    diastole, systole = (int(own[at] if index is None else index) for at, index in enumerate(given))
    n_frames = rhythm.n_frames
    if told and not (0 <= diastole < n_frames and 0 <= systole < n_frames and (diastole != systole or n_frames == 1)):
        raise _refusal(cine_id, f"two different frames of 0 to {n_frames - 1}", f"{diastole} and {systole}")
    annotated = None not in given
    times = frame_times(n_frames, timing=rhythm.timing)
    confidence = 1.0 if annotated else picked.confidence
    return {
        "cine_id": cine_id,
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
