"""A tiny random study of crops: the class is the side of a bright spot."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from cinemyo.config import Arm
from cinemyo.folds import FoldSplit
from cinemyo.labels import CLASSES
from cinemyo.training.data import Samples
from cinemyo.training.task import Task
from tests.cohort import name

SIDE = 32
PLACES = ((8, 8), (8, 24), (24, 8), (24, 24))

VALUES: dict[str, Any] = {
    "target": "pathology",
    "phases": ["diastole", "systole"],
    "recipe": "coarse",
    "crop_px": SIDE,
    "scheme": "honest",
    "labels": "given",
    "hidden_radius_px": None,
    "backbone": {
        "name": "resnet10t",
        "weights": "none",
        "train_from": "all",
        "cam_layer": "layer4",
        "options": {"channels": [8, 8, 16, 16], "stem_width": 8},
        "mean": None,
        "std": None,
    },
    "head": {"pool": "average", "widths": [], "dropouts": [0.1]},
    "augment": {
        "zoom": 0.1,
        "rotation_degrees": 5,
        "shift": 0.05,
        "flip": False,
        "gain": 0.1,
        "fill": "border",
    },
    "fit": {
        "epochs": 4,
        "batch_size": 8,
        "optimiser": "adamw",
        "learning_rate": 0.01,
        "momentum": 0.9,
        "weight_decay": 0.01,
        "schedule": "cosine",
        "select": "last",
        "label_smoothing": 0.0,
    },
}


def arm(**changes: Any) -> Arm:
    """The tiny arm; `fit={"epochs": 2}` changes that one value."""
    values = {
        key: {**old, **changes[key]} if isinstance(old, dict) and key in changes else changes.get(key, old)
        for key, old in VALUES.items()
    }
    return Arm.model_validate(values)


def samples(count: int = 36, *, of: Arm, seed: int = 3, side: int = SIDE) -> Samples:
    """Noisy crops in turn of each class, a bright spot at its place."""
    draw = np.random.default_rng(seed)
    classes = len(CLASSES[of.target])
    images = draw.integers(0, 60, (count, len(of.phases), side, side))
    targets = np.arange(count) % classes
    for image, target in zip(images, targets, strict=True):
        row, column = (value * side // SIDE + int(draw.integers(-2, 3)) for value in PLACES[target])
        image[:, row - 4 : row + 4, column - 4 : column + 4] += 150
    cine_ids = tuple(name("c", number) for number in range(count))
    return Samples(torch.from_numpy(images.astype(np.uint8)), torch.from_numpy(targets), cine_ids)


def split(of: Samples, *, scheme: str = "honest", fold: int = 0) -> FoldSplit:
    """The last sixth for test, the one before for validation (for training, in the paper's schemes)."""
    ids, sixth = of.cine_ids, len(of.cine_ids) // 6
    train, validation, test = ids[: -2 * sixth], ids[-2 * sixth : -sixth], ids[-sixth:]
    if scheme != "honest":
        train, validation = train + validation, ()
    patients = {cine: name("p", cine) for cine in ids}
    digests = {cine: f"{number:064x}" for number, cine in enumerate(ids)}
    return FoldSplit(scheme, fold, train, validation, test, patients, digests)  # type: ignore[arg-type]


def task(work: Path, *, seed: int = 1, of: Samples | None = None, **changes: Any) -> Task:
    """A fit of the tiny arm on the tiny study."""
    chosen = arm(**changes)
    data = of or samples(of=chosen)
    return Task(chosen, "tiny", data, split(data, scheme=chosen.scheme), seed, work)
