"""The heat of one fold: maps of both methods for the true and the predicted class of each cine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from cinemyo.explain.answers import Answer
from cinemyo.explain.gradcam import activation_maps, cell_px, coarse_maps, upsampled
from cinemyo.explain.randomised import likenesses
from cinemyo.models.classifier import PhaseClassifier

BATCH: Final = 64


@dataclass(frozen=True)
class Map:
    """The heat of one method for one class, and how like it that of a network without training is, by phase."""

    heat: Float[np.ndarray, "phase y x"]
    likeness: tuple[float | None, ...]


@dataclass(frozen=True)
class Heat:
    """What the two methods show of one cine for one class."""

    answer: Answer
    wanted: str
    grad_cam: Map
    activation: Map
    cell_px: float
    """Side of a cell of the maps, crop pixels."""


def heats(
    answers: Sequence[Answer],
    *,
    images: Float[Tensor, "cine phase y x"],
    model: PhaseClassifier,
    untaught: PhaseClassifier,
    classes: Sequence[str],
    device: torch.device,
) -> Iterator[Heat]:
    """Heat of each cine for its true class and, where it differs, the predicted one; images are in their order."""
    asked = [(row, wanted) for row, answer in enumerate(answers) for wanted in answer.classes]
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        shown = images[[row for row, _ in batch]].to(device)
        wanted = torch.tensor([classes.index(name) for _, name in batch], device=device)
        maps, cells = [], []
        for method in (coarse_maps, activation_maps):
            grids = method(model, shown, classes=wanted)
            likeness = likenesses(grids, second=method(untaught, shown, classes=wanted))
            maps.append((upsampled(grids, side=shown.shape[-1]).cpu().numpy(), likeness))
            cells.append(cell_px(grids, side=shown.shape[-1]))
        for index, (row, name) in enumerate(batch):
            own = [Map(full[index], tuple(likeness[index])) for full, likeness in maps]
            yield Heat(answers[row], name, own[0], own[1], max(cells))
