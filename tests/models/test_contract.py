"""One contract over the paper's backbones, MobileNetV2 and the network of the demonstration, with random weights."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from cinemyo.models.backbone import skeleton
from cinemyo.models.classifier import PhaseClassifier, grid_shape
from tests.models.test_backbone import read
from tests.training import tiny


@dataclass(frozen=True)
class Documented:
    """What conf/backbone says: features of a documented crop, and the Grad-CAM cell."""

    side: int
    features: tuple[int, int, int]
    cell_px: float
    small: int
    """A side that keeps the test fast."""


BACKBONES = {
    "vgg16": Documented(160, (512, 5, 5), 16, 64),
    "resnet50v2": Documented(160, (2048, 5, 5), 32, 64),
    "inception_resnet_v2": Documented(160, (1536, 3, 3), 160 / 3, 96),
    "densenet201": Documented(160, (1920, 5, 5), 32, 64),
    "mobilenetv2_local": Documented(128, (1280, 4, 4), 16, 64),
    "compact": Documented(64, (64, 8, 8), 8, 64),
}


@dataclass
class Trial:
    """A classifier of both phases after one backward pass on two random crops."""

    name: str
    model: PhaseClassifier
    logits: Tensor
    cams: list[Tensor]
    cam_gradients: list[Tensor]
    expected: Documented


@pytest.fixture(scope="module", params=BACKBONES)
def trial(request: pytest.FixtureRequest) -> Trial:
    name, expected = request.param, BACKBONES[request.param]
    arm = tiny.arm(backbone=read(name).model_dump(), crop_px=expected.small)
    torch.manual_seed(0)
    model = PhaseClassifier(arm, n_classes=3, side=expected.small, network=skeleton).train()
    kept: list[Tensor] = []

    def keep(_module: object, _inputs: object, output: Tensor) -> None:
        output.retain_grad()
        kept.append(output)

    hooks = [layer.register_forward_hook(keep) for layer in model.cam_layers()]
    logits = model(torch.rand(2, 2, expected.small, expected.small))
    logits[:, 0].sum().backward()
    for hook in hooks:
        hook.remove()
    gradients = [grid.grad for grid in kept if grid.grad is not None]
    return Trial(name, model, logits.detach(), [grid.detach() for grid in kept], gradients, expected)


def test_a_logit_per_class_comes_out(trial: Trial) -> None:
    assert trial.logits.shape == (2, 3)
    assert bool(trial.logits.isfinite().all())


def test_gradients_reach_the_first_trainable_block_and_none_before_it(trial: Trial) -> None:
    frozen = trial.model.frozen_tensors()
    touched = {name for name, parameter in trial.model.named_parameters() if parameter.grad is not None}
    assert not touched & frozen
    assert touched == {name for name, _ in trial.model.named_parameters()} - frozen


def test_only_blocks_before_the_first_trainable_one_are_frozen(trial: Trial) -> None:
    assert bool(trial.model.frozen_tensors()) == (read(trial.name).train_from != "all")


def test_the_cam_layer_of_every_phase_gives_a_grid_with_gradients(trial: Trial) -> None:
    assert [grid.ndim for grid in trial.cams] == [4, 4]
    assert [bool((gradient != 0).any()) for gradient in trial.cam_gradients] == [True, True]


def test_channels_and_sizes_are_as_documented(trial: Trial) -> None:
    network = trial.model.of_phase(0)
    assert grid_shape(network, side=trial.expected.side) == trial.expected.features


def test_the_cell_of_grad_cam_is_as_documented(trial: Trial) -> None:
    network = trial.model.of_phase(0).eval()
    sizes: list[int] = []
    layer = network.network.get_submodule(network.cam_layer)
    hook = layer.register_forward_hook(lambda _m, _i, out: sizes.append(out.shape[-1]))
    with torch.no_grad():
        network(torch.zeros(1, trial.expected.side, trial.expected.side))
    hook.remove()
    assert trial.expected.side / sizes[0] == pytest.approx(trial.expected.cell_px)
