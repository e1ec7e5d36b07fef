"""Feature networks by their timm name: weights, gray input, frozen blocks; the only door to timm."""

import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import huggingface_hub
import timm
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from cinemyo.config import Backbone, WeightsFile
from cinemyo.errors import ConfigError, WeightsError
from cinemyo.provenance import sha256

SCRATCH_SCALING: Final = ((0.5,), (0.5,))
"""Mean and standard deviation for networks without weights: 0 to 1 becomes -1 to 1."""

_TWO_WAYS: Final = (
    "either run once with a connection (HF_HUB_OFFLINE unset), which keeps them in the Hugging Face cache, "
    "or set backbone.weights to a local safetensors file with its sha256"
)


class FeatureNetwork(nn.Module):
    """A network without its classifier: gray images of one phase in, a grid of features out.

    Blocks before the first trainable one carry no gradients and stay in evaluation mode, so that their running
    statistics are those of the weights.
    """

    def __init__(self, network: nn.Module, *, backbone: Backbone) -> None:
        super().__init__()
        self.network = _without_in_place(network)
        self.cam_layer = _cam_layer(network, backbone)
        mean, std = input_scaling(backbone)
        self.channels = 1 if backbone.weights == "none" else 3
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)
        self.frozen = frozen_blocks(network, backbone)
        _freeze(network, backbone, frozen=self.frozen)
        self.train()

    def forward(self, images: Float[Tensor, "batch y x"]) -> Float[Tensor, "batch channel gy gx"]:
        """The grid of features of images from 0 to 1."""
        features: Tensor = self.network.forward_features(self.scaled(images))  # type: ignore[operator]
        return features

    def scaled(self, images: Float[Tensor, "batch y x"]) -> Float[Tensor, "batch channel y x"]:
        """Images from 0 to 1 as the weights expect them, the gray value in every channel."""
        gray = images[:, None].expand(-1, self.channels, -1, -1)
        return (gray - self.get_buffer("mean")) / self.get_buffer("std")

    def train(self, mode: bool = True) -> "FeatureNetwork":  # noqa: FBT001 - torch's signature
        """Sets the mode of the trainable blocks; frozen ones stay in evaluation mode."""
        super().train(mode)
        for name in self.frozen:
            self.network.get_submodule(name).eval()
        return self

    def frozen_tensors(self) -> set[str]:
        """Names (of the state) of what training does not change."""
        prefixes = tuple(f"network.{name}." for name in self.frozen)
        return {name for name in self.state_dict() if name.startswith(prefixes)}


def build(backbone: Backbone) -> FeatureNetwork:
    """The feature network with its weights.

    Raises:
        ConfigError: timm does not know the name, an option, the first trainable block or the Grad-CAM layer.
        WeightsError: the weights are absent, altered, or another network's; never a silent random start.

    Source: Germain 2021, §2.4
    """
    if isinstance(backbone.weights, WeightsFile):
        network = _create(backbone)
        _load(network, backbone.weights)
    elif backbone.weights == "imagenet":
        network = _from_hub(backbone)
    else:
        network = _create(backbone)
    return FeatureNetwork(network, backbone=backbone)


def skeleton(backbone: Backbone) -> FeatureNetwork:
    """The feature network with random weights, to be overwritten by a trained model's.

    Raises:
        ConfigError: as `build`.
    """
    return FeatureNetwork(_create(backbone), backbone=backbone)


