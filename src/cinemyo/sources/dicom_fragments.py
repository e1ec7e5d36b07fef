"""Where the compressed frames of a DICOM file lie."""

import os
import struct
from itertools import pairwise
from typing import BinaryIO, Final

Span = tuple[int, int]
"""Offset in the file and length in bytes."""

MOST_FRAGMENTS: Final = 1 << 20
_ITEM: Final = b"\xfe\xff\x00\xe0"
_END: Final = b"\xfe\xff\xdd\xe0"
_STREAM_END: Final = b"\xff\xd9"


def frame_spans(stream: BinaryIO, at: int, *, frames: int) -> list[list[Span]]:
    """The fragments of each frame of the encapsulated pixel data whose value begins at `at`.

    One fragment a frame where the numbers agree, else by the basic offset table, else by the ends of the codestreams.

    Raises:
        ValueError: fragments that cannot be shared among the frames, reach beyond the file, or are not ended.

    Source: DICOM PS3.5 2024, A.4
    """
    table, fragments = _fragments(stream, at)
    if frames == 1:
        return [fragments]
    if len(fragments) == frames:
        return [[fragment] for fragment in fragments]
    if len(table) == frames:
        return _by_table(fragments, table)
    return _by_ends(stream, fragments, frames)


def join(stream: BinaryIO, spans: list[Span]) -> bytes:
    """The bytes of fragments one after the other."""
    pieces = []
    for at, length in spans:
        stream.seek(at)
        pieces.append(stream.read(length))
    return b"".join(pieces)


def _fragments(stream: BinaryIO, at: int) -> tuple[tuple[int, ...], list[Span]]:
    """The basic offset table, and the fragments behind it."""
    size = stream.seek(0, os.SEEK_END)
    spans: list[Span] = []
    while len(spans) <= MOST_FRAGMENTS:
        stream.seek(at)
        head = stream.read(8)
        if head[:4] == _END:
            break
        if len(head) < 8 or head[:4] != _ITEM:
            raise ValueError("fragments without an end")
        (length,) = struct.unpack_from("<L", head, 4)
        if at + 8 + length > size:
            raise ValueError("a fragment beyond the file")
        spans.append((at + 8, length))
        at += 8 + length
    if len(spans) < 2:
        raise ValueError("no fragments")
    start, length = spans[0]
    stream.seek(start)
    table = struct.unpack(f"<{length // 4}L", stream.read(length // 4 * 4))
    return table, spans[1:]


def _by_table(fragments: list[Span], table: tuple[int, ...]) -> list[list[Span]]:
    first = fragments[0][0] - 8
    starts = [first + offset for offset in table]
    known = {at - 8 for at, _ in fragments}
    if any(after <= before for before, after in pairwise(starts)) or not known.issuperset(starts):
        raise ValueError("an offset table that fits no fragment")
    ends = [*starts[1:], fragments[-1][0] + fragments[-1][1] + 1]
    return [[span for span in fragments if start <= span[0] - 8 < end] for start, end in zip(starts, ends, strict=True)]


def _by_ends(stream: BinaryIO, fragments: list[Span], frames: int) -> list[list[Span]]:
    found: list[list[Span]] = [[]]
    for at, length in fragments:
        found[-1].append((at, length))
        stream.seek(at + max(0, length - 10))
        if _STREAM_END in stream.read(10):
            found.append([])
    whole = [spans for spans in found if spans]
    if len(whole) != frames:
        raise ValueError("fragments that fit no frames")
    return whole
