"""Where a NIfTI stack lies in the patient, and which way round its slices are shown."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Float, Shaped

from cinemyo.sources.base import Vector
from cinemyo.sources.nifti import UnusableError, Volume

Display = Literal["stored", "patient"]

_LPS: Final = np.array([-1.0, -1.0, 1.0])
"""NIfTI counts to the right, anterior and superior; DICOM, and this project, to the left, posterior and superior."""
_TOLERANCE: Final = 0.01
"""Share by which the affine may differ from the stated distances, and cosine between axes that should be square."""


@dataclass(frozen=True)
class Geometry:
    """Directions of the axes, and where the first pixel of the first slice lies, in mm (LPS)."""

    row_cosine: Vector
    """Direction in which the row index grows."""
    column_cosine: Vector
    """Direction in which the column index grows."""
    slice_step: Vector
    """From one slice to the next, in mm."""
    origin: Vector

    def position(self, index: int) -> Vector:
        """Centre of the first pixel of a slice, mm."""
        return _vector(np.array(self.origin) + index * np.array(self.slice_step))


def own_frame(volume: Volume) -> Geometry:
    """A frame of the stack itself, slices along z, for a file whose orientation nobody vouches for."""
    return Geometry((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, volume.slice_spacing_mm), (0.0, 0.0, 0.0))


def stated(volume: Volume) -> Geometry:
    """The geometry of the header's affine; of the stack itself where no affine is vouched for (codes of 0).

    Raises:
        UnusableError: `affine_disagrees`: axes that are not square, or not as long as the header's distances.
    """
    if volume.affine is None:
        return own_frame(volume)
    axes = volume.affine[:3, :3] * _LPS[:, None]
    lengths = np.linalg.norm(axes, axis=0)
    said = np.array([volume.column_spacing_mm, volume.row_spacing_mm, volume.slice_spacing_mm])
    if (np.abs(lengths - said) > _TOLERANCE * said).any():
        raise UnusableError("affine_disagrees", "the affine has other distances than the header's pixdim")
    cosines = axes / lengths
    if np.abs(cosines.T @ cosines - np.eye(3)).max() > _TOLERANCE:
        raise UnusableError("affine_disagrees", "the axes of the affine are not square to each other")
    step = cosines[:, 2] * volume.slice_spacing_mm
    return Geometry(_vector(cosines[:, 1]), _vector(cosines[:, 0]), _vector(step), _vector(volume.affine[:3, 3] * _LPS))


def trusted(volume: Volume) -> Geometry:
    """As `stated`, but the stack's own frame where the affine contradicts the header's distances."""
    try:
        return stated(volume)
    except UnusableError:
        return own_frame(volume)


def turns(geometry: Geometry, *, display: Display) -> tuple[bool, bool]:
    """Whether rows and columns must be reversed to be shown that way.

    `stored`: as the file has them. `patient`: as a scanner shows a patient: columns grow to the left, or backwards in
    a sagittal plane, and rows backwards, or to the feet in an upright plane. Converters from DICOM often reverse rows.
    """
    if display == "stored":
        return False, False
    return _against(geometry.row_cosine), _against(geometry.column_cosine)


def turned(values: Shaped[np.ndarray, "t z y x"], reverse: tuple[bool, bool]) -> Shaped[np.ndarray, "t z y x"]:
    """The values with rows, columns, or both reversed."""
    rows, columns = (slice(None, None, -1 if backwards else 1) for backwards in reverse)
    return np.ascontiguousarray(values[:, :, rows, columns])


def turned_geometry(geometry: Geometry, volume: Volume, reverse: tuple[bool, bool]) -> Geometry:
    """The geometry of the reversed slices: the same places in the patient."""
    origin, cosines = np.array(geometry.origin), []
    lengths = (
        (volume.voxels.shape[2] - 1) * volume.row_spacing_mm,
        (volume.voxels.shape[3] - 1) * volume.column_spacing_mm,
    )
    axes = geometry.row_cosine, geometry.column_cosine
    for axis, length, backwards in zip(axes, lengths, reverse, strict=True):
        direction = np.array(axis)
        if backwards:
            origin, direction = origin + direction * length, -direction
        cosines.append(_vector(direction))
    return Geometry(cosines[0], cosines[1], geometry.slice_step, _vector(origin))


def _against(cosine: Vector) -> bool:
    """Whether an axis runs against the way of a scanner's display: to the left, the back or the feet."""
    along = np.array(cosine) * np.array([1.0, 1.0, -1.0])
    return bool(along[np.argmax(np.abs(along))] < 0)


def _vector(values: Float[np.ndarray, "3"] | Any) -> Vector:
    x, y, z = (round(float(value), 6) + 0.0 for value in values)
    return (x, y, z)
