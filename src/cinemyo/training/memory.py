"""A fit that does not fit: its batches are taken in parts whose gradients add up, or it stops with the remedy."""

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.utils.checkpoint import checkpoint

from cinemyo.errors import TrainingError
from cinemyo.models.classifier import PhaseClassifier

log = logging.getLogger(__name__)

T = TypeVar("T")

_REMEDY: Final = "lower fit.batch_size (and fit.learning_rate with it) or crop_px, or take a larger card"


def with_room(attempt: Callable[[int], T], *, where: str, batch_size: int) -> T:
    """What the attempt returns, with batches whole or, each time the device's memory is full, in twice as many parts.

    An attempt is told the number of parts, and goes on from what the one before left.

    Raises:
        TrainingError: one cine at a time does not fit either.
    """
    parts = 1
    while True:
        try:
            return attempt(parts)
        except torch.OutOfMemoryError as error:
            told = str(error).splitlines()[0][:160]
        # here, where the traceback and the tensors that it holds are gone
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if parts >= batch_size:
            expected = f"room on the device for 1 of the {batch_size} cines of a batch"
            raise TrainingError(where, expected=expected, got=told, remedy=_REMEDY)
        parts = min(2 * parts, batch_size)
        log.warning("%s: out of memory (%s); goes on with each batch of %d in %d parts", where, told, batch_size, parts)


def in_parts(network: nn.Module, *, parts: int, where: str) -> nn.Module:
    """The network itself for one part, else one that computes the features of a batch part by part.

    The head sees the whole batch, so that its dropout draws as before; the parts' gradients are added in the backward
    pass, which computes their activations again. The result is that of the whole batch within rounding.

    Raises:
        TrainingError: layers whose result depends on which cines a batch holds, or that draw per part.
    """
    if parts == 1:
        return network
    network.train()
    if not isinstance(network, PhaseClassifier):
        got = f"{type(network).__name__}, which is not divided"
        raise TrainingError(where, expected="room on the device for a batch", got=got, remedy=_REMEDY)
    for name, layer in network.backbones.named_modules():
        if _depends_on_the_batch(layer):
            got = f"out of memory, and {type(layer).__name__} {name} is trained, which parts of a batch would change"
            raise TrainingError(where, expected="room on the device for a whole batch", got=got, remedy=_REMEDY)
    return _InParts(network, parts=parts)


def _depends_on_the_batch(layer: nn.Module) -> bool:
    """Whether a layer in training mode gives another result for parts of a batch."""
    if isinstance(layer, _BatchNorm):
        return layer.training
    draws = isinstance(layer, _DropoutNd) and layer.p > 0
    # timm's DropPath is no dropout of torch
    return layer.training and (draws or getattr(layer, "drop_prob", 0.0) not in (0.0, None))


class _InParts(nn.Module):
    """A classifier whose features are computed, and differentiated, a part of the batch after the other."""

    def __init__(self, network: PhaseClassifier, *, parts: int) -> None:
        super().__init__()
        self.network = network
        self.parts = parts

    def forward(self, images: Float[Tensor, "batch phase y x"]) -> Float[Tensor, "batch class"]:
        found = [self._features(part) for part in torch.chunk(images, self.parts)]
        logits: Tensor = self.network.head(torch.cat(found))
        return logits

    def _features(self, images: Float[Tensor, "part phase y x"]) -> Any:
        if not torch.is_grad_enabled():
            return self.network.features(images)
        return checkpoint(self.network.features, images, use_reentrant=False, preserve_rng_state=False)
