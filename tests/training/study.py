"""A tiny study on disk: tables and canvases, without images of anybody."""

from pathlib import Path
from typing import Final

import numpy as np

from cinemyo import tables
from cinemyo.config import Split
from cinemyo.layout import Layout
from cinemyo.preparation.canvas import write_pages
from cinemyo.splitting import assign
from tests.cohort import cohort
from tests.training import tiny

CANVAS: Final = 48
SPLIT: Final = Split(protocol="honest", folds=3, holdout_share=0.2, links=None)


def write(base: Path, *, patients: int = 24, key: str = "key", split: Split = SPLIT) -> Layout:
    """Three phases per cine: diastole is page 0, systole page 2; a bright spot at the place of the class."""
    layout = Layout("tiny", base)
    cines, labels = cohort(patients, key=key)
    folds = assign(labels, cines=cines, split=split, seed=5)
    tables.write(cines, table=tables.CINES, path=layout.cines)
    tables.write(labels, table=tables.LABELS, path=layout.labels)
    tables.write(folds, table=tables.FOLDS, path=layout.folds)
    rows, phases = [], []
    for cine, pathology in zip(labels["cine_id"], labels["pathology"], strict=True):
        place = tiny.PLACES[["normal", "hcm", "dcm"].index(pathology)]
        write_pages(layout.prepared("coarse") / f"{cine}.tif", _pages(*place))
        rows.append(_prepared(cine))
        phases.append(_phases(cine))
    gone = str(folds["cine_id"][folds["part"] != "holdout"].iloc[0])
    kept = [row for row in rows if row["cine_id"] != gone]
    path = layout.prepared("coarse") / "prepared.csv"
    tables.write(tables.from_rows(kept, table=tables.PREPARED), table=tables.PREPARED, path=path)
    frame = tables.from_rows(phases, table=tables.PHASE_TABLE)
    tables.write(frame, table=tables.PHASE_TABLE, path=layout.phases)
    return layout


def cine_ids(layout: Layout) -> list[str]:
    """The prepared cines."""
    frame = tables.read(layout.prepared("coarse") / "prepared.csv", table=tables.PREPARED)
    return list(frame["cine_id"])


def excluded(layout: Layout) -> str:
    """The one cine that preparation excluded."""
    return next(iter(set(tables.read(layout.labels, table=tables.LABELS)["cine_id"]) - set(cine_ids(layout))))


def _pages(row: int, column: int) -> np.ndarray:
    pages = np.zeros((3, CANVAS, CANVAS), np.uint8)
    pages[:, 8 + row - 4 : 8 + row + 4, 8 + column - 4 : 8 + column + 4] = 150
    for page, value in enumerate((200, 10, 100)):
        pages[page, CANVAS // 2, CANVAS // 2] = value
    return pages


def _prepared(cine: str) -> dict[str, object]:
    centre = {"centre_row_px": float(CANVAS // 2), "centre_column_px": float(CANVAS // 2)}
    return {"cine_id": cine, "pixel_mm": 3.0, "canvas_px": CANVAS, "padding_share": 0.0, "clipped_share": 0.0, **centre}


def _phases(cine: str) -> dict[str, object]:
    facts = {"method": "area", "confidence": 1.0, "annotated": False, "review": False}
    return {"cine_id": cine, "diastole_index": 0, "systole_index": 2, **facts}
