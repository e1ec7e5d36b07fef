"""Tiny NIfTI files for tests: a beating ring with a crescent beside it, in the code that a source writes."""

from collections.abc import Mapping
from pathlib import Path

import nibabel
import numpy as np

COLUMNS, ROWS, SLICES, FRAMES = 24, 20, 3, 6
ZOOMS = (1.25, 1.5, 10.0)


def heart(frame: int = 0, *, columns: int = COLUMNS, rows: int = ROWS, slices: int = SLICES) -> np.ndarray:
    """(x, y, z) labels in the project's code: a cavity in a closed ring, and a crescent at its left."""
    x, y = np.mgrid[:columns, :rows]
    radius = np.hypot(x - 0.6 * columns, y - 0.5 * rows)
    cavity, wall = 3.0 - 0.25 * frame, 5.0
    labels = np.zeros((columns, rows), np.uint8)
    labels[(np.hypot(x - 0.4 * columns, y - 0.5 * rows) < 6) & (radius >= wall)] = 1
    labels[radius < wall] = 2
    labels[radius < cavity] = 3
    return np.repeat(labels[:, :, None], slices, axis=2)


def coded(labels: np.ndarray, code: Mapping[int, int]) -> np.ndarray:
    """Labels of the project's code in that of a source: `code` says what the source writes for each."""
    table = np.array([0, *(code[own] for own in (1, 2, 3))], np.uint8)
    return table[labels]


def image(frame: int, *, seed: int = 0, slices: int = SLICES) -> np.ndarray:
    """(x, y, z): the ring's gray values and noise that tells frames and slices apart."""
    noise = np.random.default_rng([seed, frame]).integers(0, 20, (COLUMNS, ROWS, slices))
    return (100 * heart(frame, slices=slices) + noise).astype(np.int16)


def series(*, frames: int = FRAMES, seed: int = 0, slices: int = SLICES) -> np.ndarray:
    """(x, y, z, t)."""
    return np.stack([image(frame, seed=seed, slices=slices) for frame in range(frames)], axis=-1)


def save(
    path: Path,
    values: np.ndarray,
    *,
    zooms: tuple[float, ...] = ZOOMS,
    affine: np.ndarray | None = None,
    frame: tuple[float, str] | None = None,
) -> Path:
    """A NIfTI file; without an affine its codes are 0, and `frame` is a duration with its unit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = nibabel.Nifti1Image(values, affine)
    made.header.set_zooms((*zooms, 1.0 if frame is None else frame[0])[: values.ndim])
    if affine is None:
        made.header["sform_code"] = made.header["qform_code"] = 0
    if frame is not None:
        made.header.set_xyzt_units("mm", frame[1])
    nibabel.save(made, path)
    return path


def affine(axes: np.ndarray, *, zooms: tuple[float, ...] = ZOOMS, origin: tuple[float, ...] = (0, 0, 0)) -> np.ndarray:
    """The affine (RAS) of unit axes in the columns."""
    made = np.eye(4)
    made[:3, :3] = axes * np.array(zooms)
    made[:3, 3] = origin
    return made
