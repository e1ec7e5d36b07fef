"""What a model says of crops: features and probabilities, also of a stored fold on crops that it never saw."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from cinemyo.config import Arm
from cinemyo.labels import CLASSES
from cinemyo.layout import Layout
from cinemyo.models.classifier import PhaseClassifier, load_model
from cinemyo.training.augment import to_unit

ANSWER_BATCH: Final = 64
"""Cines per batch where nothing is learnt."""


def device() -> torch.device:
    """Where fits run."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fold_probabilities(
    layout: Layout, *, name: str, arm: Arm, fold: int, crops: UInt8[Tensor, "cine phase y x"]
) -> Float[Tensor, "cine class"]:
    """Probabilities of the classes that the stored model of a fold gives to 8-bit crops, in 64 bit.

    Raises:
        WeightsError: the model is absent, or that of another arm or crop.

    Source: Germain 2021, §2.4
    """
    n_classes = len(CLASSES[arm.target])
    if not len(crops):
        return torch.zeros((0, n_classes), dtype=torch.float64)
    path = layout.models(name) / f"fold{fold}.safetensors"
    model = load_model(path, arm=arm, n_classes=n_classes, side=crops.shape[-1])
    with one_thread():
        return probabilities(model.to(device()).to(memory_format=torch.channels_last), crops)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread in here: their number changes the order of sums, and so the bytes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def features(model: PhaseClassifier, images: UInt8[Tensor, "cine phase y x"]) -> Float[Tensor, "cine feature"]:
    """Features of 8-bit crops, without augmentation, on the model's device."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model.features(to_unit(batch.to(device()))) for batch in torch.split(images, ANSWER_BATCH)])


def probabilities(model: PhaseClassifier, images: UInt8[Tensor, "cine phase y x"]) -> Float[Tensor, "cine class"]:
    """Probabilities of the classes for 8-bit crops, on the CPU, in 64 bit."""
    model.eval()
    with torch.no_grad():
        logits = [model(to_unit(batch.to(device()))) for batch in torch.split(images, ANSWER_BATCH)]
    return torch.cat(logits).double().softmax(dim=1).cpu()
