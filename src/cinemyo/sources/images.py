"""Cines and masks as MetaImage files (.mha): pixels and pixel spacing, nothing else; equal images give equal bytes."""

import re
from pathlib import Path
from typing import Any, Final

import numpy as np
import SimpleITK
from jaxtyping import Float, Num, UInt8

from cinemyo.errors import SetupError, SourceError

_EXACT: Final = (np.int16, np.uint16)
_HEADER_BYTES: Final = 4096


def write_cine(path: Path, frames: Float[np.ndarray, "t y x"], row_spacing_mm: float, column_spacing_mm: float) -> None:
    """Writes frames (t, y, x), compressed; 16-bit integers where that is exact, else float32.

    Raises:
        SetupError: no room on the disk, or no right to write there.
    """
    _write(path, _smallest(frames), spacing=(column_spacing_mm, row_spacing_mm, 1.0))


def read_cine(path: Path) -> tuple[Float[np.ndarray, "t y x"], float, float]:
    """Frames (t, y, x) in float32, distance between rows and between columns in mm.

    Raises:
        SourceError: no such image, or it is damaged.
    """
    image = _read(path)
    column, row, _ = image.GetSpacing()
    return SimpleITK.GetArrayFromImage(image).astype(np.float32), row, column


def write_mask(
    path: Path, mask: UInt8[np.ndarray, "phase y x"], row_spacing_mm: float, column_spacing_mm: float
) -> None:
    """Writes labels at diastole and systole (phase, y, x), as `Cine.mask` has them.

    Raises:
        SetupError: no room on the disk, or no right to write there.
    """
    _write(path, mask, spacing=(column_spacing_mm, row_spacing_mm, 1.0))


def read_mask(path: Path) -> UInt8[np.ndarray, "phase y x"]:
    """Labels at diastole and systole (phase, y, x).

    Raises:
        SourceError: no such image, or it is damaged.
    """
    return SimpleITK.GetArrayFromImage(_read(path)).astype(np.uint8)


def _smallest(frames: Float[np.ndarray, "t y x"]) -> Num[np.ndarray, "t y x"]:
    low, high = float(frames.min()), float(frames.max())
    for kind in _EXACT:
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            whole = frames.astype(kind)
            return whole if np.array_equal(whole, frames) else frames.astype(np.float32)
    return frames.astype(np.float32)


def _write(path: Path, values: Num[np.ndarray, "n y x"], *, spacing: tuple[float, float, float]) -> None:
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values))
    image.SetSpacing(spacing)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        SimpleITK.WriteImage(image, str(path), useCompression=True)
    except RuntimeError as error:
        reason = str(error).rsplit("Reason: ", maxsplit=1)[-1].strip().splitlines()[-1]
    else:
        reason = "" if _is_whole(path) else "No space left on device"
    if reason:
        path.unlink(missing_ok=True)
        raise SetupError(
            str(path), expected="room and the right to write", got=reason, remedy="free space and run it again"
        )


def _is_whole(path: Path) -> bool:
    """Whether the file is as long as its header says; ITK does not notice when the last block finds no room."""
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    header, end, _ = start.partition(b"ElementDataFile = LOCAL\n")
    size = re.search(rb"CompressedDataSize = (\d+)", header)
    return bool(end) and size is not None and path.stat().st_size == len(header) + len(end) + int(size[1])


def _read(path: Path) -> Any:
    if not path.is_file():
        raise SourceError(str(path), expected="an ingested image", got="no file", remedy="run the stage ingest")
    try:
        return SimpleITK.ReadImage(str(path), imageIO="MetaImageIO")
    except RuntimeError:
        raise SourceError(
            str(path), expected="a MetaImage", got="a damaged file", remedy="delete it and run the stage ingest"
        ) from None
