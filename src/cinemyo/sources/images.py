"""Cines and masks as MetaImage files (.mha): pixels and pixel spacing, nothing else; equal images give equal bytes.

Pixels are stored as they are: deflated, a file has a third of the size, takes longer to write than to read its DICOM
files and hash them, and has other bytes on a machine with another zlib.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import SimpleITK
from jaxtyping import Float, Integer, Num, Real, UInt8

from cinemyo.errors import SetupError, SourceError

_EXACT: Final = (np.int16, np.uint16)
_TYPES: Final = {"uint8": "MET_UCHAR", "int16": "MET_SHORT", "uint16": "MET_USHORT", "float32": "MET_FLOAT"}
_HEADER: Final = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = False
TransformMatrix = 1 0 0 0 1 0 0 0 1
Offset = 0 0 0
CenterOfRotation = 0 0 0
AnatomicalOrientation = RAI
ElementSpacing = {column:.17g} {row:.17g} 1
DimSize = {columns} {rows} {count}
ElementType = {kind}
ElementDataFile = LOCAL
"""


def write_cine(path: Path, frames: Real[np.ndarray, "t y x"], row_spacing_mm: float, column_spacing_mm: float) -> None:
    """Writes frames (t, y, x): 16-bit integers where that is exact, else float32.

    Raises:
        SetupError: no room on the disk, or no right to write there.
    """
    _write(path, smallest(frames), row=row_spacing_mm, column=column_spacing_mm)


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
    _write(path, mask, row=row_spacing_mm, column=column_spacing_mm)


def read_mask(path: Path) -> UInt8[np.ndarray, "phase y x"]:
    """Labels at diastole and systole (phase, y, x).

    Raises:
        SourceError: no such image, or it is damaged.
    """
    return SimpleITK.GetArrayFromImage(_read(path)).astype(np.uint8)


def smallest(frames: Real[np.ndarray, "t y x"]) -> Real[np.ndarray, "t y x"]:
    """The same values in int16 where that is exact, else uint16, else float32: equal values, equal types."""
    if frames.dtype == np.int16:
        return frames
    for kind in _EXACT:
        whole = _exactly(frames, kind)
        if whole is not None:
            return whole
    return frames.astype(np.float32)


def _exactly(frames: Real[np.ndarray, "t y x"], kind: type[np.integer[Any]]) -> Integer[np.ndarray, "t y x"] | None:
    """The frames in an integer type, or None where a value is none of it."""
    whole: Integer[np.ndarray, "t y x"] = np.empty(frames.shape, dtype=kind)
    # what is out of range comes out as some value of the type, which is never the one that went in;
    # frame by frame: one stays in the processor's cache, a cine does not
    with np.errstate(invalid="ignore"):
        for own, frame in zip(whole, frames, strict=True):
            own[...] = frame
            if not np.array_equal(own, frame):
                return None
    return whole


def _write(path: Path, values: Num[np.ndarray, "n y x"], *, row: float, column: float) -> None:
    count, rows, columns = values.shape
    header = _HEADER.format(
        row=row, column=column, columns=columns, rows=rows, count=count, kind=_TYPES[values.dtype.name]
    )
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as file:
            file.write(header.encode("ascii"))
            file.write(little.data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise SetupError(
            str(path),
            expected="room and the right to write",
            got=str(error.strerror),
            remedy="free space and run it again",
        ) from None


def _read(path: Path) -> Any:
    if not path.is_file():
        raise SourceError(str(path), expected="an ingested image", got="no file", remedy="run the stage ingest")
    try:
        return SimpleITK.ReadImage(str(path), imageIO="MetaImageIO")
    except RuntimeError:
        raise SourceError(
            str(path), expected="a MetaImage", got="a damaged file", remedy="delete it and run the stage ingest"
        ) from None
