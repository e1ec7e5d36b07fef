"""Draws of augmentation, keyed per cine and epoch, and their application to a batch on its device."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, UInt64
from torch import Tensor
from torch.nn import functional

from cinemyo.config import Augment

COLUMNS: Final = ("order", "zoom", "rotation", "shift_rows", "shift_columns", "flip", "gain")
"""What is drawn for a cine in an epoch, each uniform from 0 to 1."""

_PADDING: Final = {"border": "border", "zeros": "zeros"}


def keys_of(names: Sequence[str], *, seed: int) -> UInt64[np.ndarray, " cine"]:
    """A 64-bit key per name; it depends on that name and the seed alone."""
    digests = b"".join(hashlib.blake2b(f"{seed}|{name}".encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def draws(keys: UInt64[np.ndarray, " cine"], *, epoch: int) -> Float64[np.ndarray, "cine column"]:
    """Uniform numbers in [0, 1) per key and column; no cine's depend on which others are there.

    A counter-based generator (splitmix64's finaliser), so that an epoch is drawn without those before it.
    """
    counters = np.arange(len(COLUMNS), dtype=np.uint64) + np.uint64(epoch) * np.uint64(len(COLUMNS)) + np.uint64(1)
    state = keys[:, None] + counters[None, :] * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    uniform: Float64[np.ndarray, "cine column"] = (state >> np.uint64(11)).astype(np.float64) / 2.0**53
    return uniform


def changes_nothing(augment: Augment) -> bool:
    """Whether every draw leaves the images as they are."""
    return not (augment.zoom or augment.rotation_degrees or augment.shift or augment.flip or augment.gain)


def affine(drawn: Float64[np.ndarray, "cine column"], *, augment: Augment) -> Float32[np.ndarray, "cine 2 3"]:
    """Matrices from output to input coordinates, both from -1 to 1 across the crop.

    One zoom for rows and columns, so that the shape of the heart stays.
    Source: Germain 2021, §2.4
    Departs from §2.4: Keras, which the paper used, draws a zoom per axis.
    """
    centred = dict(zip(COLUMNS, (2 * drawn - 1).T, strict=True))
    scale = 1 / (1 + augment.zoom * centred["zoom"])
    angle = np.deg2rad(augment.rotation_degrees * centred["rotation"])
    mirror = np.where((centred["flip"] < 0) & augment.flip, -1.0, 1.0)
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    rows = [
        [cosine * mirror, -sine, 2 * augment.shift * centred["shift_columns"]],
        [sine * mirror, cosine, 2 * augment.shift * centred["shift_rows"]],
    ]
    return np.array(rows).transpose(2, 0, 1).astype(np.float32)


def gains(drawn: Float64[np.ndarray, "cine column"], *, augment: Augment) -> Float32[np.ndarray, " cine"]:
    """Factors of intensity around 1."""
    return (1 + augment.gain * (2 * drawn[:, COLUMNS.index("gain")] - 1)).astype(np.float32)


def apply(
    images: Float[Tensor, "batch phase y x"],
    *,
    matrices: Float32[Tensor, "batch 2 3"],
    factors: Float32[Tensor, " batch"],
    augment: Augment,
) -> Float[Tensor, "batch phase y x"]:
    """The images moved and scaled, from 0 to 1; all phases of a cine alike.

    Source: Germain 2021, §2.4
    """
    if changes_nothing(augment):
        return images
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, padding_mode=_PADDING[augment.fill], align_corners=False)
    return (moved * factors[:, None, None, None]).clamp(0, 1)


def to_unit(images: Tensor) -> Tensor:
    """8-bit images as floats from 0 to 1."""
    return images.to(torch.float32) / 255
