"""What an arm costs, counted before anything is trained."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from cinemyo.config import Arm
from cinemyo.labels import CLASSES
from cinemyo.models.backbone import skeleton
from cinemyo.models.classifier import PhaseClassifier


@dataclass(frozen=True)
class Cost:
    """Weights of all phases, those among them that training changes, and operations of one answer."""

    parameters: int
    trained_parameters: int
    gflop: float
    """Of one cine, forward, all its phases; a multiplication and an addition are two operations."""


def cost_of(arm: Arm, *, side: int) -> Cost:
    """The cost of an arm on crops of that side; no pretrained weights are read for it.

    Raises:
        ConfigError: timm knows no such network, or it does not take such crops.
    """
    with torch.random.fork_rng(devices=[]):
        model = PhaseClassifier(arm, n_classes=len(CLASSES[arm.target]), side=side, network=skeleton).eval()
    parameters = list(model.parameters())
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        model(torch.zeros(1, len(arm.phases), side, side))
    return Cost(
        parameters=sum(parameter.numel() for parameter in parameters),
        trained_parameters=sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
        gflop=round(counter.get_total_flops() / 1e9, 4),
    )
