"""Masks in the project's code (1 right ventricle, 2 myocardium, 3 left ventricle), checked by anatomy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float, UInt8

from cinemyo.sources.nifti import UnusableError, Volume, read_volume

RIGHT: Final = 1
MYOCARDIUM: Final = 2
LEFT: Final = 3

Code = Mapping[int, int]
PROJECT_CODE: Final[Code] = {1: RIGHT, 2: MYOCARDIUM, 3: LEFT}
"""ACDC writes this code too."""
MNMS_CODE: Final[Code] = {1: LEFT, 2: MYOCARDIUM, 3: RIGHT}
"""M&Ms and M&Ms-2: the two cavities have each other's numbers."""

ENCLOSED: Final = 0.6
"""Share of a cavity's outline that touches myocardium from which on it is the left ventricle's. On the short axes of 60
ACDC patients, both phases together: left ventricle at least 0.99, right ventricle at most 0.41. In a four-chamber view
the mitral valve lies open."""


@dataclass(frozen=True)
class Masks:
    """Masks at diastole and systole, or the reason why those that are there cannot be used."""

    names: tuple[str, ...] = ()
    labels: UInt8[np.ndarray, "phase z y x"] | None = None
    fault: UnusableError | None = None

    @property
    def faults(self) -> dict[str, UnusableError]:
        """The reason by file name, where the masks cannot be used."""
        return {} if self.fault is None else dict.fromkeys(self.names, self.fault)


def read_labels(path: Path, *, like: Volume, code: Code) -> UInt8[np.ndarray, "t z y x"]:
    """The labels of a mask file in the project's code.

    Raises:
        UnusableError: `mask_unreadable`, `mask_shape` or `mask_unknown_label`.
    """
    try:
        voxels = read_volume(path).voxels
    except UnusableError as fault:
        raise UnusableError("mask_unreadable", fault.reason) from None
    if voxels.shape[1:] != like.voxels.shape[1:]:
        raise UnusableError("mask_shape", "the mask differs from its image in size")
    return recoded(voxels, code=code)


def recoded(voxels: Float[np.ndarray, "t z y x"], *, code: Code) -> UInt8[np.ndarray, "t z y x"]:
    """Labels in the project's code.

    Raises:
        UnusableError: `mask_unknown_label`.
    """
    largest = max(code)
    labels = np.clip(np.nan_to_num(voxels, nan=-1), -1, largest + 1)
    whole = np.maximum(labels, 0).astype(np.uint8)
    if labels.min() < 0 or labels.max() > largest or not np.array_equal(whole, labels):
        raise UnusableError("mask_unknown_label", f"the mask holds values other than 0 to {largest}")
    table = np.zeros(largest + 1, dtype=np.uint8)
    for written, meant in code.items():
        table[written] = meant
    meanings: UInt8[np.ndarray, "t z y x"] = table[whole]
    return meanings


def check_anatomy(labels: UInt8[np.ndarray, "n z y x"]) -> None:
    """Nothing, where the anatomy does not contradict the code: myocardium surrounds the left ventricle, not the right.

    Raises:
        UnusableError: `mask_code_inverted`.
    """
    left, right = enclosure(labels, LEFT), enclosure(labels, RIGHT)
    if right is not None and right >= ENCLOSED and (left is None or right > left):
        raise UnusableError("mask_code_inverted", "myocardium surrounds what its source calls the right ventricle")


def enclosure(labels: UInt8[np.ndarray, "n z y x"], cavity: int) -> float | None:
    """Share of a cavity's outline within the slices that touches myocardium; None without the cavity."""
    inside = labels == cavity
    outline = wall = 0
    for here, there in _neighbours(labels.ndim):
        edge = inside[here] & ~inside[there]
        outline += int(edge.sum())
        wall += int((edge & (labels[there] == MYOCARDIUM)).sum())
    return wall / outline if outline else None


def _neighbours(axes: int) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Indices of all pixels with a neighbour up, down, left and right, and of those neighbours."""
    pairs = []
    for axis in (axes - 2, axes - 1):
        first = tuple(slice(None, -1) if own == axis else slice(None) for own in range(axes))
        second = tuple(slice(1, None) if own == axis else slice(None) for own in range(axes))
        pairs += [(first, second), (second, first)]
    return pairs


def drawn_frames(labels: UInt8[np.ndarray, "t z y x"]) -> Bool[np.ndarray, " t"]:
    """Which frames hold any label."""
    return np.asarray(labels.any(axis=(1, 2, 3)), bool)
