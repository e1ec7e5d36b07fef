"""The queue of cines on the page."""

from pathlib import Path

import pandas as pd

from cinemyo.evaluation.review_queue import QUEUE
from cinemyo.layout import Layout
from cinemyo.record.report.review import LONG, OTHER, queue_of
from cinemyo.tables import write_bytes

ROW = {
    "cine_id": "c-1",
    "patient_id": "p-1",
    "severity": 3,
    "reasons": "view_label_geometry lossy",
    "view": "vla_left",
    "geometry_view": "other",
    "geometry_margin_degrees": 12.5,
    "answered_view": None,
    "cine_score": 0.9876,
}


def written(base: Path, *, rows: int) -> Layout:
    layout = Layout("tiny", base)
    frame = pd.DataFrame([ROW] * rows, columns=list(QUEUE))
    write_bytes(layout.review_queue, frame.to_csv(index=False).encode())
    return layout


def test_row_is_printed_in_words(tmp_path: Path) -> None:
    ((*cells,),) = queue_of(written(tmp_path, rows=1)).grid.rows
    said = ["c-1", "p-1", "3", "view label geometry, lossy", "VLA, apex left", OTHER, "–", "0.99"]
    assert [cell.text for cell in cells] == said


def test_long_queue_is_cut_and_counted(tmp_path: Path) -> None:
    queue = queue_of(written(tmp_path, rows=LONG + 3))
    assert (len(queue.grid.rows), queue.count, queue.more) == (LONG, LONG + 3, 3)


def test_empty_queue_has_no_row(tmp_path: Path) -> None:
    queue = queue_of(written(tmp_path, rows=0))
    assert (queue.grid.rows, queue.count) == ((), 0)


def test_study_without_a_queue_has_none(tmp_path: Path) -> None:
    assert queue_of(Layout("tiny", tmp_path)).count == 0
