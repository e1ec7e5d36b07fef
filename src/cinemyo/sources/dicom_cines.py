"""From the images at one position to its cine, and exclusions for what does not enter it."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.deid.text_detector import text_score
from cinemyo.errors import SourceError
from cinemyo.sources.base import Cine, Exclusion, SourceFile, Vector, left_out
from cinemyo.sources.cine_score import REFUSED_BELOW, CineScore, certain_code, cine_score
from cinemyo.sources.dicom_codes import REASONS
from cinemyo.sources.dicom_grouping import Place
from cinemyo.sources.dicom_headers import Header
from cinemyo.sources.dicom_phases import Ordered, order
from cinemyo.sources.dicom_pixels import Frame, PixelError, read_frames, stack
from cinemyo.sources.dicom_repeats import COMPLETE, acquisitions
from cinemyo.sources.dicom_syntaxes import is_lossy, name_of
from cinemyo.sources.images import read_mask
from cinemyo.sources.view_geometry import Sight

_UID = re.compile(r"^[0-9.]{1,64}$")


@dataclass(frozen=True)
class Stack:
    """What a position takes from its surroundings."""

    exam_order: int
    slice_numbers: dict[str, int]
    """By series UID."""
    expected: int | None
    """Phases of a complete acquisition, stated by the header or usual in the series."""
    sight: Sight | None = None
    """The view that the plane tells, among the others of the exam."""


@dataclass(frozen=True)
class PlacePart:
    """The images at one position, to be built into a cine in any process."""

    place: Place
    stack: Stack
    builder: "CineBuilder"

    @property
    def content(self) -> str:
        """A hash of the bytes and keyed names of the files, of what surrounds them, and of the builder's rules."""
        rules = self.builder.min_phases, self.builder.max_phases, self.builder.truth is not None
        stack = self.stack
        around = stack.exam_order, sorted(stack.slice_numbers.values()), stack.expected, stack.sight
        files = [(header.file.file, header.file.digest, header.frame) for header in self.place.headers]
        return hashlib.sha256(repr((rules, around, files)).encode()).hexdigest()

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files that the images lie in."""
        return _files(self.place.headers)

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """The cine of this position and its exclusions.

        Raises:
            SourceError: the mask of a phantom does not fit its cine.
        """
        yield from self.builder.build(self.place, stack=self.stack, key=key)

    def foresee(self, *, key: Key) -> Iterator["Foreseen | Exclusion"]:
        """The cine that the headers of this position promise, and the exclusions that they tell already."""
        yield from self.builder.foresee(self.place, stack=self.stack, key=key)


@dataclass(frozen=True)
class Foreseen:
    """A cine that its headers promise, if its pixels can be read."""

    patient_id: str
    n_frames: int
    phase_key: str


class _Accepted(NamedTuple):
    """Frames that make a cine, and how surely."""

    ordered: Ordered
    score: CineScore


@dataclass(frozen=True)
class CineBuilder:
    """Builds the cine of a position; the last complete acquisition wins."""

    min_phases: int
    max_phases: int
    truth: Path | None

    def build(self, place: Place, *, stack: Stack, key: Key) -> Iterator[Cine | Exclusion]:
        """The cine of this position, if any, and an exclusion for every acquisition and file that is not in it.

        Raises:
            SourceError: the mask of a phantom does not fit its cine.
        """
        waiting = acquisitions(place.headers, expected=stack.expected)
        while waiting:
            candidate = waiting.pop()
            if not candidate:
                continue
            verdict = self._judge(candidate, stack.expected)
            if isinstance(verdict, str):
                yield _exclusion(candidate, verdict, key=key)
                continue
            try:
                frames = read_frames(verdict.ordered.headers)
            except PixelError as error:
                yield _broken([header for header in candidate if header.ref == error.ref], key=key)
                waiting.append([header for header in candidate if header.ref != error.ref])
                continue
            yield self._cine(verdict, frames, stack, key)
            for repeat in waiting:
                yield _exclusion(repeat, "repeat", key=key)
            return

    def foresee(self, place: Place, *, stack: Stack, key: Key) -> Iterator[Foreseen | Exclusion]:
        """As `build`, without reading a pixel."""
        waiting = acquisitions(place.headers, expected=stack.expected)
        while waiting:
            candidate = waiting.pop()
            verdict = self._judge(candidate, stack.expected)
            if isinstance(verdict, str):
                yield _exclusion(candidate, verdict, key=key)
                continue
            patient = pseudonym("patient", place.first.identity.patient, key=key)
            yield Foreseen(patient, len(verdict.ordered.headers), verdict.ordered.phase_key)
            for repeat in waiting:
                yield _exclusion(repeat, "repeat", key=key)
            return

    def _judge(self, headers: Sequence[Header], expected: int | None) -> _Accepted | str:
        """The frames in phase order with their score, or the code why they make no cine."""
        n = len(headers)
        if expected is not None and n < COMPLETE * expected and expected >= self.min_phases:
            return "incomplete"
        if n < self.min_phases:
            return "single_image" if n == 1 else "too_few_phases"
        ordered = order(headers)
        if isinstance(ordered, str):
            return ordered
        if n > self.max_phases:
            return "too_many_phases"
        score = cine_score(ordered.headers, phase_key=ordered.phase_key)
        unlikely = score.value < REFUSED_BELOW
        return certain_code(headers) or ("not_ssfp" if unlikely else _Accepted(ordered, score))

    def _cine(self, accepted: _Accepted, frames: Sequence[Frame], stacked: Stack, key: Key) -> Cine:
        ordered, score = accepted
        first = ordered.headers[0]
        identity, geometry = first.identity, first.geometry
        image = stack(frames)
        return Cine(
            cine_id=_cine_id(ordered.headers, key=key),
            patient_id=pseudonym("patient", identity.patient, key=key),
            exam_id=pseudonym("exam", identity.study, key=key),
            series_id=pseudonym("series", identity.series, key=key),
            accession_id=pseudonym("accession", identity.accession, key=key) if identity.accession else None,
            exam_order=stacked.exam_order,
            slice_number=stacked.slice_numbers[identity.series],
            source="dicom",
            frames=image,
            row_spacing_mm=geometry.spacing[0],
            column_spacing_mm=geometry.spacing[1],
            phase_key=ordered.phase_key,
            scanner=pseudonym("scanner", *identity.scanner, key=key),
            row_cosine=_vector(geometry.orientation[3:]),
            column_cosine=_vector(geometry.orientation[:3]),
            position=_vector(geometry.position),
            sex=identity.sex,
            age_years=identity.age_years,
            trigger_ms=ordered.trigger_ms,
            rr_ms=ordered.rr_ms,
            files=_files(ordered.headers),
            mask=self._mask(identity.series, image.shape[1:]),
            transfer_syntax=_names(name_of(header.pixels.syntax) for header in ordered.headers),
            decoder=_names(frame.decoder for frame in frames),
            lossy=_lossy(ordered.headers),
            cine_score=score.value,
            cine_evidence=score.evidence,
            text_score=text_score(image),
            geometry_view=None if stacked.sight is None else stacked.sight.view,
            geometry_margin_degrees=None if stacked.sight is None else round(stacked.sight.margin_degrees, 1),
        )

    def _mask(self, series: str, shape: tuple[int, ...]) -> UInt8[np.ndarray, "phase y x"] | None:
        """The mask that a phantom lays beside its images, or None."""
        if self.truth is None or not _UID.match(series):
            return None
        path = self.truth / f"{series}.mha"
        if not path.is_file():
            return None
        mask = read_mask(path)
        if mask.shape != (2, *shape):
            raise SourceError(
                str(path),
                expected=f"a mask of 2 x {shape[0]} x {shape[1]}",
                got=" x ".join(map(str, mask.shape)),
                remedy="generate the phantom again",
            )
        return mask


def _cine_id(headers: Sequence[Header], *, key: Key) -> str:
    smallest = min((header.identity.instance, header.frame) for header in headers)
    own = smallest[0] if smallest[1] == 0 else f"{smallest[0]}#{smallest[1]}"
    return pseudonym("cine", headers[0].identity.patient, own, key=key)


def _exclusion(headers: Sequence[Header], code: str, *, key: Key) -> Exclusion:
    patient = pseudonym("patient", headers[0].identity.patient, key=key)
    return Exclusion(_cine_id(headers, key=key), "cine", code, REASONS[code], patient, _files(headers))


def _broken(headers: Sequence[Header], *, key: Key) -> Exclusion:
    """The file of these frames; where it holds others too, the frames as the cine that they would have been."""
    first = headers[0]
    if first.pixels.frames > 1:
        return _exclusion(headers, "broken_pixels", key=key)
    patient = pseudonym("patient", first.identity.patient, key=key)
    return left_out(first.file, code="broken_pixels", reason=REASONS["broken_pixels"], patient_id=patient)


def _files(headers: Sequence[Header]) -> tuple[SourceFile, ...]:
    """The files that the frames lie in, each once."""
    return tuple(dict.fromkeys(header.file for header in headers))


def _lossy(headers: Sequence[Header]) -> bool | None:
    """True if one frame is lossy, False if none is, None if that is not known of all."""
    known = {is_lossy(header.pixels.syntax, header.pixels.lossy) for header in headers}
    return True if True in known else (None if None in known else False)


def _names(values: Iterable[str]) -> str:
    return "; ".join(sorted(set(values)))


def _vector(values: Sequence[float]) -> Vector:
    x, y, z = values
    return (x, y, z)
