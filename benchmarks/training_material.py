"""What all training scripts are given: images, classes, order of the epochs, seeded weights and settings, as files.

A script that knows nothing of cinemyo reads `images.npy`, `targets.npy`, `order.npy`, `weights.safetensors` (the state
of the seeded classifier) and `settings.json`.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors.torch import save_file

from cinemyo.config import Arm
from cinemyo.folds import FoldSplit
from cinemyo.models.backbone import input_scaling, skeleton
from cinemyo.models.classifier import PhaseClassifier
from cinemyo.provenance import sha256
from cinemyo.training import fit as fitting
from cinemyo.training.augment import draws, keys_of
from cinemyo.training.data import Samples
from cinemyo.training.task import Task

CONF = Path(__file__).resolve().parents[1] / "conf"
SEED = 2021
NONE = {"zoom": 0.0, "rotation_degrees": 0.0, "shift": 0.0, "flip": False, "gain": 0.0, "fill": "border"}


def values_of(group: str, name: str) -> dict[str, Any]:
    """One file of `conf/` without its list of defaults."""
    values: dict[str, Any] = yaml.safe_load((CONF / group / f"{name}.yaml").read_text(encoding="utf-8"))
    values.pop("defaults", None)
    return values


def paper_arm(folder: Path, *, backbone: dict[str, Any], **changes: Any) -> Arm:
    """The paper's arm, its backbone started from seeded weights that this writes into the folder."""
    path = folder / "backbone.safetensors"
    seeded = {**backbone, "weights": "imagenet"}
    torch.manual_seed(SEED)
    network = skeleton(Arm.model_validate(_values(seeded, changes)).backbone).network
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, path)
    weights = {"file": path.as_posix(), "sha256": sha256(path)}
    own = {**backbone, "weights": weights, "mean": 0.5, "std": 0.25}
    return Arm.model_validate(_values(own, changes))


def _values(backbone: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "target": "pathology",
        "phases": ["diastole", "systole"],
        "recipe": "standard",
        "crop_px": 160,
        "scheme": "paper",
        "backbone": backbone,
        "head": values_of("head", "paper"),
        "augment": values_of("augment", "paper"),
        "fit": values_of("fit", "paper"),
        **changes,
    }


def samples_of(arm: Arm, *, count: int) -> Samples:
    """Smooth noise with a bright disc whose size tells the class: what it shows is of no matter for time."""
    draw = np.random.default_rng(SEED)
    side, classes = arm.crop_px or 0, 3 if arm.target == "pathology" else 4
    targets = draw.integers(0, classes, count)
    away = np.hypot(*(np.mgrid[:side, :side] - (side - 1) / 2)) / side
    coarse = draw.integers(0, 120, (count, len(arm.phases), side // 8, side // 8)).repeat(8, axis=2).repeat(8, axis=3)
    coarse += (100 * (away < 0.08 + 0.06 * targets[:, None, None, None])).astype(coarse.dtype)
    names = tuple(f"c{number:06d}" for number in range(count))
    return Samples(torch.from_numpy(coarse.astype(np.uint8)), torch.from_numpy(targets), names)


def task_of(arm: Arm, *, samples: Samples, tested: int, fold: int, work: Path) -> Task:
    """A fold of the paper's scheme: the last cines are watched and answered, the others trained on."""
    ids = samples.cine_ids
    alone = {cine: cine for cine in ids}
    split = FoldSplit("paper", fold, ids[:-tested], (), ids[-tested:], alone, alone)
    return Task(arm, "benchmark", samples, split, SEED, work)


def write(folder: Path, task: Task) -> None:
    """Writes what another script needs to train the same fold from the same start in the same order."""
    arm, samples = task.arm, task.samples
    with fitting._reproducibly(task.split.fold, seed=task.seed):
        model = fitting._model(task).cpu()
    order = [_order(task, epoch=epoch) for epoch in range(arm.fit.epochs)]
    np.save(folder / "images.npy", samples.images.numpy())
    np.save(folder / "targets.npy", samples.targets.numpy())
    np.save(folder / "order.npy", np.array(order))
    np.save(folder / "watched.npy", task.watched.numpy())
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "weights.safetensors"
    )
    (folder / "settings.json").write_text(json.dumps(_settings(task, model), indent=1), encoding="utf-8")


def _order(task: Task, *, epoch: int) -> list[int]:
    keys = keys_of(task.digests(task.learnt), seed=task.seed)
    return [int(task.learnt[row]) for row in np.argsort(draws(keys, epoch=epoch)[:, 0], kind="stable")]


def _settings(task: Task, model: PhaseClassifier) -> dict[str, Any]:
    arm = task.arm
    mean, std = input_scaling(arm.backbone)
    return {
        "backbone": arm.backbone.name,
        "options": arm.backbone.options,
        "frozen": list(model.of_phase(0).frozen),
        "channels": model.of_phase(0).channels,
        "mean": mean[0],
        "std": std[0],
        "pool": arm.head.pool,
        "widths": list(arm.head.widths),
        "dropouts": list(arm.head.dropouts),
        "classes": 3 if arm.target == "pathology" else 4,
        "augment": arm.augment.model_dump(),
        "epochs": arm.fit.epochs,
        "batch_size": arm.fit.batch_size,
        "learning_rate": arm.fit.learning_rate,
        "momentum": arm.fit.momentum,
    }
