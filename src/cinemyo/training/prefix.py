"""A network cut before its first trainable block: what never changes, and what training changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cinemyo.errors import ConfigError
from cinemyo.models.backbone import FeatureNetwork, feature_blocks, parts
from cinemyo.models.classifier import PhaseClassifier

_REMEDY: Final = "set backbone.train_from to a later block, or fit.bank to null"


@dataclass(frozen=True)
class Halves:
    """The parts of a network in the order of the data, before and from its first trainable block."""

    before: tuple[nn.Module, ...]
    after: tuple[nn.Module, ...]


class SuffixClassifier(nn.Module):
    """Logits of the classes from the outputs of the frozen blocks; it trains the tensors of the classifier itself.

    Raises:
        ConfigError: nothing is frozen, or the network's parts do not follow one another.

    Departs from §2.4: the same sums as of the whole classifier, up to rounding.
    """

    def __init__(self, model: PhaseClassifier, *, side: int) -> None:
        super().__init__()
        self.model = model
        self.halves = [halves(model.of_phase(phase), side=side) for phase in range(len(model.backbones))]

    def forward(self, grids: Float[Tensor, "batch phase channel gy gx"]) -> Float[Tensor, "batch class"]:
        """Logits from the outputs of the frozen blocks."""
        pooled = [self.model.pool(_through(half.after, grids[:, phase])) for phase, half in enumerate(self.halves)]
        logits: Tensor = self.model.head(torch.cat(pooled, dim=1))
        return logits

    def frozen(self, images: Float[Tensor, "batch phase y x"]) -> Float[Tensor, "batch phase channel gy gx"]:
        """Outputs of the frozen blocks for crops from 0 to 1; none of them is in training mode, whatever the rest."""
        grids = []
        with torch.no_grad():
            for phase, half in enumerate(self.halves):
                grids.append(_through(half.before, self.model.of_phase(phase).scaled(images[:, phase])))
        return torch.stack(grids, dim=1)


def _through(modules: Sequence[nn.Module], values: Tensor) -> Tensor:
    for module in modules:
        values = module(values)
    return values


def halves(network: FeatureNetwork, *, side: int) -> Halves:
    """The parts before and from the first trainable block, as they follow one another for a square crop.

    Raises:
        ConfigError: nothing is frozen, or a part reads more than the output of the part before it.
    """
    called = _calls(network, side=side)
    trained = set(feature_blocks(network.network)) - set(network.frozen)
    first = next((place for place, name in enumerate(called) if name in trained), len(called))
    if not first:
        expected = "frozen blocks whose outputs can be kept"
        raise ConfigError("backbone.train_from with fit.bank", expected=expected, got="all trained", remedy=_REMEDY)
    modules = [network.network.get_submodule(name) for name in called]
    return Halves(tuple(modules[:first]), tuple(modules[first:]))


def _calls(network: FeatureNetwork, *, side: int) -> list[str]:
    """Names of the parts in the order in which they are called, once it is seen that they form a chain."""
    calls: list[tuple[str, object, object]] = []

    def hook_of(name: str) -> torch.utils.hooks.RemovableHandle:
        module = network.network.get_submodule(name)
        return module.register_forward_hook(lambda _module, given, out: calls.append((name, given, out)))

    handles = [hook_of(name) for name in parts(network.network)]
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            image = network.scaled(torch.zeros(1, side, side, device=network.get_buffer("mean").device))
            result = network.network.forward_features(image)  # type: ignore[operator]
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    _refuse_branches(calls, image=image, result=result)
    return [name for name, _, _ in calls]


def _refuse_branches(calls: Sequence[tuple[str, object, object]], *, image: Tensor, result: Tensor) -> None:
    outputs = [image, *(out for _, _, out in calls)]
    for (name, given, _), before in zip(calls, outputs[:-1], strict=True):
        if not (isinstance(given, tuple) and len(given) == 1 and given[0] is before):
            _refuse(f"{name} reads something else")
    if outputs[-1] is not result:
        _refuse("something follows the last part")


def _refuse(got: str) -> None:
    expected = "parts of the network of which each reads the output of the one before"
    raise ConfigError("fit.bank", expected=expected, got=got, remedy="set fit.bank to null for this backbone")
