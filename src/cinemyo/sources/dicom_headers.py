"""The facts of the frames of one DICOM file, without its pixels."""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final

from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import KeyedDigest, file_code
from cinemyo.sources import dicom_facts as facts
from cinemyo.sources.archives import FileRef, archive_code, member_code
from cinemyo.sources.base import SourceFile
from cinemyo.sources.dicom_elements import Elements, Part, tags
from cinemyo.sources.dicom_enhanced import ENHANCED, frame_values
from cinemyo.sources.dicom_parse import BEGINNING, Parsed, parse
from cinemyo.sources.dicom_records import Geometry, Header, Identity, PixelFacts, Protocol, Refusal, Timing
from cinemyo.sources.dicom_syntaxes import PLAIN
from cinemyo.sources.dicom_values import Values, text

__all__ = ["Geometry", "Header", "Identity", "PixelFacts", "Protocol", "Refusal", "Timing", "read_headers"]

MOST_FRAMES: Final = 4096
LARGEST_BYTES: Final = 2 << 30
"""Of all frames of an object when decoded."""
_CHUNK: Final = 1 << 20
_IDENTITY, _PROTOCOL, _GEOMETRY, _BEAT, _PIXELS = (
    tuple(sorted(tags(keywords)))
    for keywords in (
        *(facts.IDENTITY_KEYWORDS, facts.PROTOCOL_KEYWORDS, facts.GEOMETRY_KEYWORDS, facts.BEAT_KEYWORDS),
        facts.PIXEL_KEYWORDS,
    )
)
"""What the images of a series have in common is read once and held once."""


def read_headers(found: Path | FileRef, *, name: str, key: Key) -> tuple[Header, ...] | Refusal:
    """The facts of each frame of one file, or why it is none of ours; its bytes are read once and never held whole.

    `name` is its path below the root with forward slashes (`archive.zip!member` for a member); only its keyed hash is
    kept. Only a member of an archive and a deflated data set are held, within the bounds of `archives` and
    `dicom_inflate`.
    """
    ref = found if isinstance(found, FileRef) else FileRef(os.fspath(found))
    code = file_code(os.fsencode(name), key=key)
    barred = member_code(ref)
    if barred is not None:
        return Refusal(SourceFile(code, KeyedDigest(key=key).hexdigest(), 0), barred)
    try:
        with ref.open() as stream:
            return _read(ref, stream, code, key)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error):  # a member's checksum is known at its end alone
        return Refusal(SourceFile(code, KeyedDigest(key=key).hexdigest(), 0), "unreadable")


def _read(ref: FileRef, stream: BinaryIO, code: str, key: Key) -> tuple[Header, ...] | Refusal:
    head = stream.read(BEGINNING)
    parsed = archive_code(ref) or parse(head, stream)
    plain = isinstance(parsed, Parsed) and parsed.stream is stream
    span = parsed.span if isinstance(parsed, Parsed) and plain and parsed.syntax not in PLAIN else None
    digest, pixels, size = _digests(head, stream, span, key)
    file = SourceFile(code, digest, size)
    if isinstance(parsed, str):
        return Refusal(file, parsed)
    if not plain:
        pixels, size = _digest_of(parsed)
    available = 0 if parsed.at is None else max(0, min(size - parsed.at, parsed.length))
    pixel = _pixels(parsed.values, syntax=parsed.syntax, at=parsed.at, available=available, digest=pixels)
    sop_class = text(parsed.values, "SOPClassUID")
    return _frames(Header(ref, file, 0, sop_class, *_facts(parsed.values, None), pixel), parsed)


def _facts(values: Values, frame: int | None) -> tuple[Identity, Protocol, Geometry, Timing]:
    if isinstance(values, Elements):
        whose, protocol = _identity(values.part(_IDENTITY)), _protocol(values.part(_PROTOCOL))
        geometry, beat = _geometry(values.part(_GEOMETRY)), _beat(values.part(_BEAT))
    else:
        whose, protocol, geometry = facts.identity(values), facts.protocol(values), facts.geometry(values)
        beat = facts.beat(values)
    whose = _with_instance(whose, text(values, "SOPInstanceUID"))
    return whose, protocol, geometry, facts.in_beat(beat, values, frame=frame)


def _with_instance(whose: Identity, instance: str) -> Identity:
    """As `dataclasses.replace`, which takes longer than a value."""
    return Identity(
        whose.patient,
        whose.study,
        whose.series,
        instance,
        whose.accession,
        whose.study_time,
        whose.scanner,
        whose.sex,
        whose.age_years,
    )


