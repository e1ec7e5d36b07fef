"""The classifier of a cine: one backbone per phase, features concatenated, one head."""

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from cinemyo import tables
from cinemyo.config import Arm, Backbone, Head
from cinemyo.errors import ConfigError, WeightsError
from cinemyo.models.backbone import FeatureNetwork, build, skeleton
from cinemyo.provenance import digest_of


class PhaseClassifier(nn.Module):
    """Logits of the classes of a cine from its crops, one backbone per phase and no weights shared.

    Source: Germain 2021, §2.4
    """

    def __init__(
        self, arm: Arm, *, n_classes: int, side: int, network: Callable[[Backbone], FeatureNetwork] = build
    ) -> None:
        super().__init__()
        self.backbones = nn.ModuleList([network(arm.backbone) for _ in arm.phases])
        self.pool = _POOLS[arm.head.pool]()
        channels, rows, columns = grid_shape(self.of_phase(0), side=side)
        cells = rows * columns if arm.head.pool == "flatten" else 1
        self.head = make_head(arm.head, n_features=channels * cells * len(arm.phases), n_classes=n_classes)

    def forward(self, images: Float[Tensor, "batch phase y x"]) -> Float[Tensor, "batch class"]:
        """Logits of crops from 0 to 1."""
        logits: Tensor = self.head(self.features(images))
        return logits

    def features(self, images: Float[Tensor, "batch phase y x"]) -> Float[Tensor, "batch feature"]:
        """Pooled features of all phases, one after the other."""
        return torch.cat([self.pool(network(images[:, phase])) for phase, network in enumerate(self.backbones)], dim=1)

    def cam_layers(self) -> list[nn.Module]:
        """The layer that Grad-CAM reads of each phase's backbone, in phase order."""
        backbones = [self.of_phase(phase) for phase in range(len(self.backbones))]
        return [backbone.network.get_submodule(backbone.cam_layer) for backbone in backbones]

    def frozen_tensors(self) -> set[str]:
        """Names (of the state) of what training does not change."""
        return {
            f"backbones.{phase}.{name}"
            for phase in range(len(self.backbones))
            for name in self.of_phase(phase).frozen_tensors()
        }

    def of_phase(self, phase: int) -> FeatureNetwork:
        """The backbone of a phase."""
        backbone = self.backbones[phase]
        if not isinstance(backbone, FeatureNetwork):
            raise TypeError(type(backbone).__name__)
        return backbone


class _Average(nn.Module):
    """Mean over the grid; unlike adaptive pooling its gradient is deterministic on a GPU."""

    def forward(self, grid: Float[Tensor, "batch channel gy gx"]) -> Float[Tensor, "batch channel"]:
        return grid.mean(dim=(2, 3))


_POOLS: dict[str, Callable[[], nn.Module]] = {"flatten": nn.Flatten, "average": _Average}


def grid_shape(network: FeatureNetwork, *, side: int) -> tuple[int, int, int]:
    """Channels, rows and columns of the features of a square crop.

    Raises:
        ConfigError: the crop is too small for the network, or its features are no grid.
    """
    where = f"crop of {side} px"
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            grid = network.network.forward_features(torch.zeros(1, network.channels, side, side))  # type: ignore[operator]
    except (RuntimeError, AssertionError) as error:
        got = str(error).splitlines()[0][:160]
        remedy = "raise crop_px or take another backbone"
        raise ConfigError(where, expected="a side that the backbone accepts", got=got, remedy=remedy) from None
    finally:
        network.train(training)
    if grid.ndim != 4:
        got = f"features of shape {tuple(grid.shape)}"
        raise ConfigError(where, expected="a grid of features", got=got, remedy="take a convolutional backbone")
    return int(grid.shape[1]), int(grid.shape[2]), int(grid.shape[3])


def make_head(head: Head, *, n_features: int, n_classes: int) -> nn.Sequential:
    """Dense layers with ReLU and dropout, then one linear layer to the classes; Keras' start (Glorot, zero bias).

    Raises:
        ConfigError: there is not one dropout per hidden layer (or at most one before a linear head).

    Source: Germain 2021, §2.4; the activation is not told there.
    """
    if len(head.dropouts) != len(head.widths) and (head.widths or len(head.dropouts) > 1):
        got = f"{len(head.dropouts)} for {len(head.widths)} layers"
        raise ConfigError("head.dropouts", expected="one per hidden layer", got=got, remedy="correct conf/head")
    layers: list[nn.Module] = []
    width = n_features
    for hidden, dropout in zip_longest(head.widths, head.dropouts):
        layers += [nn.Linear(width, hidden), nn.ReLU()] if hidden else []
        layers += [nn.Dropout(dropout)]
        width = hidden or width
    layers.append(nn.Linear(width, n_classes))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def arm_digest(arm: Arm) -> str:
    """SHA-256 of an arm's values, which a model file carries."""
    return digest_of(arm.model_dump(mode="json"))


def to_bytes(tensors: dict[str, Tensor], *, arm: Arm) -> bytes:
    """A model's tensors as a safetensors file that carries the arm's digest; same tensors, same bytes."""
    # one entry only: safetensors writes several in no fixed order
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(tensors.items())}
    return save(plain, metadata={"arm": arm_digest(arm)})


def save_model(model: PhaseClassifier, *, arm: Arm, path: Path) -> None:
    """Writes a trained model, whole or not at all."""
    tables.write_bytes(path, to_bytes(model.state_dict(), arm=arm))


def load_model(path: Path, *, arm: Arm, n_classes: int, side: int) -> PhaseClassifier:
    """The trained model of an arm in evaluation mode, on the CPU; gradients reach every layer, as Grad-CAM needs.

    Raises:
        WeightsError: no file, not safetensors, or the model of another arm, class list or crop.
    """
    where, remedy = str(path), "run the stage train of this arm"
    if not path.is_file():
        raise WeightsError(where, expected="a trained model", got="no file", remedy=remedy)
    try:
        with safe_open(path, framework="pt") as file:
            digest = (file.metadata() or {}).get("arm", "none")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except SafetensorError as error:
        raise WeightsError(where, expected="safetensors", got=str(error), remedy=remedy) from None
    if digest != arm_digest(arm):
        got = f"that of arm {digest[:12]}"
        raise WeightsError(where, expected=f"the model of arm {arm_digest(arm)[:12]}", got=got, remedy=remedy)
    model = PhaseClassifier(arm, n_classes=n_classes, side=side, network=skeleton)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        got = str(error).splitlines()[-1].strip()[:160]
        expected = f"tensors for {n_classes} classes and crops of {side} px"
        raise WeightsError(where, expected=expected, got=got, remedy=remedy) from None
    return model.requires_grad_(True).eval()
