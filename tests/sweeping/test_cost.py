"""The cost of an arm, against counts that are known by hand."""

from typing import Any

import pytest

from cinemyo.config import Arm
from cinemyo.sweeping.cost import cost_of
from tests.training.tiny import arm


def of(name: str, *, phases: list[str], **backbone: Any) -> Arm:
    values = {"name": name, "weights": "none", "train_from": "all", "cam_layer": "features.29", "options": {}}
    return arm(phases=phases, backbone={**values, **backbone}, head={"dropouts": [0.0]})


def test_vgg16_counts_as_published() -> None:
    # 14 714 688 weights without its dense layers, for gray input 2 * 64 * 9 fewer; 15.35 G multiplications at 224 px
    # without them (Simonyan 2015), of which the first layer has 87 M, a third of them left for gray input; 49 times
    # fewer at 32 px
    cost = cost_of(of("vgg16", phases=["systole"]), side=32)
    assert cost.parameters == 14_714_688 - 1152 + 512 * 3 + 3
    assert cost.gflop == pytest.approx(2 * (15.347 - 0.0578) / 49, rel=0.002)


def test_each_phase_has_a_network_of_its_own() -> None:
    one, two = cost_of(arm(phases=["systole"]), side=32), cost_of(arm(), side=32)
    assert two.parameters - 3 == 2 * (one.parameters - 3), "the three biases of the head are shared"
    assert two.gflop == pytest.approx(2 * one.gflop, abs=0.0002)


def test_frozen_blocks_are_not_trained() -> None:
    cost = cost_of(of("vgg16", phases=["systole"], train_from="features.24"), side=32)
    assert cost.trained_parameters == 3 * (512 * 512 * 9 + 512) + 512 * 3 + 3


def test_no_pretrained_weights_are_read() -> None:
    # there are none here, and `fit` would refuse
    assert cost_of(of("vgg16", phases=["systole"], weights="imagenet"), side=32).parameters == 14_714_688 + 512 * 3 + 3
