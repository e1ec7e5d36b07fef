"""A small made-up cohort as tables, for tests that need no image."""

import hashlib
from base64 import b32encode

import numpy as np
import pandas as pd

from cinemyo import tables
from cinemyo.labels import PATHOLOGIES, VIEWS


def name(kind: str, *parts: object, key: str = "key") -> str:
    """A pseudonym of the form of `tables.ID`."""
    digest = hashlib.sha256(repr((key, kind, parts)).encode()).digest()
    return f"{kind}-{b32encode(digest[:10]).decode().lower()}"


def cohort(patients: int = 36, *, key: str = "key", seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(cines, labels): classes in turn, one to four cines per patient, each of another view."""
    draw = np.random.default_rng(seed)
    cines, labels = [], []
    for number in range(patients):
        patient = name("p", number, key=key)
        for order in range(int(draw.integers(1, 5))):
            cine = name("c", number, order, key=key)
            cines.append(_cine(cine, patient, number, order, key=key))
            view = VIEWS[(number + order) % len(VIEWS)]
            labels.append({"cine_id": cine, "pathology": PATHOLOGIES[number % 3], "view": view, "label_version": "1"})
    frame = tables.from_rows(cines, table=tables.CINES).sort_values("cine_id", ignore_index=True)
    return frame, tables.from_rows(labels, table=tables.LABELS).sort_values("cine_id", ignore_index=True)


def _cine(cine: str, patient: str, number: int, order: int, *, key: str) -> dict[str, object]:
    geometry = {f"{what}_{axis}": 0.0 for what in ("row_cosine", "column_cosine", "position") for axis in "xyz"}
    return geometry | {
        "cine_id": cine,
        "patient_id": patient,
        "exam_id": name("e", number, key=key),
        "series_id": name("s", number, order, key=key),
        "exam_order": 1,
        "slice_number": 1,
        "source": "dicom",
        "scanner": name("d", key=key),
        "n_frames": 12,
        "rows": 64,
        "columns": 64,
        "row_spacing_mm": 1.5,
        "column_spacing_mm": 1.5,
        "phase_key": "trigger_time",
        "digest": hashlib.sha256(f"pixels {number} {order}".encode()).hexdigest(),
    }
