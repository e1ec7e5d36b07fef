"""Schedules, optimisers and their groups."""

import pytest
import torch
from torch import nn

from cinemyo.config import Fit
from cinemyo.training.module import learning_rate, make_optimiser
from tests.training import tiny


def fit(**changes: object) -> Fit:
    return Fit.model_validate({**tiny.VALUES["fit"], **changes})


def test_a_constant_rate_stays() -> None:
    chosen = fit(schedule="constant", learning_rate=1e-4)
    assert {learning_rate(chosen, progress=step / 10) for step in range(11)} == {1e-4}


@pytest.mark.parametrize(("progress", "share"), [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_a_cosine_falls_to_zero(progress: float, share: float) -> None:
    assert learning_rate(fit(schedule="cosine"), progress=progress) == pytest.approx(0.01 * share, abs=1e-12)


@pytest.mark.parametrize(("progress", "share"), [(0.0, 0.04), (0.3, 1.0), (1.0, 4e-6)])
def test_one_cycle_rises_and_falls(progress: float, share: float) -> None:
    assert learning_rate(fit(schedule="one_cycle"), progress=progress) == pytest.approx(0.01 * share)


def test_weight_decay_spares_biases_and_norms() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    groups = make_optimiser(network, fit=fit(weight_decay=0.1)).param_groups
    assert [(len(group["params"]), group["weight_decay"]) for group in groups] == [(1, 0.1), (3, 0.0)]


def test_frozen_tensors_are_not_given_to_the_optimiser() -> None:
    network = nn.Linear(2, 2)
    network.weight.requires_grad_(False)
    assert [len(group["params"]) for group in make_optimiser(network, fit=fit()).param_groups] == [1]


def test_the_paper_s_optimiser_is_sgd() -> None:
    optimiser = make_optimiser(nn.Linear(2, 2), fit=fit(optimiser="sgd", momentum=0.8))
    assert isinstance(optimiser, torch.optim.SGD)
    assert optimiser.param_groups[0]["momentum"] == 0.8
