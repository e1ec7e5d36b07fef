"""Frozen features of every cine at both phases: of a network, or the gray values of the shrunken crop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor
from torch.nn import functional

from cinemyo.config import Backbone, Leakage
from cinemyo.labels import PHASES, Phase
from cinemyo.layout import Layout
from cinemyo.models.backbone import build
from cinemyo.models.classifier import grid_shape
from cinemyo.training.answer import ANSWER_BATCH, device, one_thread
from cinemyo.training.augment import to_unit
from cinemyo.training.data import load_crops

PIXELS_SIDE: Final = 16
"""Of the shrunken crop: a cell of 64 px at 3 mm is 12 mm, a few of them across the left ventricle."""


@dataclass(frozen=True)
class _Sight:
    """Both phases of the crops that the settings name."""

    recipe: str
    crop_px: int | None
    phases: tuple[Phase, ...] = PHASES
    hidden_radius_px: int | None = None


def phase_features(
    layout: Layout, *, settings: Leakage, cine_ids: Sequence[str], seed: int
) -> Float32[np.ndarray, "cine phase feature"]:
    """Features of the crops of these cines, per phase.

    Raises:
        TableError: a cine is not among those prepared or has no phases.
        ConfigError, WeightsError: the network cannot be built.
    """
    sight = _Sight(settings.recipe, settings.crop_px)
    crops = load_crops(layout, arm=sight, cine_ids=cine_ids)
    if settings.features == "pixels":
        return gray_values(crops)
    return network_features(crops, backbone=settings.features, seed=seed)


def gray_values(crops: UInt8[Tensor, "cine phase y x"]) -> Float32[np.ndarray, "cine phase feature"]:
    """Mean gray values from 0 to 1 of the cells of a grid over each crop."""
    shrunken = functional.adaptive_avg_pool2d(to_unit(crops), PIXELS_SIDE)
    return shrunken.flatten(start_dim=2).numpy()


def network_features(
    crops: UInt8[Tensor, "cine phase y x"], *, backbone: Backbone, seed: int
) -> Float32[np.ndarray, "cine phase channel"]:
    """Means of the feature maps of a frozen network, the same one for each phase.

    A network without weights is drawn by the seed.

    Raises:
        ConfigError, WeightsError: the network cannot be built, or refuses crops of this side.
    """
    with torch.random.fork_rng(), one_thread(), torch.no_grad():
        torch.manual_seed(seed)
        network = build(backbone).eval()
        grid_shape(network, side=crops.shape[-1])
        network = network.to(device())
        phases = [[_means(network(images)) for images in _batches(crops[:, phase])] for phase in range(crops.shape[1])]
        return torch.stack([torch.cat(batches) for batches in phases], dim=1).cpu().numpy()


def _batches(images: UInt8[Tensor, "cine y x"]) -> list[Float[Tensor, "batch y x"]]:
    return [to_unit(batch.to(device())) for batch in torch.split(images, ANSWER_BATCH)]


def _means(grid: Float[Tensor, "batch channel gy gx"]) -> Float[Tensor, "batch channel"]:
    return grid.mean(dim=(2, 3))
