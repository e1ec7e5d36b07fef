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
_SCAN: Final = b"\xda"
_END: Final = b"\xd9"
_HUFFMAN: Final = b"\xc4"
_LS_FRAME: Final = b"\xf7"
_RESTARTS: Final = range(0xD0, 0xD8)
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
    frames = [at for marker, at in list(_segments(stream)) if marker in _FRAMES]
    bits, rows, columns, samples = struct.unpack_from(">BHHB", stream, next(iter(frames)) + 2)
    return Extent(rows, columns, samples, bits)


def _segments(stream: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of its length, of every segment up to the end of the image.

    Raises:
        StreamError: segments that do not follow on each other, tables of another size than they state, or no end.

    Source: ITU-T T.81, B.1 and B.2
    """
    at, is_ls = 2, False
    while True:
        while stream[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        marker, length = stream[at + 1 : at + 2], int.from_bytes(stream[at + 2 : at + 4], "big")
        if stream[at : at + 1] != b"\xff" or not marker:
            raise StreamError("segments that do not follow on each other")
        if marker == _END:
            return
        if not 2 <= length <= len(stream) - at - 2:
            raise StreamError("a segment beyond the stream")
        if marker == _HUFFMAN:
            _check_huffman(stream[at + 4 : at + 2 + length])
        is_ls |= marker == _LS_FRAME
        yield marker[0], at + 2
        at += 2 + length
        if marker == _SCAN:
            at = _scan_end(stream, at, stuffed=0x7F if is_ls else 0)


def _scan_end(stream: bytes, at: int, *, stuffed: int) -> int:
    """Where the marker after a scan stands; bytes up to `stuffed` after FF are data, and so are restarts.

    Raises:
        StreamError: the stream ends within the scan.
    """
    while (at := stream.find(b"\xff", at)) >= 0 and at + 1 < len(stream):
        following = stream[at + 1]
        if following > stuffed and following not in _RESTARTS and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2
    raise StreamError("a scan without an end")


def _check_huffman(tables: bytes) -> None:
    """Source: ITU-T T.81, B.2.4.2."""
    at = 0
    while at < len(tables):
        symbols = sum(tables[at + 1 : at + 17])
        if tables[at] & 0xEC or symbols > 256 or at + 17 + symbols > len(tables):
            raise StreamError("a table of another size than it states")
        at += 17 + symbols


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
