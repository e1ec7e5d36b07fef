"""A DICOM file up to its pixels: by a walk over its beginning where that is plain, else by pydicom."""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, Final

import pydicom
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from cinemyo.deid.decoding import quiet
from cinemyo.sources.codecs import is_read
from cinemyo.sources.dicom_elements import UNDEFINED, Elements, elements, tags, too_many_items
from cinemyo.sources.dicom_facts import KEYWORDS
from cinemyo.sources.dicom_inflate import DEFLATED, inflated, is_deflated
from cinemyo.sources.dicom_sense import DECISIVE, UNREADABLE
from cinemyo.sources.dicom_syntaxes import PLAIN
from cinemyo.sources.dicom_values import Values, integer, text

BEGINNING: Final = 1 << 20
"""Bytes of a file that are walked over in memory."""
_MOST_FRAMES: Final = 1 << 20
"""Whose bytes are counted; a header can claim more than any number of bytes that can be asked for."""
_BARE: Final = (b"\x08\x00", b"\x02\x00")
_PIXEL_VRS: Final = {b"OB\0\0", b"OW\0\0", b"UN\0\0"}
_PIXEL_TAGS: Final = {b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"}
_WANTED: Final = tags(KEYWORDS)


@dataclass(frozen=True)
class Parsed:
    """A data set up to its pixels, and where they are."""

    values: Values
    syntax: str
    start: int
    """Of the pixel element."""
    at: int | None
    """Of its value; None where there is none, or none of the kind that the transfer syntax says."""
    stream: BinaryIO
    """The file, or what it inflates to."""
    length: int = UNDEFINED
    """Of the value, as its element states it."""

    @property
    def span(self) -> tuple[int, int | None] | None:
        """From where to where the pixels' bytes reach: those that the header counts, or all to the end."""
        if self.at is None:
            return None
        if self.syntax not in PLAIN:
            return self.start, None
        return self.at, self.at + self.frame_bytes * min(
            _MOST_FRAMES, max(1, integer(self.values, "NumberOfFrames") or 1)
        )

    @cached_property
    def frame_bytes(self) -> int:
        """The bytes that one frame of plain numbers takes."""
        rows, columns, bits, samples = (
            integer(self.values, name) or 0 for name in ("Rows", "Columns", "BitsAllocated", "SamplesPerPixel")
        )
        return max(0, rows * columns * bits * max(1, samples) // 8)


@dataclass(frozen=True)
class Resolved:
    """Values that are converted already, by keyword."""

    found: Mapping[str, Any]

    def get(self, keyword: str, /) -> Any:
        """The value, or None."""
        return self.found.get(keyword)


def parse(head: bytes, stream: BinaryIO) -> Parsed | str:
    """The data set of a file whose beginning is `head`, or the code of the refusal."""
    bare = head[:2] in _BARE  # a data set without the 128-byte preamble
    if head[128:132] != b"DICM" and not bare:
        return "not_dicom"
    if DEFLATED in head[:1024] and is_deflated(head):
        try:
            stream = inflated(stream)
        except (ValueError, zlib.error, struct.error):
            return "unreadable"
        found = parse(stream.read(BEGINNING), stream)
        return found if isinstance(found, str) else _deflated(found)
    quick = elements(head, wanted=_WANTED, whole=len(head) < BEGINNING)
    if quick is not None and text(quick, "SOPClassUID"):
        found = Parsed(quick, quick.syntax, quick.start, _readable_at(quick), stream, quick.length)
    else:
        if too_many_items(head):
            return "unreadable"
        stream.seek(0)
        with quiet():
            parsed = _by_pydicom(stream, force=bare)
        if parsed is None:
            return "unreadable"
        found = parsed
    bits = integer(found.values, "BitsStored") or 0
    return found if is_read(found.syntax, bits=bits) else "unsupported_transfer_syntax"


def _deflated(found: Parsed) -> Parsed:
    return Parsed(found.values, DeflatedExplicitVRLittleEndian, found.start, found.at, found.stream, found.length)


def _readable_at(quick: Elements) -> int | None:
    """Where the pixels begin, if they are as the transfer syntax says: plain numbers, or fragments."""
    fragments = quick.length == UNDEFINED
    return quick.pixels_at if fragments == (quick.syntax not in PLAIN) else None


def _by_pydicom(stream: BinaryIO, *, force: bool) -> Parsed | None:
    wanted: list[Any] = [*_WANTED]
    try:
        dataset = pydicom.dcmread(stream, stop_before_pixels=True, force=force, specific_tags=wanted)
        start, found = stream.tell(), {name: _value(dataset, name) for name in KEYWORDS}
    except Exception:  # whatever a broken header provokes, one file never ends a run
        return None
    implicit, little = dataset.original_encoding
    explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    syntax = text(dataset.file_meta, "TransferSyntaxUID") or (ImplicitVRLittleEndian if implicit else explicit)
    if not found["SOPClassUID"]:
        found["SOPClassUID"] = text(dataset.file_meta, "MediaStorageSOPClassUID")
    at, length = _value_at(stream, implicit=bool(implicit), syntax=syntax, little=bool(little))
    return Parsed(Resolved(found), syntax, start, at, stream, length)


def _value(dataset: pydicom.Dataset, keyword: str) -> Any:
    try:
        value = dataset.get(keyword)
    except Exception:  # a broken element is an absent one: pydicom raises many kinds here
        value = b""
    if not isinstance(value, bytes | pydicom.Sequence):
        return value
    # no value of ours is a sequence or bytes, unless its VR lies
    return UNREADABLE if keyword in DECISIVE else None


def _value_at(stream: BinaryIO, *, implicit: bool, syntax: str, little: bool) -> tuple[int | None, int]:
    """Where the value of the pixel element begins at which the stream stands, and its length.

    Whether a VR stands before the length is told by the bytes, as pydicom does, and not by a transfer syntax that may
    lie: read as a length, a VR of pixels is odd, which no length is. There is no value under any other VR.
    """
    start, head = stream.tell(), stream.read(12)
    if head[:4] not in _PIXEL_TAGS or len(head) < 12:
        return None, 0
    explicit = head[4:8] in _PIXEL_VRS
    length = int.from_bytes(head[8:12] if explicit else head[4:8], "little" if little else "big")
    fragments = length == UNDEFINED
    known = explicit or (implicit and (fragments or length % 2 == 0))
    if not known or fragments != (syntax not in PLAIN):
        return None, 0
    return start + (12 if explicit else 8), length
