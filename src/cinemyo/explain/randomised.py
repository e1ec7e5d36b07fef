"""A sanity check: heat that a network without training gives as well tells nothing of what was learnt."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import rankdata
from torch import Tensor

from cinemyo.config import Arm
from cinemyo.labels import CLASSES
from cinemyo.models.backbone import skeleton
from cinemyo.models.classifier import PhaseClassifier


def untaught(arm: Arm, *, side: int, seed: int) -> PhaseClassifier:
    """The network of an arm with all its weights drawn at random, in evaluation mode, on the CPU."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = PhaseClassifier(arm, n_classes=len(CLASSES[arm.target]), side=side, network=skeleton)
    return model.eval().requires_grad_(False)


def likenesses(
    first: Sequence[Float[Tensor, "batch gy gx"]], *, second: Sequence[Float[Tensor, "batch gy gx"]]
) -> list[list[float | None]]:
    """Spearman's correlation of two maps over their cells, for each image and phase; None where a map is even.

    Source: Adebayo 2018 (randomised weights); domain.md D.5
    """
    by_phase = [
        [_spearman(one, second=other) for one, other in zip(_flat(mine), _flat(theirs), strict=True)]
        for mine, theirs in zip(first, second, strict=True)
    ]
    return [list(of_image) for of_image in zip(*by_phase, strict=True)]


def _flat(grids: Float[Tensor, "batch gy gx"]) -> Float[np.ndarray, "batch cell"]:
    return grids.flatten(1).double().cpu().numpy()


def _spearman(first: Float[np.ndarray, " cell"], *, second: Float[np.ndarray, " cell"]) -> float | None:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
