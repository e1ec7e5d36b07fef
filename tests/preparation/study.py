"""One exam of three short-axis slices, ingested, for tests that read and write files."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cinemyo import tables
from cinemyo.layout import Layout
from cinemyo.sources.images import write_cine
from tests.cohort import name
from tests.preparation.hearts import SHAPE, SPACING, heart, radii

CENTRE = (118.0, 136.0)
IDS = [name("c", slice_number) for slice_number in range(3)]


def exam(base: Path, *, frames: list[np.ndarray] | None = None) -> tuple[pd.DataFrame, Layout]:
    """`cines.csv` as a frame and the layout whose images are written; a heart unless other frames are given."""
    layout = Layout("small", base)
    images = frames or [heart(CENTRE, radii(12))] * 3
    rows = [_row(number, image) for number, image in enumerate(images)]
    for row, image in zip(rows, images, strict=True):
        write_cine(layout.ingested / f"{row['cine_id']}.mha", image, *SPACING)
    cines = tables.from_rows(rows, table=tables.CINES)
    tables.write(cines, table=tables.CINES, path=layout.cines)
    return cines, layout


def annotated(**cells: Any) -> pd.DataFrame:
    """Labels of the exam; the cells are of its first cine."""
    rows = [{"cine_id": cine_id, "pathology": "hcm", "view": "short_axis", "label_version": "1"} for cine_id in IDS]
    rows[0] |= cells
    return tables.from_rows(rows, table=tables.LABELS)


def _row(number: int, frames: np.ndarray) -> dict[str, Any]:
    vectors = {"row_cosine": (0, 1, 0), "column_cosine": (1, 0, 0), "position": (0, 0, 10 * number)}
    geometry = {
        f"{what}_{axis}": float(value) for what in vectors for axis, value in zip("xyz", vectors[what], strict=True)
    }
    return geometry | {
        "cine_id": IDS[number],
        "patient_id": name("p", 0),
        "exam_id": name("e", 0),
        "series_id": name("s", 0),
        "exam_order": 1,
        "slice_number": number + 1,
        "source": "dicom",
        "scanner": name("d"),
        "n_frames": len(frames),
        "rows": SHAPE[0],
        "columns": SHAPE[1],
        "row_spacing_mm": SPACING[0],
        "column_spacing_mm": SPACING[1],
        "trigger_start_ms": 0.0,
        "trigger_end_ms": 770.0,
        "rr_ms": 840.0,
        "phase_key": "trigger_time",
        "digest": "0" * 64,
    }
