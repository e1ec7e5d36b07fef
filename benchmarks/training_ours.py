"""One fold as cinemyo trains it, with the seconds of every epoch: what `benchmarks.training` runs beside the scripts.

    python -m benchmarks.training_ours MATERIAL FOLD

The material is a folder with `arm.json`, and images and classes as `benchmarks.training_material` wrote them. A bank,
if the arm has one, is taken from the folder `work` in it.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import training_material
from cinemyo.config import Arm
from cinemyo.training.data import Samples
from cinemyo.training.fit import fit
from cinemyo.training.module import PhaseModule
from cinemyo.training.task import Task


def read_task(folder: Path, *, fold: int) -> Task:
    """The fold of the material; images stay in their file."""
    arm = Arm.model_validate_json((folder / "arm.json").read_text(encoding="utf-8"))
    images, targets = np.load(folder / "images.npy", mmap_mode="c"), np.load(folder / "targets.npy")
    names = tuple(f"c{number:06d}" for number in range(len(images)))
    samples = Samples(torch.from_numpy(images), torch.from_numpy(targets), names)
    tested = len(np.load(folder / "watched.npy"))
    return training_material.task_of(arm, samples=samples, tested=tested, fold=fold, work=folder / "work")


class Clocked:
    """Notes when training and validation of each epoch end, and its state is kept, for as long as it is entered."""

    def __init__(self) -> None:
        self.stamps: list[list[float]] = []

    def __enter__(self) -> "Clocked":
        self.hooks = PhaseModule.on_train_epoch_start, PhaseModule.on_train_epoch_end
        own, stamps = self.hooks, self.stamps

        def start(module: PhaseModule) -> None:
            stamps.append([_now()])
            own[0](module)

        def between(_module: PhaseModule) -> None:
            stamps[-1].append(_now())

        def end(module: PhaseModule) -> None:
            stamps[-1].append(_now())
            own[1](module)
            stamps[-1].append(_now())

        PhaseModule.on_train_epoch_start = start  # type: ignore[method-assign]
        PhaseModule.on_validation_start = between  # type: ignore[method-assign]
        PhaseModule.on_train_epoch_end = end  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        PhaseModule.on_train_epoch_start, PhaseModule.on_train_epoch_end = self.hooks  # type: ignore[method-assign]
        del PhaseModule.on_validation_start


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def run(folder: Path, *, fold: int) -> list[dict[str, Any]]:
    """Losses, accuracies and seconds of every epoch."""
    with Clocked() as clock:
        history = fit(read_task(folder, fold=fold)).history
    seconds = [
        {"train_seconds": between - began, "validation_seconds": ended - between, "state_seconds": kept - ended}
        for began, between, ended, kept in clock.stamps
    ]
    return [{**row, **took} for row, took in zip(history, seconds, strict=True)]


def main() -> None:
    """Trains and prints."""
    print(json.dumps(run(Path(sys.argv[1]), fold=int(sys.argv[2]))))


if __name__ == "__main__":
    main()
