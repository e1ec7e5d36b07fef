"""Arms, parameters and made-up predictions for tests of the evaluation."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm, Params, parse
from cinemyo.evaluation.scoring import Scored, score
from cinemyo.folds import fold_count, split_of
from cinemyo.labels import CLASSES
from cinemyo.splitting import assign
from tests.cohort import cohort
from tests.shared import EXPLAIN, RESULTS

ARM: dict[str, Any] = {
    "target": "pathology",
    "phases": ["diastole", "systole"],
    "recipe": "standard",
    "crop_px": 160,
    "scheme": "honest",
    "backbone": {
        "name": "vgg16",
        "weights": "none",
        "train_from": "all",
        "cam_layer": "features.29",
        "options": {},
        "mean": 0.5,
        "std": 0.5,
    },
    "head": {"pool": "average", "widths": [], "dropouts": [0.2]},
    "augment": {"zoom": 0, "rotation_degrees": 0, "shift": 0, "flip": False, "gain": 0, "fill": "zeros"},
    "fit": {
        "epochs": 12,
        "batch_size": 8,
        "optimiser": "adamw",
        "learning_rate": 0.001,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "schedule": "constant",
        "select": "last",
        "label_smoothing": 0.0,
    },
}
RECIPES = {
    "standard": {"pixel_mm": 1.5, "canvas_px": 256, "window": "heart"},
    "raw": {"pixel_mm": None, "canvas_px": 256, "window": "full_range"},
}
ARMS: dict[str, dict[str, Any]] = {
    "dual": {},
    "dual_by_input": {"scheme": "paper_by_input"},
    "diastole": {"phases": ["diastole"]},
    "systole": {"phases": ["systole"]},
    "systole_128": {"phases": ["systole"], "crop_px": 128},
    "systole_256": {"phases": ["systole"], "crop_px": None},
    "systole_raw": {"phases": ["systole"], "crop_px": None, "recipe": "raw"},
    "view_dual": {"target": "view"},
}
"""What each arm differs in from the dual one."""


def params(*, study: str = "demo", notice: str = "", synthetic: bool = True, **arms: dict[str, Any]) -> Params:
    """Parameters with these arms (all of `ARMS` if none is given)."""
    values = {
        "seed": 3,
        "study": {
            "name": study,
            "title": "An example",
            "synthetic": synthetic,
            "notice": notice,
            "primary": next(iter(arms or ARMS)),
        },
        "phantoms": {},
        "source": {
            "kind": "dicom",
            "root": "data/source",
            "labels": "labels.csv",
            "key": "file",
            "truth": None,
            "min_phases": 8,
            "max_phases": 60,
        },
        "locate": {
            "smoothing_mm": 6,
            "prior_mm": 60,
            "stack_smoothing_mm": 10,
            "window_radius_mm": 60,
            "window_percentile": 99,
            "review_confidence": 0.3,
        },
        "recipes": RECIPES,
        "split": {"protocol": "honest", "folds": 6, "holdout_share": 0.2, "links": None},
        "arms": {name: ARM | changes for name, changes in (arms or ARMS).items()},
        "evaluate": RESULTS["evaluate"] | {"bootstrap": 200},
        "leakage": RESULTS["leakage"] | {"recipe": "standard"},
        **{name: RESULTS[name] for name in ("external", "robustness", "sheets")},
        "oversight": RESULTS["oversight"] | {"consent_basis": "synthetic" if synthetic else "waiver"},
        "explain": {"correct_drawn": 1, "too_coarse_mm": 40, "lv_radius_mm": 30, "heart_radius_mm": 60, **EXPLAIN},
    }
    return parse(values, where="example")


@cache
def study_tables(patients: int = 60) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(cines, labels, folds) of the made-up cohort."""
    cines, labels = cohort(patients)
    return cines, labels, assign(labels, cines=cines, split=params().split, seed=3)


def predictions(arm: Arm, *, skill: float = 2.0, seed: int = 0, patients: int = 60) -> pd.DataFrame:
    """Predictions of validation and test cines; the true class has `skill` more logit than the others, on average."""
    cines, labels, folds = study_tables(patients)
    draw, classes, truths = np.random.default_rng(seed), CLASSES[arm.target], labels.set_index("cine_id")[arm.target]
    rows = []
    for fold in range(fold_count(folds, scheme=arm.scheme)):
        split = split_of(folds, scheme=arm.scheme, fold=fold, cines=cines)
        for side in ("validation", "test"):
            for cine in getattr(split, side):
                logits = draw.normal(size=len(classes)) + skill * (np.array(classes) == truths[cine])
                p = np.exp(logits) / np.exp(logits).sum()
                row = {"cine_id": cine, "fold": fold, "set": side, "truth": truths[cine]}
                rows.append(row | {f"p_{name}": value for name, value in zip(classes, p, strict=True)})
    return tables.from_rows(rows, table=tables.predictions(arm.target))


def scored(name: str, arm: Arm, *, skill: float = 2.0, seed: int = 0) -> Scored:
    """An arm scored on its made-up predictions."""
    cines, labels, folds = study_tables()
    answers = predictions(arm, skill=skill, seed=seed)
    prepared = set(cines["cine_id"])
    return score(answers, name=name, arm=arm, folds=folds, cines=cines, labels=labels, prepared=prepared, seed=3)


def history(epochs: int = 12, *, folds: int = 6) -> pd.DataFrame:
    """Curves that fall and rise as they should."""
    rows = [
        {
            "fold": fold,
            "epoch": epoch,
            "train_loss": 1.1 * 0.8**epoch + 0.01 * fold,
            "train_accuracy": 1 - 0.6 * 0.75**epoch,
            "validation_loss": 1.1 * 0.88**epoch + 0.03 * fold,
            "validation_accuracy": 1 - 0.65 * 0.85**epoch - 0.01 * fold,
            "learning_rate": 0.001,
            "selected": epoch == epochs,
        }
        for fold in range(folds)
        for epoch in range(1, epochs + 1)
    ]
    return tables.from_rows(rows, table=tables.HISTORY)
