"""A small study whose canvases were prepared from images on disk, and an arm trained on it."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from cinemyo import config, tables
from cinemyo.config import Params, Recipe, Split
from cinemyo.labels import PATHOLOGIES
from cinemyo.layout import Layout
from cinemyo.preparation.prepare import prepare
from cinemyo.sources.images import write_cine
from cinemyo.splitting import assign
from cinemyo.training.arm import Outputs, run_arm, work_folder
from cinemyo.training.data import read_inputs
from tests.cohort import cohort
from tests.training import tiny

ROOT: Final = Path(__file__).resolve().parents[2]
SIDE: Final = 48
RECIPE: Final = Recipe(pixel_mm=3.0, canvas_px=48, window="heart")
SPLIT: Final = Split(protocol="honest", folds=3, holdout_share=0.0, links=None)
SEED: Final = 7


def params(**arms: dict[str, Any]) -> Params:
    """Params of the study with the tiny arm in variants."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    values["study"] |= {"name": "tiny", "primary": next(iter(arms))}
    values["seed"] = SEED
    values["recipes"] = {"coarse": RECIPE.model_dump(mode="json")}
    values["leakage"]["recipe"] = "coarse"
    values["split"] = SPLIT.model_dump(mode="json")
    values["arms"] = {
        name: tiny.arm(**{"fit": {"epochs": 1}, **changes}).model_dump(mode="json") for name, changes in arms.items()
    }
    return config.parse(values, where="test")


def write(base: Path, *, patients: int = 12) -> Layout:
    """Images of 12 frames, a bright spot at the place of the class that grows and shrinks; prepared and split."""
    layout = Layout("tiny", base)
    cines, labels = cohort(patients)
    regions = tables.from_rows([_region(cine) for cine in cines["cine_id"]], table=tables.REGIONS)
    phases = tables.from_rows([_phases(cine) for cine in cines["cine_id"]], table=tables.PHASE_TABLE)
    truths = dict(zip(labels["cine_id"], labels["pathology"], strict=True))
    for number, cine in enumerate(cines["cine_id"]):
        frames = _frames(PATHOLOGIES.index(truths[cine]), seed=number)
        write_cine(layout.ingested / f"{cine}.mha", frames, 3.0, 3.0)
    for frame, table, path in (
        (cines, tables.CINES, layout.cines),
        (labels, tables.LABELS, layout.labels),
        (regions, tables.REGIONS, layout.regions),
        (phases, tables.PHASE_TABLE, layout.phases),
        (assign(labels, cines=cines, split=SPLIT, seed=5), tables.FOLDS, layout.folds),
    ):
        tables.write(frame, table=table, path=path)
    prepare(cines, layout=layout, regions=regions, name="coarse", recipe=RECIPE)
    return layout


def train(layout: Layout, *, params: Params, name: str) -> pd.DataFrame:
    """The predictions of an arm, trained and written."""
    arm = params.arms[name]
    inputs, out = read_inputs(layout, arm=arm, seed=SEED, links=None), Outputs.of(layout, arm=name)
    return run_arm(arm, name=name, seed=SEED, inputs=inputs, out=out, work=work_folder(layout), workers=1).predictions


def _frames(place: int, *, seed: int) -> np.ndarray:
    frames = np.random.default_rng(seed).integers(0, 300, (12, SIDE, SIDE)).astype(np.float32)
    row, column = (8 + value for value in tiny.PLACES[place])
    for index, frame in enumerate(frames):
        half = 4 - abs(index - 5) // 2
        frame[row - half : row + half, column - half : column + half] += 600
    return frames


def _region(cine: str) -> dict[str, object]:
    middle = (SIDE - 1) / 2 * 3.0
    facts = {"centre_method": "motion", "centre_confidence": 1.0, "centre_annotated": False, "review": False}
    window = {"window_low": 50.0, "window_high": 850.0, "window_method": "percentile", "window_confidence": 1.0}
    return {
        "cine_id": cine,
        "centre_row_mm": middle,
        "centre_column_mm": middle,
        "window_annotated": False,
        **facts,
        **window,
    }


def _phases(cine: str) -> dict[str, object]:
    facts = {"method": "area", "confidence": 1.0, "annotated": False, "review": False}
    return {"cine_id": cine, "diastole_index": 0, "systole_index": 5, **facts}
