"""One arm over all folds: what the stage train and the sweep both call."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.folds import fold_count, split_of
from cinemyo.layout import Layout
from cinemyo.models.classifier import to_bytes
from cinemyo.training import bank
from cinemyo.training.data import Inputs
from cinemyo.training.fit import fit, prepare
from cinemyo.training.parallel import default_workers, fit_all
from cinemyo.training.task import Task


@dataclass(frozen=True)
class Outputs:
    """Where an arm's models (a folder), predictions and history are written."""

    models: Path
    predictions: Path
    history: Path

    @classmethod
    def of(cls, layout: Layout, *, arm: str) -> "Outputs":
        """The places of the study."""
        return cls(layout.models(arm), layout.predictions(arm), layout.history(arm))

    @classmethod
    def under(cls, folder: Path) -> "Outputs":
        """Three places in one folder, as a sweep uses them."""
        return cls(folder / "models", folder / "predictions.csv", folder / "history.csv")


@dataclass(frozen=True)
class ArmResult:
    """Predictions and history of all folds, as written."""

    predictions: pd.DataFrame
    history: pd.DataFrame


def work_folder(layout: Layout) -> Path:
    """Where work in progress lies, by content key; never an output of a stage."""
    return layout.base / ".cache" / "cinemyo" / "train"


def run_arm(
    arm: Arm, *, name: str, seed: int, inputs: Inputs, out: Outputs, work: Path, workers: int | None = None
) -> ArmResult:
    """Predictions and history of an arm over the folds of its scheme, written with a model per fold.

    Folds run side by side in `workers` processes, by default one per core, or one after the other on a GPU.

    Finished folds, and the last epoch of an unfinished one, are kept in `work` until everything is written.

    Raises:
        SplitError: the table of folds has no such scheme, or a fold would leak.
        ConfigError, WeightsError, TrainingError: as `fit`.
    """
    tasks = tasks_of(arm, name=name, seed=seed, inputs=inputs, work=work)
    prepare(tasks[0])
    fit_all(tasks, workers=workers or default_workers())
    written = _write(tasks, arm=arm, out=out)
    for task in tasks:
        shutil.rmtree(task.folder)
    bank.remove(tasks[0])
    return written


def tasks_of(arm: Arm, *, name: str, seed: int, inputs: Inputs, work: Path) -> list[Task]:
    """The fits of an arm, in the order of its folds.

    Raises:
        SplitError: the table of folds has no such scheme, or a fold would leak.
    """
    count = fold_count(inputs.folds, scheme=arm.scheme)
    splits = [split_of(inputs.folds, scheme=arm.scheme, fold=fold, cines=inputs.cines) for fold in range(count)]
    return [Task(arm, name, inputs.samples, split, seed, work) for split in splits]


def _write(tasks: list[Task], *, arm: Arm, out: Outputs) -> ArmResult:
    # finished folds are read back one at a time: six large models need not be in memory together
    answers: list[dict[str, Any]] = []
    epochs: list[dict[str, Any]] = []
    for task in tasks:
        result = fit(task)
        path = out.models / f"fold{task.split.fold}.safetensors"
        tables.write_bytes(path, to_bytes(result.tensors, arm=arm))
        answers += result.predictions
        epochs += result.history
    table = tables.predictions(arm.target)
    predictions = tables.from_rows(answers, table=table)
    history = tables.from_rows(epochs, table=tables.HISTORY)
    tables.write(predictions, table=table, path=out.predictions)
    tables.write(history, table=tables.HISTORY, path=out.history)
    return ArmResult(predictions, history)
