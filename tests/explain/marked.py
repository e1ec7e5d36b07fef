"""A small phantom cohort with or without a planted mark, from its DICOM to trained networks and their heat maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from cinemyo import config, tables
from cinemyo.config import Params, PhantomCohort
from cinemyo.explain.arm import attention_table, explain_arm
from cinemyo.folds import split_of
from cinemyo.labels import CLASSES
from cinemyo.layout import Layout
from cinemyo.models.classifier import to_bytes
from cinemyo.preparation.locate import locate
from cinemyo.preparation.prepare import prepare
from cinemyo.sources.files import count_files
from cinemyo.sources.ingest import ingest
from cinemyo.sources.keyed import key_of
from cinemyo.sources.opened import open_source
from cinemyo.sources.phantom import generate
from cinemyo.sources.sheet import join, read_sheet
from cinemyo.splitting import assign
from cinemyo.training.data import read_inputs
from cinemyo.training.fit import fit
from cinemyo.training.task import Task
from tests.shared import RESULTS

CONF: Final = Path(__file__).resolve().parents[2] / "conf"
PATIENTS: Final = 120
SIDE: Final = 72
"""216 mm around the left ventricle: the heart, and the nearer marks."""
HIDDEN: Final = 37
"""Of 96 native pixels, 97 to 108 mm: the heart at its furthest, and not the further marks."""


@dataclass(frozen=True)
class Audited:
    """What came of a cohort: predictions of the test fold by arm, and the attention of the arm `dual`."""

    predictions: Mapping[str, pd.DataFrame]
    attention: pd.DataFrame
    patients: Mapping[str, str]
    """By cine."""

    @property
    def verdicts(self) -> pd.Series:
        """The verdict on the predicted class of each cine."""
        predicted = self.attention[self.attention["is_predicted"].astype(bool)]
        return predicted.drop_duplicates("cine_id").set_index("cine_id")["verdict"]

    def right(self, arm: str) -> pd.Series:
        """Whether each test cine was called right, by cine."""
        rows = self.predictions[arm].set_index("cine_id")
        classes = CLASSES["pathology"]
        said = rows[[f"p_{name}" for name in classes]].to_numpy(float).argmax(axis=1)
        return rows["truth"] == np.array(classes)[said]


def audited(base: Path, *, confound: str, seed: int) -> Audited:
    """One fold of both arms, trained on a cohort of this seed, its heat maps measured."""
    params, layout = _params(base), Layout("marked", base)
    cohort = PhantomCohort(
        patients=PATIENTS, seed=seed, phases=8, matrix=96, field_of_view_mm=280, max_cines=4, confound=confound
    )
    generate(cohort, out=base / "phantom")
    _prepared(params, layout=layout)
    predictions = {name: _trained(params, name=name, layout=layout) for name in params.arms}
    attention = attention_table(explain_arm(params, name="dual", layout=layout).rows)
    cines = tables.read(layout.cines, table=tables.CINES)
    return Audited(predictions, attention, dict(zip(cines["cine_id"], cines["patient_id"], strict=True)))


def _conf(name: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8"))
    return values


def _params(base: Path) -> Params:
    """The compact network of the demonstration, on one scheme with three folds of which one is trained."""
    arm = {
        "target": "pathology",
        "phases": ["diastole", "systole"],
        "recipe": "coarse",
        "crop_px": SIDE,
        "scheme": "paper",
        "backbone": _conf("backbone/compact"),
        "head": _conf("head/average"),
        "augment": _conf("augment/mild"),
        "fit": _conf("fit/demo") | {"epochs": 24},
    }
    network = arm["backbone"] | {"options": arm["backbone"]["options"] | {"output_stride": 32}}
    background = {"recipe": "raw", "crop_px": None, "hidden_radius_px": HIDDEN, "backbone": network}
    phantom = base / "phantom"
    source = {"root": str(phantom / "dicom"), "labels": str(phantom / "labels.csv"), "truth": str(phantom / "truth")}
    values = {
        "seed": 2021,
        "study": {"name": "marked", "title": "A planted mark", "synthetic": True, "primary": "dual"},
        "phantoms": {},
        "source": {"kind": "dicom", "key": "published", "min_phases": 8, "max_phases": 60, **source},
        "locate": _conf("locate/default"),
        "recipes": {
            "coarse": {"pixel_mm": 3.0, "canvas_px": 128, "window": "heart"},
            "raw": {"pixel_mm": None, "canvas_px": 96, "window": "full_range"},
        },
        "split": {"protocol": "paper", "folds": 3, "holdout_share": 0.0, "links": None},
        "arms": {"dual": arm, "background": arm | background},
        **RESULTS,
        "explain": _conf("explain/default"),
    }
    return config.parse(values, where="test")


def _prepared(params: Params, *, layout: Layout) -> None:
    source, key = params.source, key_of(params.source)
    ingest(open_source(source, key=key), layout=layout, key=key, found=count_files(Path(source.root)))
    cines = tables.read(layout.cines, table=tables.CINES)
    labels = join(cines, read_sheet(Path(source.labels)), key=key)
    tables.write(labels, table=tables.LABELS, path=layout.labels)
    regions, phases = locate(cines, layout=layout, labels=labels, config=params.locate)
    tables.write(regions, table=tables.REGIONS, path=layout.regions)
    tables.write(phases, table=tables.PHASE_TABLE, path=layout.phases)
    for name, recipe in params.recipes.items():
        prepare(cines, layout=layout, regions=regions, name=name, recipe=recipe)
    folds = assign(labels, cines=cines, split=params.split, seed=params.seed)
    tables.write(folds, table=tables.FOLDS, path=layout.folds)


def _trained(params: Params, *, name: str, layout: Layout) -> pd.DataFrame:
    """Trains the first fold of an arm and writes its model and predictions."""
    arm = params.arms[name]
    inputs = read_inputs(layout, arm=arm, seed=params.seed, links=None)
    split = split_of(inputs.folds, scheme=arm.scheme, fold=0, cines=inputs.cines)
    result = fit(Task(arm, name, inputs.samples, split, params.seed, layout.base / "work"))
    tables.write_bytes(layout.models(name) / "fold0.safetensors", to_bytes(result.tensors, arm=arm))
    table = tables.predictions(arm.target)
    frame = tables.from_rows(result.predictions, table=table)
    tables.write(frame, table=table, path=layout.predictions(name))
    return frame[frame["set"] == "test"]