def input_scaling(backbone: Backbone) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel that the weights expect of an image from 0 to 1.

    Raises:
        ConfigError: a weights file without mean and std; such a file does not tell its own.
    """
    own: tuple[tuple[float, ...], tuple[float, ...]] = SCRATCH_SCALING
    if isinstance(backbone.weights, WeightsFile) and (backbone.mean is None or backbone.std is None):
        where = f"backbone {backbone.name}"
        raise ConfigError(
            where, expected="mean and std of the weights file", got="none", remedy="set backbone.mean and backbone.std"
        )
    if backbone.weights == "imagenet":
        facts = timm.get_pretrained_cfg(backbone.name)
        own = (tuple(facts.mean), tuple(facts.std)) if facts else own
    mean = own[0] if backbone.mean is None else (backbone.mean,)
    std = own[1] if backbone.std is None else (backbone.std,)
    return mean, std


def feature_blocks(network: nn.Module) -> list[str]:
    """Names of the parts that hold parameters, in the order of the data."""
    return [name for name in parts(network) if any(True for _ in network.get_submodule(name).parameters())]


def parts(network: nn.Module) -> Iterator[str]:
    """Names of the children of a network; containers are opened one level."""
    for name, child in network.named_children():
        if isinstance(child, nn.Sequential):
            yield from (f"{name}.{inner}" for inner, _ in child.named_children())
        else:
            yield name


def frozen_blocks(network: nn.Module, backbone: Backbone) -> list[str]:
    """Names of the blocks before the first trainable one; `train_from` may name a block or the start of its name.

    Raises:
        ConfigError: no block has that name.
    """
    blocks = feature_blocks(network)
    if backbone.train_from == "all":
        return []
    if backbone.train_from == "nothing":
        return blocks
    for index, name in enumerate(blocks):
        if name == backbone.train_from or name.startswith(f"{backbone.train_from}."):
            return blocks[:index]
    raise ConfigError(
        f"backbone {backbone.name}, train_from",
        expected=f"all, nothing or one of {', '.join(blocks)}",
        got=repr(backbone.train_from),
        remedy="correct the backbone's file in conf/backbone",
    )


def _freeze(network: nn.Module, backbone: Backbone, *, frozen: list[str]) -> None:
    if backbone.train_from == "all":
        return
    # parameters outside any block, such as a class token, come before the first block
    trained = tuple(f"{name}." for name in feature_blocks(network) if name not in frozen)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith(trained) if trained else False)


def _without_in_place(network: nn.Module) -> nn.Module:
    # an activation that overwrites its input destroys what Grad-CAM reads
    for module in network.modules():
        if getattr(module, "inplace", False):
            module.inplace = False  # type: ignore[assignment]
    return network


def _cam_layer(network: nn.Module, backbone: Backbone) -> str:
    names = {name for name, _ in network.named_modules() if name}
    if backbone.cam_layer in names:
        return backbone.cam_layer
    near = difflib.get_close_matches(backbone.cam_layer, names, n=3, cutoff=0.3)
    expected = f"a layer of the network, such as {', '.join(near) or max(names)}"
    remedy = "correct the backbone's file in conf/backbone"
    raise ConfigError(f"backbone {backbone.name}, cam_layer", expected=expected, got=backbone.cam_layer, remedy=remedy)


def _create(backbone: Backbone, **weights: Any) -> nn.Module:
    where = f"backbone {backbone.name}"
    if not timm.is_model(backbone.name):
        near = difflib.get_close_matches(backbone.name, timm.list_models(), n=3, cutoff=0.3)
        expected = f"a network of timm, such as {', '.join(near) or 'vgg16'}"
        raise ConfigError(where, expected=expected, got="no such name", remedy="correct backbone.name")
    channels = 1 if backbone.weights == "none" else 3
    try:
        network: nn.Module = timm.create_model(
            backbone.name, num_classes=0, global_pool="", in_chans=channels, **backbone.options, **weights
        )
    except TypeError as error:
        raise ConfigError(
            where, expected="options that timm knows", got=str(error), remedy="correct backbone.options"
        ) from None
    if hasattr(network, "pre_logits"):
        # VGG's two dense layers of 4096 belong to its classifier, not to its features
        network.pre_logits = nn.Identity()
    return network


def _from_hub(backbone: Backbone) -> nn.Module:
    where = f"weights imagenet of {backbone.name}"
    expected = "pretrained weights of timm"
    if not _is_cached(backbone.name) and _is_offline():
        raise WeightsError(where, expected=expected, got="none in the local cache, and no downloads", remedy=_TWO_WAYS)
    try:
        return _create(backbone, pretrained=True)
    except ConfigError:
        raise
    except Exception as error:  # whatever a download can raise
        got = f"{type(error).__name__}: {str(error).splitlines()[0][:160] if str(error) else ''}"
        raise WeightsError(where, expected=expected, got=got, remedy=_TWO_WAYS) from error


def _is_offline() -> bool:
    return huggingface_hub.is_offline_mode() or os.environ.get("HF_HUB_OFFLINE", "0").lower() in {"1", "true", "yes"}


def _is_cached(name: str) -> bool:
    facts = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    if facts is None or not facts.hf_hub_id:
        return False
    return isinstance(huggingface_hub.try_to_load_from_cache(facts.hf_hub_id, "model.safetensors"), str)


def _load(network: nn.Module, weights: WeightsFile) -> None:
    path = Path(weights.file)
    where = f"weights file {path.name}"
    remedy = "correct file and sha256 in conf/backbone, or set backbone.weights to none"
    if not path.is_file():
        raise WeightsError(where, expected=f"a file at {path}", got="no file", remedy=remedy)
    digest = sha256(path)
    if digest != weights.sha256:
        raise WeightsError(where, expected=f"sha256 {weights.sha256}", got=digest, remedy=remedy)
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise WeightsError(where, expected="safetensors", got=str(error), remedy=remedy) from None
    own = network.state_dict()
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(_classifier(network))}
    faults = [name for name in {**own, **kept} if name not in own or name not in kept]
    faults += [name for name in own if name in kept and own[name].shape != kept[name].shape]
    if faults:
        got = f"{len(faults)} tensors that differ in name or shape, first {faults[0]}"
        raise WeightsError(where, expected="the tensors of this network", got=got, remedy=remedy)
    network.load_state_dict(kept)


def _classifier(network: nn.Module) -> tuple[str, ...]:
    names = (getattr(network, "pretrained_cfg", None) or {}).get("classifier") or ()
    listed = (names,) if isinstance(names, str) else tuple(names)
    return (*(f"{name}." for name in listed), "pre_logits.")
