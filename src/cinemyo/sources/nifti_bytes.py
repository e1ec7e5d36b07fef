"""The bytes of a NIfTI file, unpacked, checked to the end, and never more of them than its header promises."""

import logging
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.imageglobals import ErrorLevel

MOST_BYTES: Final = 400_000_000
"""Of an unpacked file; a quarter of the memory that a reader may take, since its values are copied twice."""
_HEADER: Final = 348
_SECOND_HEADER: Final = 540
_GZIP: Final = 31
_PIECE: Final = 1 << 20
_LARGEST_VOXEL: Final = 8
_MENDED: Final = 30
"""nibabel's level of faults that it would mend with a warning; those below change nothing."""


def load(path: Path) -> Any:
    """The image in a NIfTI file, its header as it stands.

    nibabel alone mends headers (a voxel offset, a negative distance) with a line on standard error, and stops unpacking
    at the last voxel, before the checksum that tells whether the voxels are right.

    Raises:
        ImageFileError, HeaderDataError: a damaged file, a header that needs mending, or more than it promises.
        OSError: the file cannot be read.
    """
    content = _content(path)
    kind, header = (nibabel.Nifti2Image, _SECOND_HEADER) if _is_second(content) else (nibabel.Nifti1Image, _HEADER)
    if len(content) < header:
        raise ImageFileError("no header")
    with _silent(), ErrorLevel(_MENDED), np.errstate(all="ignore"):  # type: ignore[no-untyped-call]
        image: Any = kind.from_bytes(content)
    if image.dataobj.offset < header:
        raise ImageFileError("voxels within the header")
    return image


@contextmanager
def _silent() -> Iterator[None]:
    logger = logging.getLogger("nibabel.global")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        if path.name.lower().endswith(".gz"):
            return _unpacked(file)
        start = file.read(_HEADER)
        most = _promised(start)
        content = start + file.read(most + 1 - len(start))
    if len(content) > most:
        raise ImageFileError("more bytes than the header promises")
    return content


def _unpacked(file: BinaryIO) -> bytes:
    """All members of a gzip file, whole and with the right checksums."""
    content, rest = bytearray(), b""
    most = _HEADER
    while rest or not content:
        unpacker = zlib.decompressobj(_GZIP)
        while not unpacker.eof:
            packed = rest or unpacker.unconsumed_tail or file.read(_PIECE)
            rest = b""
            before = len(content)
            content += _inflated(unpacker, packed, most + 1 - before)
            if not packed and len(content) == before:
                raise ImageFileError("cut short")
            if len(content) > most == _HEADER:
                most = _promised(content)
            if len(content) > most:
                raise ImageFileError("more bytes than the header promises")
        rest = (unpacker.unused_data or file.read(_PIECE)).lstrip(b"\0")
    return bytes(content)


def _inflated(unpacker: Any, packed: bytes, most: int) -> bytes:
    try:
        return bytes(unpacker.decompress(packed, most))
    except zlib.error:
        raise ImageFileError("a damaged gzip stream") from None


def _promised(start: bytes | bytearray) -> int:
    """The most bytes that a file with this header has: its voxels as the largest numbers, and a margin.

    Source: nifti1.h and nifti2.h, dim
    """
    order = "<" if start[:1] in (b"\x5c", b"\x1c") else ">"
    try:
        rank, *sides = struct.unpack_from(f"{order}8q", start, 16) if _is_second(start) else _first_sides(start, order)
    except struct.error:
        return _HEADER
    voxels = math.prod(max(1, side) for side in sides[: max(0, rank)])
    return min(MOST_BYTES, _LARGEST_VOXEL * voxels + _PIECE)


def _first_sides(start: bytes | bytearray, order: str) -> tuple[int, ...]:
    return struct.unpack_from(f"{order}8h", start, 40)


def _is_second(start: bytes | bytearray) -> bool:
    """Whether it is NIfTI-2, by the size of its header."""
    return start[:4] in (b"\x1c\x02\0\0", b"\0\0\x02\x1c")