def _pixels(values: Values, *, syntax: str, at: int | None, available: int, digest: str) -> PixelFacts:
    if not isinstance(values, Elements):
        return facts.pixel_facts(values, syntax=syntax, at=at, available=available, digest=digest)
    return _own_pixel_facts(values.part(_PIXELS), syntax, at, available, digest)


@lru_cache(maxsize=256)
def _identity(values: Values) -> Identity:
    return facts.identity(values)


@lru_cache(maxsize=256)
def _protocol(values: Values) -> Protocol:
    return facts.protocol(values)


@lru_cache(maxsize=256)
def _geometry(values: Values) -> Geometry:
    return facts.geometry(values)


@lru_cache(maxsize=256)
def _beat(values: Values) -> Timing:
    return facts.beat(values)


@lru_cache(maxsize=64)
def _own_pixel_facts(values: Part, syntax: str, at: int | None, available: int, digest: str) -> PixelFacts:
    alike = _pixel_facts(values, syntax)
    offset, fragments = (None, at) if alike.compressed else (at, None)
    return replace(alike, available=available, digest=digest, offset=offset, encapsulated_at=fragments)


@lru_cache(maxsize=256)
def _pixel_facts(values: Values, syntax: str) -> PixelFacts:
    return facts.pixel_facts(values, syntax=syntax, at=None, available=0, digest="")


def _frames(whole: Header, parsed: Parsed) -> tuple[Header, ...]:
    """A header for each frame; one for all where they are too many, or where nothing tells them apart."""
    n = whole.pixels.frames
    too_much = n > MOST_FRAMES or n * parsed.frame_bytes > LARGEST_BYTES
    enhanced = whole.sop_class in ENHANCED
    if too_much or (n == 1 and not enhanced):
        return (replace(whole, fault="absurd_size"),) if too_much else (whole,)
    each: Sequence[Values] | str = [parsed.values] * n
    if enhanced:
        each = frame_values(parsed.stream, parsed.values, frames=n)
    elif facts.timing(parsed.values, frame=0).frame_ms is None:
        each = "multiframe"
    if isinstance(each, str):
        return (replace(whole, fault=each),)
    pixels = [_frame_pixels(own, k, whole.pixels, parsed) for k, own in enumerate(each)]
    return tuple(
        Header(whole.ref, whole.file, k, whole.sop_class, whole.identity, *_facts(own, k)[1:], pixels[k])
        for k, own in enumerate(each)
    )


def _frame_pixels(own: Values, frame: int, whole: PixelFacts, parsed: Parsed) -> PixelFacts:
    """How the pixels of one frame of several are stored, with its own rescaling."""
    at, digest = parsed.at, f"{whole.digest}:{frame}"
    if whole.offset is not None:
        size = parsed.frame_bytes
        at = whole.offset + frame * size
        parsed.stream.seek(at)
        digest = hashlib.sha256(parsed.stream.read(size)).hexdigest()
    pixel = _pixels(own, syntax=parsed.syntax, at=at, available=whole.available, digest=digest)
    return replace(pixel, frames=whole.frames)


def _digest_of(parsed: Parsed) -> tuple[str, int]:
    """SHA-256 of the pixels' bytes in what a file inflates to, and the number of all bytes."""
    size = parsed.stream.seek(0, os.SEEK_END)
    start, stop = parsed.span or (size, None)
    parsed.stream.seek(start)
    return hashlib.sha256(parsed.stream.read(-1 if stop is None else stop - start)).hexdigest(), size


def _digests(head: bytes, stream: BinaryIO, span: tuple[int, int | None] | None, key: Key) -> tuple[str, str, int]:
    """Keyed digest of all bytes, SHA-256 of those of the span (empty without one), and the number of all."""
    whole, pixels, done = KeyedDigest(key=key), hashlib.sha256(), 0
    if len(head) >= _CHUNK:
        stream.seek(len(head))
    chunk = head
    while chunk:
        whole.update(chunk)
        if span is not None:
            start, stop = span
            pixels.update(memoryview(chunk)[max(0, start - done) : None if stop is None else max(0, stop - done)])
        done += len(chunk)
        chunk = stream.read(_CHUNK) if len(chunk) >= _CHUNK else b""
    return whole.hexdigest(), "" if span is None else pixels.hexdigest(), done
