"""A made-up study of 100,000 cines and 1,000,000 file records: `python -m tests.audit.large FOLDER` writes it.

It is tables alone: no image, and models of nothing. `tests.audit.asking` asks it.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from cinemyo import events
from cinemyo.labels import CLASSES, PATHOLOGIES, VIEWS, Target
from cinemyo.layout import Layout
from cinemyo.schema import Column, Table
from cinemyo.tables import CINES, EXCLUSIONS, HISTORY, LABELS, PHASE_TABLE, PREPARED, REGIONS
from tests.audit.project import STAGES, Project
from tests.evaluation.large import LETTERS, name
from tests.tiny_study import params_values

PATIENTS: Final = 20_000
PER_PATIENT: Final = 5
FILES: Final = 1_000_000
USED: Final = 9
"""Files of each cine; the rest is excluded."""
FOLDS: Final = 6
N: Final = PATIENTS * PER_PATIENT


def build(base: Path) -> Project:
    """The study as its stages leave it."""
    values = params_values()
    values["split"]["folds"] = FOLDS
    (base / "params.yaml").write_text(yaml.safe_dump(values))
    project = Project(base)
    layout = project.layout
    owner = np.repeat(np.arange(PATIENTS), PER_PATIENT)
    ids, patients = names("c", N), names("p", PATIENTS)[owner]
    _cohort(layout, ids=ids, patients=patients, owner=owner)
    _answers(layout, ids=ids, owner=owner)
    _pipeline(project)
    return project


def names(kind: str, count: int) -> Any:
    """The first pseudonyms of a kind, as `tests.evaluation.large.name` makes each."""
    places = np.arange(count)[:, None] >> 5 * np.arange(16) & 31
    return f"{kind}-" + np.array(list(LETTERS))[places].view("U16")[:, 0].astype(object)


def _cohort(layout: Layout, *, ids: Any, patients: Any, owner: Any) -> None:
    axes = [f"{what}_{axis}" for what in ("row_cosine", "column_cosine", "position") for axis in "xyz"]
    cines = pd.DataFrame({"cine_id": ids, "patient_id": patients}).assign(
        exam_id=names("e", PATIENTS)[owner],
        series_id=names("s", N),
        exam_order=1,
        slice_number=1,
        source="dicom",
        scanner=name("d", 0),
        n_frames=USED,
        rows=72,
        columns=72,
        row_spacing_mm=2.0,
        column_spacing_mm=2.0,
        phase_key="trigger_time",
        digest=[f"{number:064x}" for number in range(N)],
        **dict.fromkeys(axes, 0.0),
    )
    _csv(filled(cines, table=CINES), layout.cines)
    number = np.arange(FILES)
    cine = pd.Series(np.resize(ids, FILES)).where(number < N * USED)
    sources = pa.table(
        {
            "file": [f"{index:032x}" for index in number],
            "digest": [f"{index:064x}" for index in number],
            "bytes": number,
            "cine_id": pa.array(cine, type=pa.string(), from_pandas=True),
            "code": pa.array(np.where(number < N * USED, None, "scout"), type=pa.string()),
        }
    )
    pq.write_table(sources, layout.sources)
    lost = [{"item": name("s", N), "level": "series", "code": "scout", "reason": "one", "n_files": FILES - N * USED}]
    _csv(filled(pd.DataFrame(lost), table=EXCLUSIONS), layout.exclusions)
    labels = {"cine_id": ids, "pathology": np.array(PATHOLOGIES, dtype=object)[owner % 3], "label_version": "1"}
    _csv(filled(pd.DataFrame(labels).assign(view=np.resize(np.array(VIEWS), N)), table=LABELS), layout.labels)
    region = {"centre_row_mm": 1.0, "centre_column_mm": 1.0, "window_low": 0.0, "window_high": 900.0, "review": False}
    _csv(filled(pd.DataFrame({"cine_id": ids, **region}), table=REGIONS), layout.regions)
    phase = {"diastole_index": 0, "systole_index": 1, "confidence": 0.9, "annotated": False, "review": False}
    _csv(filled(pd.DataFrame({"cine_id": ids, **phase}), table=PHASE_TABLE), layout.phases)
    canvas = {"pixel_mm": 3.0, "canvas_px": 48}
    prepared = filled(pd.DataFrame({"cine_id": ids, **canvas}), table=PREPARED)
    _csv(prepared, layout.prepared("coarse") / "prepared.csv")
    folds = {"scheme": "honest", "cine_id": ids, "patient_id": patients, "part": owner % FOLDS}
    _csv(pd.DataFrame(folds), layout.folds)


def _answers(layout: Layout, *, ids: Any, owner: Any) -> None:
    truths: dict[Target, Any] = {
        "pathology": np.array(PATHOLOGIES, dtype=object)[owner % 3],
        "view": np.resize(np.array(VIEWS), N),
    }
    arms: dict[str, Target] = {"dual": "pathology", "view_systole": "view"}
    for arm, target in arms.items():
        said = {"cine_id": ids, "fold": owner % FOLDS, "set": "test", "truth": truths[target]}
        shares = {f"p_{own}": 1 / len(CLASSES[target]) for own in CLASSES[target]}
        tested = pd.DataFrame(said).assign(**shares)
        chosen = tested.assign(set="validation", fold=(owner - 1) % FOLDS)
        _csv(pd.concat([tested, chosen]), layout.predictions(arm))
        epochs = pd.DataFrame({"fold": np.arange(FOLDS), "epoch": 1})
        _csv(filled(epochs, table=HISTORY), layout.history(arm))
        layout.models(arm).mkdir(parents=True)
        for fold in range(FOLDS):
            (layout.models(arm) / f"fold{fold}.safetensors").write_bytes(bytes(64) + bytes([fold]))
    figures = {"accuracy_mean": 1 / 3, "n_cines": N, "n_patients": PATIENTS}
    for folder in (layout.tables, layout.errors, layout.masks):
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text("a\n")
    layout.metrics.write_text(json.dumps({"study": "tiny", "arms": {"dual": figures, "view_systole": figures}}))


def filled(frame: pd.DataFrame, *, table: Table) -> pd.DataFrame:
    """The frame with the other columns of its table, empty where they may be."""
    others = {column.name: _cell(column) for column in table.columns if column.name not in frame}
    return frame.assign(**others)[table.header]


def _cell(column: Column) -> Any:
    if column.nullable:
        return None
    plain: dict[str, Any] = {"text": "x", "integer": 1, "number": 0.5, "flag": False}
    return column.among[0] if column.among else plain[column.kind]


def _csv(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)


def _pipeline(project: Project) -> None:
    stages: dict[str, Any] = {}
    for own in STAGES:
        stage, _, item = own.partition("@")
        items = {"prepare": "${recipes}", "train": "${arms}"}
        stages[stage] = {"foreach": items[stage], "do": {"cmd": "x"}} if item else {"cmd": "x"}
        code = project.base / "src" / f"{stage}.py"
        code.parent.mkdir(exist_ok=True)
        code.write_text(f"# {stage}\n")
    (project.base / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    project.run()


def main() -> None:
    """Writes the study."""
    with pytest.MonkeyPatch.context() as patch:
        # what is installed, which each made-up run of a stage asks for
        patch.setattr(events, "environment", cache(events.environment))
        build(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
