"""What a compressed image says of itself, read before any decoder sees it: decoders trust it, and some die of it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydicom import Dataset
from pydicom.encaps import generate_frames

_RLE: Final = "1.2.840.10008.1.2.5"
_RLE_HEADER: Final = 64
_RLE_SEGMENTS: Final = 15
_BYTE: Final = 8
_JPEG_START: Final = b"\xff\xd8"
_JPEG_2000_START: Final = b"\xff\x4f\xff\x51"
_BOXES: Final = 4096
_SCAN: Final = 0xDA
_FRAMES: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC} | {0xF7}
"""Markers that begin a frame of JPEG (SOF0 to SOF15) and of JPEG-LS (SOF55)."""
_MOST_TILES: Final = 65_535


class StreamError(ValueError):
    """A compressed image that is not the one that the data set describes."""


@dataclass(frozen=True)
class Extent:
    """The size that a codestream states."""

    rows: int
    columns: int
    samples: int
    bits: int


def check_streams(dataset: Dataset) -> None:
    """Refuses compressed pixels that state another size than the data set does.

    Raises:
        StreamError: a frame states other rows, columns, samples or too many bits, or is no image at all.

    Source: DICOM PS3.5 2024, 8.2 (the data set's values shall agree with those of the codestream)
    """
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    found = 0
    for stream in generate_frames(dataset.PixelData, number_of_frames=frames):
        check_stream(stream, dataset)
        found += 1
    if found != frames:
        raise StreamError(f"{found} frames, {frames} stated")


def check_stream(stream: bytes, dataset: Dataset) -> None:
    """Refuses the stream of one frame where it states another size than the data set does.

    Raises:
        StreamError: other rows, columns, samples or too many bits, or no image at all.
    """
    check_frame(
        stream,
        syntax=dataset.file_meta.TransferSyntaxUID,
        size=(int(dataset.Rows), int(dataset.Columns), int(dataset.SamplesPerPixel)),
        allocated=int(dataset.BitsAllocated),
        stored=int(dataset.BitsStored),
    )


def check_frame(
    stream: bytes, *, syntax: str, size: tuple[int, int, int], allocated: int, stored: int | None = None
) -> None:
    """As `check_stream`, of the rows, columns and samples, and the bits allocated and stored of each sample.

    A stream may hold all bits that are allocated, and say so, but none between: those were values, and would be lost.

    Raises:
        StreamError: other rows, columns, samples or too many bits, or no image at all.
    """
    if syntax == _RLE:
        _check_rle(stream, segments=size[2] * -(-allocated // _BYTE))
        return
    extent = stated(stream)
    known = 0 < extent.bits <= (allocated if stored is None else stored) or extent.bits == allocated
    if (extent.rows, extent.columns, extent.samples) != size or not known:
        raise StreamError("another size than the data set states")


def stated(stream: bytes) -> Extent:
    """The size that a JPEG, JPEG-LS or JPEG 2000 codestream states.

    Raises:
        StreamError: it states none.
    """
    try:
        if stream[:2] == _JPEG_START:
            return _jpeg(stream)
        return _jpeg_2000(stream)
    except (struct.error, StopIteration):
        raise StreamError("a codestream without a header") from None


def _jpeg(stream: bytes) -> Extent:
    """Source: ITU-T T.81, B.2.2 (frame header); ITU-T T.87, C.2.2 for JPEG-LS."""
    at = next(at for marker, at in _segments(stream) if marker in _FRAMES)
    bits, rows, columns, samples = struct.unpack_from(">BHHB", stream, at + 2)
    return Extent(rows, columns, samples, bits)


def _segments(stream: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of its length, up to the first scan."""
    at = 2
    while at + 4 <= len(stream):
        if stream[at] != 0xFF:
            return
        marker = stream[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
            continue
        if marker == _SCAN:
            return
        yield marker, at + 2
        at += 2 + max(2, int.from_bytes(stream[at + 2 : at + 4], "big"))


def _jpeg_2000(stream: bytes) -> Extent:
    """Source: ITU-T T.800, A.5.1 (image and tile size)."""
    start = stream[:_BOXES].find(_JPEG_2000_START)
    if start < 0:
        raise StreamError("no codestream")
    x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, samples, depth = struct.unpack_from(
        ">8IHB", stream, start + len(_JPEG_2000_START) + 4
    )
    if not tile_x or not tile_y or -(-(x1 - tile_x0) // tile_x) * -(-(y1 - tile_y0) // tile_y) > _MOST_TILES:
        raise StreamError("no tiles, or too many")
    return Extent(y1 - y0, x1 - x0, samples, (depth & 0x7F) + 1)


def _check_rle(stream: bytes, *, segments: int) -> None:
    """Source: DICOM PS3.5 2024, G.5 (RLE header)."""
    if len(stream) < _RLE_HEADER:
        raise StreamError("no RLE header")
    count, *offsets = struct.unpack_from("<16I", stream)
    used = offsets[:segments]
    rising = all(before < after for before, after in zip(used, [*used[1:], len(stream)], strict=True))
    if count != segments or segments > _RLE_SEGMENTS or used[0] < _RLE_HEADER or not rising:
        raise StreamError("RLE segments that do not fit the data set")
