"""NIfTI volumes in display order, or the named reason why one cannot be used."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nibabel
import numpy as np
from jaxtyping import Float
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

IN_PLANE_MM: Final = (0.1, 10.0)
BETWEEN_SLICES_MM: Final = (0.1, 100.0)
LARGEST: Final = (2048, 2048, 128, 256)
"""Columns, rows, slices, frames; a header that says more is damaged or no heart."""

_DAMAGED: Final = (ImageFileError, HeaderDataError, OSError, EOFError, zlib.error, ValueError, OverflowError)


class UnusableError(Exception):
    """An image or exam that becomes an exclusion: its code and one sentence."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Volume:
    """A stack over time: voxels as (frame, slice, row, column) and distances in mm."""

    voxels: Float[np.ndarray, "t z y x"]
    row_spacing_mm: float
    column_spacing_mm: float
    slice_spacing_mm: float

    @property
    def grid(self) -> tuple[object, ...]:
        """What two volumes of one stack share: slices, rows, columns and distances."""
        return (*self.voxels.shape[1:], self.row_spacing_mm, self.column_spacing_mm, self.slice_spacing_mm)


def read_volume(path: Path) -> Volume:
    """The volume in a NIfTI file, rescaled as its header says.

    The file's first axis becomes the columns and its second the rows. On ACDC this is how a scanner shows the heart
    (right ventricle on the left, head up) in every file. Distances are the header's pixdim, rounded to a millionth
    of a mm: the affine of the release is wrong.

    Raises:
        UnusableError: `unreadable_image`, `bad_shape` or `bad_spacing`.
    """
    try:
        image: Any = nibabel.load(path)
        shape = tuple(int(side) for side in image.shape)
        _check_shape(shape)
        spacing = _spacing(image.header)
        values = np.asarray(image.get_fdata(dtype=np.float32, caching="unchanged"))
    except _DAMAGED:
        raise UnusableError("unreadable_image", "the file is no NIfTI image, or is cut short") from None
    stack = values.reshape((*shape, 1)[:4]).transpose(3, 2, 1, 0)
    return Volume(np.ascontiguousarray(stack), spacing[1], spacing[0], spacing[2])


def _check_shape(shape: tuple[int, ...]) -> None:
    inside = all(1 <= side <= largest for side, largest in zip(shape, LARGEST, strict=False))
    if len(shape) not in (3, 4) or not inside:
        raise UnusableError(
            "bad_shape", f"expected columns x rows x slices (x frames), got {' x '.join(map(str, shape))}"
        )


def _spacing(header: Any) -> tuple[float, float, float]:
    """Distances along columns, rows and slices, in mm."""
    x, y, z = (round(float(zoom), 6) for zoom in header.get_zooms()[:3])
    low, high = IN_PLANE_MM
    thin, thick = BETWEEN_SLICES_MM
    if not (low <= x <= high and low <= y <= high and thin <= z <= thick):
        raise UnusableError("bad_spacing", f"expected distances of {low} to {high} mm, got {x} x {y} x {z}")
    return x, y, z
