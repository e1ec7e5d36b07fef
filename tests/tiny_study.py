"""A whole study of 18 small cines written as files, so that what reads results can be tested without making them."""

import hashlib
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from cinemyo import config, provenance, tables
from cinemyo.explain.arm import Explained, attention_table, explain_arm
from cinemyo.labels import CLASSES, PATHOLOGIES, VIEWS
from cinemyo.layout import Layout
from cinemyo.models.classifier import PhaseClassifier, save_model
from cinemyo.preparation.canvas import write_pages
from cinemyo.record.heat_maps import banner, draw_case, draw_overview
from cinemyo.sources.images import write_mask
from tests import tiny_results
from tests.shared import EXPLAIN, RESULTS

N = 18
FOLDS = 3
SIDE = 32
CANVAS = 48
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def identifier(kind: str, index: int) -> str:
    return f"{kind}-{LETTERS[index % 32] * 16}"


def params_values() -> dict[str, Any]:
    arm = {
        "target": "pathology",
        "phases": ["diastole", "systole"],
        "recipe": "coarse",
        "crop_px": SIDE,
        "scheme": "honest",
        "backbone": {
            "name": "test_resnet",
            "weights": "none",
            "train_from": "all",
            "cam_layer": "layer3",
            "options": {},
            "mean": None,
            "std": None,
        },
        "head": {"pool": "average", "widths": [], "dropouts": [0.2]},
        "augment": {"zoom": 0.1, "rotation_degrees": 10, "shift": 0.1, "flip": False, "gain": 0.1, "fill": "border"},
        "fit": {
            "epochs": 2,
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
    return {
        "seed": 7,
        "study": {
            "name": "tiny",
            "title": "A tiny study <of> hearts",
            "synthetic": True,
            "notice": "Synthetic phantoms & nothing else",
            "citation": "",
            "primary": "dual",
        },
        "phantoms": {},
        "source": {
            "kind": "dicom",
            "root": "data/source",
            "labels": "data/labels.csv",
            "key": "published",
            "truth": None,
            "min_phases": 8,
            "max_phases": 60,
        },
        "locate": {
            "smoothing_mm": 5,
            "prior_mm": 60,
            "stack_smoothing_mm": 10,
            "window_radius_mm": 60,
            "window_percentile": 99,
            "review_confidence": 0.3,
        },
        "recipes": {"coarse": {"pixel_mm": 3.0, "canvas_px": CANVAS, "window": "heart"}},
        "split": {"protocol": "honest", "folds": FOLDS, "holdout_share": 0.2, "links": None},
        "arms": {"dual": arm, "view_systole": {**arm, "target": "view", "phases": ["systole"]}},
        **deepcopy(RESULTS),
        "explain": {"correct_drawn": 2, "too_coarse_mm": 30, "lv_radius_mm": 30, "heart_radius_mm": 50, **EXPLAIN},
    }


def build(base: Path) -> tuple[config.Params, Layout]:
    """Writes the study below `base` and returns its parameters and layout."""
    values = params_values()
    (base / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    params = config.parse(values, where="test")
    layout = Layout("tiny", base)
    _cohort(layout)
    _images(layout)
    for name, arm in params.arms.items():
        _arm(layout, name=name, arm=arm)
    _reports(layout, params=params)
    return params, layout


def _cohort(layout: Layout) -> None:
    ids = [identifier("c", index) for index in range(N)]
    patients = [identifier("p", index // 2) for index in range(N)]
    geometry = {f"{name}_{axis}": 0.0 for name in ("row_cosine", "column_cosine", "position") for axis in "xyz"}
    cines = [
        {
            "cine_id": cine,
            "patient_id": patient,
            "exam_id": identifier("e", index // 2),
            "series_id": identifier("s", index),
            "exam_order": 1,
            "slice_number": 1,
            "source": "dicom",
            "sex": "F" if index % 4 < 2 else "M",
            "age_years": 40 + index,
            "scanner": identifier("d", 0),
            "n_frames": 2,
            "rows": 72,
            "columns": 72,
            "row_spacing_mm": 2.0,
            "column_spacing_mm": 2.0,
            "phase_key": "trigger_time",
            "digest": hashlib.sha256(cine.encode()).hexdigest(),
            **geometry,
        }
        for index, (cine, patient) in enumerate(zip(ids, patients, strict=True))
    ]
    tables.write(tables.from_rows(cines, table=tables.CINES), table=tables.CINES, path=layout.cines)
    sources = [
        {
            "file": hashlib.md5(f"{index}".encode()).hexdigest(),
            "digest": hashlib.sha256(f"{index}".encode()).hexdigest(),
            "bytes": 100,
            "cine_id": ids[index // 2] if index < 2 * N else None,
            "code": None if index < 2 * N else "scout",
        }
        for index in range(2 * N + 3)
    ]
    tables.write(tables.from_rows(sources, table=tables.SOURCES), table=tables.SOURCES, path=layout.sources)
    excluded = {
        "item": "0" * 32,
        "level": "series",
        "code": "scout",
        "reason": "a localiser <three planes>",
        "n_files": 3,
    }
    tables.write(tables.from_rows([excluded], table=tables.EXCLUSIONS), table=tables.EXCLUSIONS, path=layout.exclusions)
    labels = [
        {"cine_id": cine, "pathology": PATHOLOGIES[(i // 2) % 3], "view": VIEWS[i % 4], "label_version": "1"}
        for i, cine in enumerate(ids)
    ]
    tables.write(tables.from_rows(labels, table=tables.LABELS), table=tables.LABELS, path=layout.labels)
    regions = [
        {
            "cine_id": cine,
            "centre_row_mm": 71.0,
            "centre_column_mm": 71.0,
            "centre_method": "motion",
            "centre_confidence": 0.9,
            "centre_annotated": False,
            "window_low": 0.0,
            "window_high": 900.0,
            "window_method": "percentile",
            "window_confidence": 0.8,
            "window_annotated": False,
            "review": False,
        }
        for cine in ids
    ]
    tables.write(tables.from_rows(regions, table=tables.REGIONS), table=tables.REGIONS, path=layout.regions)
    phases = [
        {
            "cine_id": cine,
            "diastole_index": 0,
            "systole_index": 1,
            "systole_ms": 330.0 + index,
            "method": "area",
            "confidence": 0.9,
            "annotated": False,
            "review": False,
        }
        for index, cine in enumerate(ids)
    ]
    tables.write(tables.from_rows(phases, table=tables.PHASE_TABLE), table=tables.PHASE_TABLE, path=layout.phases)
    folds = [
        {"scheme": "honest", "cine_id": cine, "patient_id": patient, "part": part_of(index)}
        for index, (cine, patient) in enumerate(zip(ids, patients, strict=True))
    ]
    tables.write(tables.from_rows(folds, table=tables.FOLDS), table=tables.FOLDS, path=layout.folds)


def part_of(index: int) -> str:
    """The last patient is held out, the others take turns."""
    patient = index // 2
    return "holdout" if patient == N // 2 - 1 else str(patient % FOLDS)


def _images(layout: Layout) -> None:
    folder = layout.prepared("coarse")
    rng = np.random.default_rng(3)
    grid = np.hypot(*(np.indices((CANVAS, CANVAS)) - 23.5))
    native = np.hypot(*(np.indices((72, 72)) - 35.5))
    rows = []
    for index in range(N):
        cine = identifier("c", index)
        pages = [
            np.clip(200 * (grid < radius) + rng.integers(0, 40, grid.shape), 0, 255).astype(np.uint8)
            for radius in (8, 5)
        ]
        write_pages(folder / f"{cine}.tif", np.stack(pages))
        rows.append(
            {
                "cine_id": cine,
                "pixel_mm": 3.0,
                "canvas_px": CANVAS,
                "centre_row_px": 23.5,
                "centre_column_px": 23.5,
                "padding_share": 0.0,
                "clipped_share": 0.01,
            }
        )
        if index % 2 == 0:
            mask = np.stack([2 * (native < 14) + (native < 10), 2 * (native < 11) + (native < 7)]).astype(np.uint8)
            write_mask(layout.masks / f"{cine}.mha", mask, 2.0, 2.0)
    tables.write(tables.from_rows(rows, table=tables.PREPARED), table=tables.PREPARED, path=folder / "prepared.csv")


def _arm(layout: Layout, *, name: str, arm: config.Arm) -> None:
    classes = CLASSES[arm.target]
    labels = tables.read(layout.labels, table=tables.LABELS)
    for fold in range(FOLDS):
        with torch.random.fork_rng():
            torch.manual_seed(fold)
            model = PhaseClassifier(arm, n_classes=len(classes), side=SIDE)
        save_model(model, arm=arm, path=layout.models(name) / f"fold{fold}.safetensors")
    rows = []
    for index, row in enumerate(labels.to_dict("records")):
        if part_of(index) == "holdout":
            continue
        truth = classes.index(row[arm.target])
        said = (truth + 1) % len(classes) if index % 5 == 0 else truth
        shares = {f"p_{label}": 0.7 if k == said else 0.3 / (len(classes) - 1) for k, label in enumerate(classes)}
        own = int(part_of(index))
        for fold, kind in ((own, "test"), ((own - 1) % FOLDS, "validation")):
            rows.append({"cine_id": row["cine_id"], "fold": fold, "set": kind, "truth": row[arm.target], **shares})
    table = tables.predictions(arm.target)
    tables.write(tables.from_rows(rows, table=table), table=table, path=layout.predictions(name))
    history = [
        {
            "fold": fold,
            "epoch": epoch,
            "train_loss": 1.0 / epoch,
            "train_accuracy": 0.5,
            "validation_loss": 1.1 / epoch,
            "validation_accuracy": 0.4,
            "learning_rate": 0.001,
            "selected": epoch == 2,
        }
        for fold in range(FOLDS)
        for epoch in (1, 2)
    ]
    tables.write(tables.from_rows(history, table=tables.HISTORY), table=tables.HISTORY, path=layout.history(name))


def _reports(layout: Layout, *, params: config.Params) -> None:
    arms: dict[str, Any] = {}
    for name, arm in params.arms.items():
        n = len(CLASSES[arm.target])
        arms[name] = {
            "target": arm.target,
            "scheme": arm.scheme,
            "leaky": False,
            "classes": list(CLASSES[arm.target]),
            "accuracy_folds": [0.7, 0.8, 0.75],
            "accuracy": 0.75,
            "accuracy_mean": 0.75,
            "accuracy_sd": 0.05,
            "accuracy_interval": [0.6, 0.9],
            "loss_mean": 0.6,
            "loss_sd": 0.1,
            "confusion": (np.eye(n, dtype=int) * 4 + 1).tolist(),
            "n_cines": 16,
            "n_patients": 8,
            "n_test_folds": 3,
        }
    arms["dual"] |= {
        "patient_accuracy": 0.8,
        "patient_interval": [0.6, 1.0],
        "patient_confusion": np.eye(3, dtype=int).tolist(),
        **tiny_results.CLASS_FIGURES,
    }
    content = {"study": "tiny", "synthetic": True, "notice": params.study.notice, "arms": arms}
    tables.write_bytes(layout.metrics, json.dumps(content).encode())
    tiny_results.write(layout)
    wrong = {
        "cine_id": [identifier("c", 0)],
        "fold": [0],
        "view": ["vla_left"],
        "truth": ["normal"],
        "predicted": ["hcm"],
    }
    wrong |= {"p_normal": [0.15], "p_hcm": [0.7], "p_dcm": [0.15], "region_review": [True], "phase_review": [False]}
    tables.write_bytes(layout.errors / "dual.csv", pd.DataFrame(wrong).to_csv(index=False).encode())
    provenance.record(
        "split", path=layout.provenance("split"), code=[], params={}, inputs=[layout.cines], outputs=[layout.folds]
    )


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[config.Params, Layout]:
    """The study, its arm `dual` explained; read it, never write into it."""
    params, layout = build(tmp_path_factory.mktemp("tiny"))
    found = explain_arm(params, name="dual", layout=layout)
    tables.write(attention_table(found.rows), table=tables.ATTENTION, path=layout.attention("dual"))
    standing = banner(params.study, scheme="honest")
    phases = params.arms["dual"].phases
    overview = draw_overview(found.cases, arm="dual", phases=phases, standing=standing)
    tables.write_bytes(layout.heat_maps / "dual" / "overview.png", overview)
    case = next(case for case in found.cases if case.answer.cine_id == identifier("c", 0))
    sheet = draw_case(case, phases=phases, standing=standing)
    tables.write_bytes(layout.heat_maps / "dual" / f"{case.answer.cine_id}.png", sheet)
    return params, layout


@pytest.fixture(scope="session")
def found(tiny: tuple[config.Params, Layout]) -> Explained:
    """What was explained of the arm `dual`."""
    params, layout = tiny
    return explain_arm(params, name="dual", layout=layout)
