"""Grad-CAM and gradient x activation of every phase of a classifier; the only door to captum."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from captum.attr import LayerGradCam, LayerGradientXActivation
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


class Explainable(Protocol):
    """A classifier that names the layer to explain, one per phase."""

    training: bool

    def cam_layers(self) -> list[nn.Module]:
        """The last layer with a spatial grid of each phase's backbone, in phase order."""
        ...  # pragma: no cover

    def train(self, mode: bool = True) -> Any:  # noqa: FBT001 - torch's signature
        """Sets training mode, as `nn.Module` does."""
        ...  # pragma: no cover

    def __call__(self, images: Tensor, /) -> Tensor:
        """Logits."""
        ...  # pragma: no cover


def heat_maps(
    model: Explainable, images: Float[Tensor, "batch phase y x"], *, classes: Int[Tensor, " batch"]
) -> Float[Tensor, "batch phase y x"]:
    """Grad-CAM of one class per cine for each phase, never negative, bilinear at crop resolution.

    The unit is arbitrary: only the distribution of heat within a map means something. A map may be zero everywhere,
    where nothing in that phase spoke for the class.
    Source: Germain 2021, §3.6
    """
    return upsampled(coarse_maps(model, images, classes=classes), side=images.shape[-1])


def coarse_maps(
    model: Explainable, images: Float[Tensor, "batch phase y x"], *, classes: Int[Tensor, " batch"]
) -> list[Float[Tensor, "batch gy gx"]]:
    """Grad-CAM on the grid of each phase's own layer: one map per phase, never negative.

    Source: Germain 2021, §3.6
    """
    grids: list[Tensor] = []
    with _in_eval_mode(model):
        for layer in model.cam_layers():
            with _gradients_from([layer]), torch.enable_grad():
                # without relu_attributions captum also returns what speaks against the class
                heat = LayerGradCam(model, layer).attribute(images.detach(), target=classes, relu_attributions=True)
                grids.append(heat[:, 0].detach())
    return grids


def activation_maps(
    model: Explainable, images: Float[Tensor, "batch phase y x"], *, classes: Int[Tensor, " batch"]
) -> list[Float[Tensor, "batch gy gx"]]:
    """Gradient x activation summed over channels on the grid of each phase's own layer, never negative.

    Grad-CAM takes the mean of a channel's gradient over the grid; where the head flattens the grid the gradient is
    another in each cell, and that mean may hide the cell that spoke. Behind an averaging head the two are alike.

    Departs from §3.6: the paper shows Grad-CAM alone.
    """
    layers = model.cam_layers()
    with _in_eval_mode(model), _gradients_from(layers), torch.enable_grad():
        found = LayerGradientXActivation(model, layers).attribute(images.detach(), target=classes)
    return [heat.sum(dim=1).clamp(min=0).detach() for heat in found]


def upsampled(grids: Sequence[Float[Tensor, "batch gy gx"]], *, side: int) -> Float[Tensor, "batch phase side side"]:
    """The maps of all phases at the side of the crop, bilinear between the centres of the cells."""
    maps = [
        functional.interpolate(grid[:, None], size=(side, side), mode="bilinear", align_corners=False) for grid in grids
    ]
    return torch.cat(maps, dim=1)


def cell_px(grids: Sequence[Float[Tensor, "batch gy gx"]], *, side: int) -> float:
    """Side of one cell of the coarsest grid, in crop pixels."""
    return max(side / grid.shape[-1] for grid in grids)


@contextmanager
def _gradients_from(layers: Sequence[nn.Module]) -> Iterator[None]:
    """Switches gradients on when a layer is reached, even inside a frozen prefix that runs under `no_grad`.

    The classifier's own `no_grad` block restores the outer mode when it ends.
    """

    def switch_on(_module: nn.Module, _inputs: Any) -> None:
        torch.set_grad_enabled(True)

    handles = [layer.register_forward_pre_hook(switch_on) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _in_eval_mode(model: Explainable) -> Iterator[None]:
    training = model.training
    model.train(False)
    try:
        yield
    finally:
        model.train(training)
