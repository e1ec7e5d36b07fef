"""NIfTI volumes with the file's axes as columns and rows, or the named reason why one cannot be used."""

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from cinemyo.sources.nifti_bytes import load

ENDINGS: Final = (".nii.gz", ".nii")
IN_PLANE_MM: Final = (0.1, 10.0)
BETWEEN_SLICES_MM: Final = (0.1, 100.0)
LARGEST: Final = (2048, 2048, 128, 256)
"""Columns, rows, slices, frames; a header that says more is damaged or no heart."""
MOST_VOXELS: Final = 120_000_000
"""Of all frames together, about half a gigabyte as float32; three times the largest cine stack of any release."""
FRAME_MS: Final = (5.0, 250.0)
SERIES_MS: Final = (250.0, 3000.0)
"""From the first frame to the end of the last: one heart beat, at 20 to 240 a minute."""

_DAMAGED: Final = (
    ImageFileError,
    HeaderDataError,
    OSError,
    EOFError,
    zlib.error,
    ValueError,
    OverflowError,
    TypeError,
    KeyError,
)
_MM_PER: Final = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
_MS_PER: Final = {"sec": 1000.0, "msec": 1.0, "usec": 0.001}


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
    affine: Float[np.ndarray, "4 4"] | None = None
    """From (column, row, slice) to mm right, anterior and superior, where the header vouches for one."""
    frame_ms: float | None = None
    """Duration of a frame, where the header states one that a heart beat can have."""

    @property
    def phase_key(self) -> str:
        """What orders the frames: their times where they are known, else their numbers."""
        return "frame_number" if self.frame_ms is None else "frame_time"

    @property
    def grid(self) -> tuple[object, ...]:
        """What two volumes of one stack share: slices, rows, columns and distances."""
        return (*self.voxels.shape[1:], self.row_spacing_mm, self.column_spacing_mm, self.slice_spacing_mm)


def read_volume(path: Path) -> Volume:
    """The volume in a NIfTI file, rescaled as its header says.

    The file's first axis becomes the columns and its second the rows; axes after the fourth must be of length one.
    Distances are the header's pixdim, rounded to a millionth of a mm, never the affine's: on ACDC the affine is wrong.

    Raises:
        UnusableError: `unreadable_image`, `bad_shape`, `bad_values` or `bad_spacing`.
    """
    try:
        # a damaged header may hold numbers that are none
        with np.errstate(all="ignore"):
            image = load(path)
            shape = _shape(image)
            spacing = _spacing(image.header)
            values = np.asarray(image.get_fdata(dtype=np.float32, caching="unchanged"))
            affine, frame_ms = _affine(image.header), _frame_ms(image.header, frames=shape[3])
    except _DAMAGED:
        raise UnusableError("unreadable_image", "the file is no NIfTI image, or is cut short") from None
    stack = np.ascontiguousarray(values.reshape(shape).transpose(3, 2, 1, 0))
    return Volume(stack, spacing[1], spacing[0], spacing[2], affine, frame_ms)


def over_time(volume: Volume) -> Volume:
    """The volume of a three-dimensional file whose third axis is time: one slice of as many frames."""
    frames = np.ascontiguousarray(volume.voxels.swapaxes(0, 1))
    return Volume(frames, volume.row_spacing_mm, volume.column_spacing_mm, volume.slice_spacing_mm, volume.affine)


def _shape(image: Any) -> tuple[int, int, int, int]:
    """Columns, rows, slices and frames, once they are plausible and the values are plain numbers."""
    full = tuple(int(side) for side in image.shape)
    told = " x ".join(map(str, full))
    if len(full) < 3 or any(side != 1 for side in full[4:]):
        raise UnusableError("bad_shape", f"expected columns x rows x slices (x frames), got {told}")
    columns, rows, slices, frames = (*full[:4], 1)[:4]
    shape = (columns, rows, slices, frames)
    if not all(1 <= side <= most for side, most in zip(shape, LARGEST, strict=True)) or math.prod(shape) > MOST_VOXELS:
        raise UnusableError("bad_shape", f"expected columns x rows x slices (x frames) of a heart, got {told}")
    if np.dtype(image.get_data_dtype()).kind not in "iuf":
        raise UnusableError("bad_values", "the voxels are colours or complex numbers")
    return shape


def _spacing(header: Any) -> tuple[float, float, float]:
    """Distances along columns, rows and slices, in mm."""
    scale = _MM_PER[header.get_xyzt_units()[0]]
    x, y, z = (round(float(zoom) * scale, 6) for zoom in header.get_zooms()[:3])
    low, high = IN_PLANE_MM
    thin, thick = BETWEEN_SLICES_MM
    if not (low <= x <= high and low <= y <= high and thin <= z <= thick):
        raise UnusableError("bad_spacing", f"expected distances of {low} to {high} mm, got {x} x {y} x {z}")
    return x, y, z


def _affine(header: Any) -> Float[np.ndarray, "4 4"] | None:
    """The sform where its code is set, else the qform where its code is set."""
    affine = header.get_sform(coded=True)[0]
    if affine is None:
        affine = header.get_qform(coded=True)[0]
    if affine is None or not np.isfinite(affine).all():
        return None
    scale = _MM_PER[header.get_xyzt_units()[0]]
    scaled: Float[np.ndarray, "4 4"] = np.diag([scale, scale, scale, 1.0]) @ np.asarray(affine, dtype=np.float64)
    return scaled


def _frame_ms(header: Any, *, frames: int) -> float | None:
    """Many writers put one second there, or a repetition time: what no heart beat can have is as good as nothing."""
    unit = _MS_PER.get(header.get_xyzt_units()[1])
    zooms = header.get_zooms()
    if unit is None or len(zooms) < 4:
        return None
    duration = round(float(zooms[3]) * unit, 3)
    low, high = FRAME_MS
    shortest, longest = SERIES_MS
    return duration if low <= duration <= high and shortest <= duration * frames <= longest else None
