"""The two halves of every backbone give what the whole gives."""

import pytest
import torch
from torch import Tensor, nn

from cinemyo.config import Arm
from cinemyo.errors import ConfigError
from cinemyo.models.backbone import FeatureNetwork, skeleton
from cinemyo.models.classifier import PhaseClassifier
from cinemyo.training.prefix import SuffixClassifier, halves
from tests.models.test_backbone import read, tiny
from tests.training import tiny as tiny_training

SIDES = {"vgg16": 64, "resnet50v2": 64, "inception_resnet_v2": 96, "densenet201": 64}
CUTS = {"vgg16": (512, 4), "resnet50v2": (1024, 4), "inception_resnet_v2": (2080, 1), "densenet201": (896, 2)}
"""Channels and side of what is kept."""


def classifier(arm: Arm, *, side: int) -> PhaseClassifier:
    torch.manual_seed(1)
    return PhaseClassifier(arm, n_classes=3, side=side, network=skeleton)


def compact(**changes: object) -> Arm:
    return tiny_training.arm(backbone={"train_from": "layer3", **changes})


def images(side: int) -> Tensor:
    return torch.rand(3, 2, side, side, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("name", sorted(SIDES))
def test_the_halves_of_the_paper_s_backbones_give_the_logits_of_the_whole(name: str) -> None:
    side = SIDES[name]
    arm = tiny_training.arm(phases=["systole"], backbone=read(name).model_dump(), head={"dropouts": [0.0]})
    model = classifier(arm, side=side).eval()
    suffix = SuffixClassifier(model, side=side)
    with torch.no_grad():
        whole = model(images(side)[:, :1])
        grids = suffix.frozen(images(side)[:, :1])
        torch.testing.assert_close(suffix(grids), whole, rtol=1e-4, atol=1e-5)
    assert grids.shape[2:4] == CUTS[name]


def test_the_cut_of_a_residual_network_lies_before_its_first_trained_block() -> None:
    suffix = SuffixClassifier(classifier(compact(), side=32).eval(), side=32)
    grids = suffix.frozen(images(32))
    assert grids.shape == (3, 2, 8, 4, 4)
    torch.testing.assert_close(suffix(grids), suffix.model(images(32)))


def test_gradients_of_the_halves_are_those_of_the_whole() -> None:
    model = classifier(tiny_training.arm(backbone={"train_from": "layer3"}, head={"dropouts": [0.0]}), side=32)
    suffix = SuffixClassifier(model, side=32)
    model(images(32)).sum().backward()
    whole = {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}
    model.zero_grad()
    suffix(suffix.frozen(images(32))).sum().backward()
    own = {name: value.grad for name, value in model.named_parameters() if value.grad is not None}
    assert own.keys() == whole.keys()
    for name, value in whole.items():
        torch.testing.assert_close(own[name], value, rtol=1e-4, atol=1e-6)


def test_frozen_outputs_do_not_move_running_statistics_and_need_no_graph() -> None:
    model = classifier(compact(), side=32).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert not SuffixClassifier(model, side=32).frozen(images(32)).requires_grad
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training


def test_where_nothing_is_trained_the_cut_is_the_end() -> None:
    found = halves(skeleton(tiny(train_from="nothing")), side=32)
    assert found.before
    assert found.after == ()


def test_where_all_is_trained_nothing_can_be_kept() -> None:
    with pytest.raises(ConfigError, match=r"expected frozen blocks .* set backbone\.train_from to a later block"):
        halves(skeleton(tiny(train_from="all")), side=32)


class _Branched(nn.Module):
    """Its second part reads the sum of two."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)

    def forward_features(self, image: Tensor) -> Tensor:
        out: Tensor = self.two(self.one(image) + image)
        return out


class _Ended(_Branched):
    """Something without a name follows its last part."""

    def forward_features(self, image: Tensor) -> Tensor:
        out: Tensor = self.two(self.one(image)).relu()
        return out


@pytest.mark.parametrize(("kind", "told"), [(_Branched, "two reads something else"), (_Ended, "follows the last part")])
def test_a_network_that_is_no_chain_is_refused(kind: type[_Branched], told: str) -> None:
    network = FeatureNetwork(kind(), backbone=tiny(train_from="two", cam_layer="two"))
    with pytest.raises(ConfigError, match=told):
        halves(network, side=32)
