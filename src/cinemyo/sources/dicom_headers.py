"""The facts of the frames of one DICOM file, without its pixels."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import pydicom
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from cinemyo.deid.decoding import quiet
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import KeyedDigest, keyed_hash
from cinemyo.sources import dicom_facts as facts
from cinemyo.sources.archives import FileRef, archive_code, member_code
from cinemyo.sources.base import SourceFile
from cinemyo.sources.dicom_elements import elements, tags
from cinemyo.sources.dicom_facts import Geometry, Header, Identity, PixelFacts, Protocol, Refusal, Timing
from cinemyo.sources.dicom_values import Values, integer, text

__all__ = ["Geometry", "Header", "Identity", "PixelFacts", "Protocol", "Refusal", "Timing", "read_headers"]

NAME_CHARACTERS: Final = 32
_CHUNK: Final = 1 << 20
_DEFLATED: Final = b"1.2.840.10008.1.2.1.99"
_PLAIN: Final = {"", ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian}
_PIXEL_TAG: Final = {b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"}
_WANTED: Final = tags(facts.KEYWORDS)


@dataclass(frozen=True)
class _Parsed:
    """A data set up to its pixels, and where they are."""

    values: Values
    syntax: str
    start: int
    """Of the pixel element."""
    at: int | None
    """Of its value."""


def read_headers(found: Path | FileRef, *, name: str, key: Key) -> tuple[Header, ...] | Refusal:
    """The facts of each frame of one file, or why it is none of ours; the file is read once and never held whole.

    `name` is its path below the root with forward slashes (`archive.zip!member` for a member); only its keyed hash is
    kept.
    """
    ref = found if isinstance(found, FileRef) else FileRef(found)
    code = keyed_hash(os.fsencode(name), key=key)[:NAME_CHARACTERS]
    barred = member_code(ref)
    if barred is not None:
        return Refusal(SourceFile(code, KeyedDigest(key=key).hexdigest(), 0), barred)
    try:
        with ref.open() as stream:
            return _read(ref, stream, code, key)
    except OSError:
        return Refusal(SourceFile(code, KeyedDigest(key=key).hexdigest(), 0), "unreadable")


def _read(ref: FileRef, stream: BinaryIO, code: str, key: Key) -> tuple[Header, ...] | Refusal:
    head = stream.read(_CHUNK)
    parsed = archive_code(ref) or _parsed(head, stream)
    if isinstance(parsed, str):
        digest, _, size = _digests(head, stream, None, key)
        return Refusal(SourceFile(code, digest, size), parsed)
    values = parsed.values
    compressed = parsed.syntax not in _PLAIN
    digest, pixels, size = _digests(head, stream, _span(parsed, compressed=compressed), key)
    file = SourceFile(code, digest, size)
    pixel = facts.pixel_facts(
        values,
        syntax=parsed.syntax,
        compressed=compressed,
        at=parsed.at,
        available=0 if parsed.at is None else size - parsed.start,
        digest=pixels,
    )
    sop_class = text(values, "SOPClassUID") or text(values, "MediaStorageSOPClassUID")
    identity, protocol = facts.identity(values), facts.protocol(values)
    geometry, timing = facts.geometry(values), facts.timing(values)
    return (Header(ref, file, 0, sop_class, identity, protocol, geometry, timing, pixel),)


def _parsed(head: bytes, stream: BinaryIO) -> _Parsed | str:
    """The data set up to its pixels, or the code of the refusal."""
    bare = head[:2] in (b"\x08\x00", b"\x02\x00")  # a data set without the 128-byte preamble
    if head[128:132] != b"DICM" and not bare:
        return "not_dicom"
    quick = elements(head, wanted=_WANTED, whole=len(head) < _CHUNK)
    if quick is not None and text(quick, "SOPClassUID"):
        return _Parsed(quick, quick.syntax, quick.start, quick.pixels_at)
    if _DEFLATED in head[:1024]:
        return "unsupported_transfer_syntax"
    stream.seek(0)
    with quiet():
        return _by_pydicom(stream, bare=bare)


def _by_pydicom(stream: BinaryIO, *, bare: bool) -> _Parsed | str:
    try:
        dataset = pydicom.dcmread(stream, stop_before_pixels=True, force=bare, specific_tags=list(facts.KEYWORDS))
    except Exception:  # whatever a broken header provokes, one file never ends a run
        return "unreadable"
    start = stream.tell()
    syntax = text(dataset.file_meta, "TransferSyntaxUID")
    values = _Resolved({name: _value(dataset, name) for name in facts.KEYWORDS})
    if not values.found["SOPClassUID"]:
        values.found["SOPClassUID"] = text(dataset.file_meta, "MediaStorageSOPClassUID")
    implicit, little = dataset.original_encoding
    return _Parsed(
        values,
        syntax or _syntax(implicit=bool(implicit), little=bool(little)),
        start,
        _value_at(stream, implicit=bool(implicit)),
    )


@dataclass(frozen=True)
class _Resolved:
    """Values that pydicom has converted already."""

    found: dict[str, Any]

    def get(self, keyword: str, /) -> Any:
        """The value, or None."""
        return self.found.get(keyword)


def _value(dataset: pydicom.Dataset, keyword: str) -> Any:
    try:
        return dataset.get(keyword)
    except Exception:  # a broken element is an absent one: pydicom raises many kinds here
        return None


def _syntax(*, implicit: bool, little: bool) -> str:
    """What a data set without file meta was read as."""
    explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else explicit


def _value_at(stream: BinaryIO, *, implicit: bool) -> int | None:
    """Where the value of the pixel element begins at which the stream stands, or None at another element."""
    start = stream.tell()
    if stream.read(4) not in _PIXEL_TAG:
        return None
    return start + (8 if implicit else 12)


def _span(parsed: _Parsed, *, compressed: bool) -> tuple[int, int | None] | None:
    """From where to where the bytes of the pixels are hashed."""
    if parsed.at is None:
        return None
    if compressed:
        return parsed.start, None
    sizes = [integer(parsed.values, name) or 0 for name in ("Rows", "Columns", "BitsAllocated")]
    return parsed.at, parsed.at + max(0, sizes[0] * sizes[1] * sizes[2] // 8)


def _digests(head: bytes, stream: BinaryIO, span: tuple[int, int | None] | None, key: Key) -> tuple[str, str, int]:
    """Keyed digest of all bytes, SHA-256 of those of the span, and the number of all."""
    whole, pixels, done = KeyedDigest(key=key), hashlib.sha256(), 0
    stream.seek(len(head))
    chunk = head
    while chunk:
        whole.update(chunk)
        if span is not None:
            start, stop = span
            pixels.update(memoryview(chunk)[max(0, start - done) : None if stop is None else max(0, stop - done)])
        done += len(chunk)
        chunk = stream.read(_CHUNK)
    return whole.hexdigest(), pixels.hexdigest(), done
