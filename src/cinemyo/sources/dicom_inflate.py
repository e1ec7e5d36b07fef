"""Deflated DICOM files as plain ones, within bounds."""

import io
import struct
import zlib
from typing import BinaryIO, Final

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from cinemyo.sources.dicom_meta import meta_end

DEFLATED: Final = DeflatedExplicitVRLittleEndian.encode("ascii")
LARGEST: Final = 512 << 20
"""Bytes that a data set may inflate to."""
MOST_SWOLLEN: Final = 200
"""Inflated bytes per byte, above `_SMALL`."""
_SMALL: Final = 16 << 20
_CHUNK: Final = 1 << 20
_BEGINNING: Final = 64 << 10


def is_deflated(head: bytes) -> bool:
    """Whether the file meta says that the data set behind it is deflated."""
    try:
        return meta_end(head)[0] == DeflatedExplicitVRLittleEndian
    except (ValueError, struct.error):
        return False


def inflated(stream: BinaryIO) -> BinaryIO:
    """The file with its data set inflated, under the transfer syntax Explicit VR Little Endian.

    Raises:
        ValueError: it would swell beyond reason, or is cut short.
        zlib.error: it is damaged.

    Source: DICOM PS3.5 2024, A.5 (RFC 1951, without a zlib header)
    """
    stream.seek(0)
    head = stream.read(_BEGINNING)
    _, start = meta_end(head)
    plain = io.BytesIO()
    plain.write(head[:start].replace(DEFLATED, ExplicitVRLittleEndian.encode("ascii").ljust(len(DEFLATED), b"\0")))
    stream.seek(start)
    engine, read = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while not engine.eof:
        left = engine.unconsumed_tail
        piece = left or stream.read(_CHUNK)
        if not piece:
            break
        read += 0 if left else len(piece)
        plain.write(engine.decompress(piece, _CHUNK))
        if plain.tell() > min(LARGEST, max(_SMALL, MOST_SWOLLEN * read)):
            raise ValueError("a data set that swells beyond reason")
    plain.write(engine.flush())
    if not engine.eof:
        raise ValueError("cut short")
    plain.seek(0)
    return plain
