"""Which files of a folder may be shared, and which of them show one place, judged by their headers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cinemyo.deid.keys import Key
from cinemyo.sources.archives import FileRef
from cinemyo.sources.base import SourceFile
from cinemyo.sources.dicom_digests import pixel_digest
from cinemyo.sources.dicom_headers import Geometry, Header, Refusal, read_headers
from cinemyo.sources.dicom_selection import refusal

_MR_ALL_THE_SAME: Final = frozenset(
    {
        *("map", "flow", "perfusion", "late_enhancement", "tagging", "real_time", "mosaic", "multiframe"),
        *("no_geometry", "bad_geometry"),
    }
)
"""Reasons against a cine that are none against sharing an MR image. A localiser stays out: it may show a face."""

MOST: Final = 128
"""Files of one place that are held at a time."""


@dataclass(frozen=True)
class Item:
    """A file that may be shared. It names a patient: it lives in memory and never in a file."""

    ref: FileRef
    file: SourceFile
    patient: str
    study: str
    study_time: tuple[str, str]
    series: str
    instance: str
    pixels: str
    """Digest of the pixels, to tell a copy from another image with the same UID."""
    place: tuple[object, ...]
    """What the frames of one cine have in common; a whole object of several frames is a place of its own."""
    frames: tuple[tuple[int, ...], ...]
    """Indices of the frames that show one place each."""
    syntax: str


@dataclass(frozen=True)
class Refused:
    """A file that is not shared, and why."""

    file: SourceFile
    code: str
    patient: str = ""


def examine(ref: FileRef, *, name: str, key: Key) -> Item | Refused:
    """A file as an item, or why it stays here; `name` is its path below the root."""
    headers = read_headers(ref, name=name, key=key)
    if isinstance(headers, Refusal):
        return Refused(headers.file, headers.code)
    first = headers[0]
    code = _code(first)
    if code is not None:
        return Refused(first.file, code, first.identity.patient)
    identity = first.identity
    return Item(
        ref=ref,
        file=first.file,
        patient=identity.patient,
        study=identity.study,
        study_time=identity.study_time,
        series=identity.series,
        instance=identity.instance,
        pixels=pixel_digest(first),
        place=place_of(first) if len(headers) == 1 and first.pixels.frames == 1 else (identity.instance,),
        frames=_frames(headers),
        syntax=first.pixels.syntax,
    )


def without_duplicates(items: Iterable[Item]) -> tuple[list[Item], list[Refused]]:
    """The first file of each instance UID, and the others as refused."""
    first: dict[str, Item] = {}
    refused = []
    for item in items:
        known = first.setdefault(item.instance, item)
        if known is not item:
            code = "duplicate" if known.pixels == item.pixels else "duplicate_uid"
            refused.append(Refused(item.file, code, item.patient))
    return list(first.values()), refused


def by_place(items: Iterable[Item]) -> list[tuple[Item, ...]]:
    """Items that show one place, at most `MOST` together, in the order in which the places come first."""
    places: dict[tuple[object, ...], list[Item]] = defaultdict(list)
    for item in items:
        places[item.place].append(item)
    return [tuple(found[start : start + MOST]) for found in places.values() for start in range(0, len(found), MOST)]


def exam_orders(items: Iterable[Item]) -> dict[tuple[str, str], int]:
    """The rank of each patient's exams in time, from 1, by patient and study UID."""
    exams: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for item in items:
        known = exams[item.patient].get(item.study, item.study_time)
        exams[item.patient][item.study] = min(known, item.study_time)
    return {
        (patient, study): rank
        for patient, times in exams.items()
        for rank, study in enumerate(sorted(times, key=lambda study: (times[study], study)), start=1)
    }


def _code(header: Header) -> str | None:
    code = refusal(header)
    if code is not None and code not in _MR_ALL_THE_SAME:
        return code
    kinds = header.protocol.image_type
    if "LOCALIZER" in kinds:
        return "scout"
    return "derived" if kinds[:2] == ("DERIVED", "SECONDARY") else None


def place_of(header: Header) -> tuple[object, ...]:
    """What the frames of one cine have in common: patient, exam, size and position."""
    identity, pixels = header.identity, header.pixels
    size = (pixels.rows, pixels.columns, pixels.photometric)
    return (identity.patient, identity.study, *size, *_rounded(header.geometry))


def _rounded(geometry: Geometry) -> tuple[tuple[float, ...], ...]:
    orientation = tuple(round(value, 3) + 0.0 for value in geometry.orientation)
    return orientation, tuple(round(value, 1) + 0.0 for value in geometry.position)


def _frames(headers: Sequence[Header]) -> tuple[tuple[int, ...], ...]:
    """Frames of one place; all frames of an object that says nothing of them."""
    if len(headers) == 1:
        return (tuple(range(headers[0].pixels.frames)),)
    places: dict[object, list[int]] = defaultdict(list)
    for header in headers:
        places[_rounded(header.geometry)].append(header.frame)
    return tuple(map(tuple, places.values()))
