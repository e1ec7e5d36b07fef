"""The runs of a study as they go to the tracking store: a parent per arm, a child per fold, all read from files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cinemyo import tables
from cinemyo.commit import git_commit
from cinemyo.config import Arm, Params
from cinemyo.labels import CLASSES, LEAKY_SCHEMES
from cinemyo.layout import Layout
from cinemyo.provenance import sha256
from cinemyo.record.pointers import pointers
from cinemyo.record.run_figures import fold_figures, numbers
from cinemyo.record.tracking import Data, Entry, Metric

CURVES: Final = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate")
VALUE_LENGTH: Final = 6000


def study_runs(params: Params, *, layout: Layout) -> list[Entry]:
    """One entry per arm of the study, each with its folds.

    Raises:
        TableError: a table of an arm is absent or broken.
    """
    metrics = json.loads(layout.metrics.read_text(encoding="utf-8"))["arms"]
    commit = git_commit(layout.base)
    return [arm_run(params, name=name, layout=layout, metrics=metrics[name], commit=commit) for name in params.arms]


def arm_run(params: Params, *, name: str, layout: Layout, metrics: Mapping[str, Any], commit: str) -> Entry:
    """The run of an arm: its configuration, figures, confusion matrix, heat maps, data and folds."""
    arm = params.arms[name]
    settings = {"seed": str(params.seed), "study": params.study.name, **flat(arm.model_dump(mode="json"))}
    tags = _tags(params, arm=arm, commit=commit)
    history = tables.read(layout.history(name), table=tables.HISTORY)
    predictions = tables.read(layout.predictions(name), table=tables.predictions(arm.target))
    tested = predictions[predictions["set"] == "test"]
    folds = sorted(int(fold) for fold in history["fold"].unique())
    data = arm_data(layout, name=name, arm=arm)
    leading = pointers(layout.base, made=[layout.predictions(name), layout.models(name), layout.metrics])
    children = [
        fold_run(
            layout,
            arm=name,
            fold=fold,
            history=history[history["fold"] == fold],
            figures=fold_figures(tested[tested["fold"] == fold], classes=CLASSES[arm.target]),
            params=settings,
            data=data,
            tags=tags,
            leading=leading,
        )
        for fold in folds
    ]
    single = [Metric(key, value) for key, value in numbers(metrics).items()]
    by_fold = [Metric("fold_accuracy", float(value), step) for step, value in enumerate(metrics["accuracy_folds"])]
    return Entry(
        study=params.study.name,
        arm=name,
        fold=None,
        params=settings,
        metrics=[*single, *by_fold],
        files=_images(layout, arm=name) | {"predictions.csv": layout.predictions(name)},
        documents={"confusion.json": {"classes": metrics["classes"], "matrix": metrics["confusion"]}},
        data=data,
        tags={**tags, "level": "arm"},
        pointers=leading,
        children=children,
    )


def fold_run(
    layout: Layout,
    *,
    arm: str,
    fold: int,
    history: pd.DataFrame,
    figures: Mapping[str, float],
    params: Mapping[str, str],
    data: Sequence[Data],
    tags: Mapping[str, str],
    leading: Mapping[str, str],
) -> Entry:
    """The run of one fold of an arm: its figures on the test part, curves, confusion matrix, reliability, heat maps."""
    single = [Metric(key, value) for key, value in figures.items()]
    model = layout.models(arm) / f"fold{fold}.safetensors"
    return Entry(
        study=layout.study,
        arm=arm,
        fold=fold,
        params={**params, "fold": str(fold)},
        metrics=[*single, *_points(history)],
        files=_fold_images(layout, arm=arm, fold=fold) | ({f"model/{model.name}": model} if model.is_file() else {}),
        data=data,
        tags={**tags, "level": "fold"},
        pointers=leading,
    )


def flat(values: Mapping[str, Any], *, prefix: str = "") -> dict[str, str]:
    """Nested values by dotted key, as text."""
    found: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, prefix=f"{prefix}{key}.")
        else:
            found[prefix + key] = value[:VALUE_LENGTH] if isinstance(value, str) else json.dumps(value)
    return found


def arm_data(layout: Layout, *, name: str, arm: Arm) -> list[Data]:
    """The tables that an arm came from, with their digests; the images through the digests of the cine table."""
    inputs = {
        "cines": layout.cines,
        "labels": layout.labels,
        "phases": layout.phases,
        "folds": layout.folds,
        "prepared": layout.prepared(arm.recipe) / "prepared.csv",
    }
    return [
        Data(path.relative_to(layout.base).as_posix(), sha256(path), context)
        for context, path in inputs.items()
        if path.is_file()
    ]


def _tags(params: Params, *, arm: Arm, commit: str) -> dict[str, str]:
    return {
        "mlflow.source.git.commit": commit.rstrip("+"),
        "uncommitted_changes": str(commit.endswith("+")).lower(),
        "target": arm.target,
        "input": "+".join(arm.phases),
        "backbone": arm.backbone.name,
        "crop_px": str(arm.crop_px or "whole canvas"),
        "recipe": arm.recipe,
        "control": _control(arm),
        "scheme": arm.scheme,
        "leaky": str(arm.scheme in LEAKY_SCHEMES).lower(),
        "synthetic": str(params.study.synthetic).lower(),
        **({"notice": params.study.notice} if params.study.notice else {}),
    }


def _control(arm: Arm) -> str:
    if arm.labels == "permuted":
        return "permuted labels"
    return "none" if arm.hidden_radius_px is None else "background only"


def _points(history: pd.DataFrame) -> list[Metric]:
    rows = history.sort_values("epoch").to_dict("records")
    return [
        Metric(name, float(row[name]), int(row["epoch"])) for row in rows for name in CURVES if not pd.isna(row[name])
    ]


def _images(layout: Layout, *, arm: str) -> dict[str, Path]:
    found = {f"figures/{name}": layout.figures / name for name in (f"confusion_{arm}.png", f"learning_{arm}.png")}
    found |= {f"figures/{kind}.png": layout.figures / f"{kind}_{arm}.png" for kind in ("reliability", "selective")}
    found |= {f"heat_maps/{kind}.png": layout.heat_maps / arm / f"{kind}.png" for kind in ("overview", "typical")}
    return {name: path for name, path in found.items() if path.is_file()}


def _fold_images(layout: Layout, *, arm: str, fold: int) -> dict[str, Path]:
    own = layout.figures / "folds" / arm
    found = {f"figures/{kind}.png": own / f"{kind}_{fold}.png" for kind in ("confusion", "reliability")}
    found["heat_maps/fold.png"] = layout.heat_maps / arm / f"fold{fold}.png"
    return {name: path for name, path in found.items() if path.is_file()}
