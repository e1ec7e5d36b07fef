"""What every source yields: cines and exclusions, already without identity."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from jaxtyping import Real, UInt8

from cinemyo.deid.keys import Key

Level = Literal["file", "series", "cine", "exam", "patient"]
SourceKind = Literal["dicom", "acdc", "mnms", "mnms2", "sunnybrook", "nifti"]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class SourceFile:
    """One file found under the root: keyed hashes of its relative name and of its bytes, its size in bytes."""

    file: str
    digest: str
    bytes: int


@dataclass(frozen=True)
class Exclusion:
    """What cannot be used, by name, with its reason code; nothing leaves a source silently."""

    item: str
    """A pseudonym or a keyed hash."""
    level: Level
    code: str
    reason: str
    patient_id: str | None = None
    files: tuple[SourceFile, ...] = ()


def left_out(file: SourceFile, *, code: str, reason: str, patient_id: str | None = None) -> Exclusion:
    """The exclusion of one file."""
    return Exclusion(file.file, "file", code, reason, patient_id, (file,))


@dataclass(frozen=True)
class Cine:
    """One cine at one slice position, in phase order."""

    cine_id: str
    patient_id: str
    exam_id: str
    series_id: str
    exam_order: int
    """1 for a patient's earliest exam; the dates themselves stay behind."""
    slice_number: int
    """From 1, along the slice normal, within the series (or the stack of an exam)."""
    source: SourceKind
    frames: Real[np.ndarray, "t y x"]
    """Rescaled values, of float32 or 16-bit integers, bright is bright (MONOCHROME1 inverted)."""
    row_spacing_mm: float
    """Distance between rows (vertical)."""
    column_spacing_mm: float
    phase_key: str
    """Which rung of the ladder ordered the frames."""
    scanner: str
    row_cosine: Vector
    """Direction in which the row index grows (down the image), LPS."""
    column_cosine: Vector
    """Direction in which the column index grows (to the right), LPS."""
    position: Vector
    """Centre of the first pixel, mm, LPS."""
    accession_id: str | None = None
    sex: Literal["F", "M"] | None = None
    age_years: int | None = None
    trigger_ms: tuple[float, ...] | None = None
    """Time of each frame after the R wave, where known."""
    rr_ms: float | None = None
    files: tuple[SourceFile, ...] = ()
    mask: UInt8[np.ndarray, "phase y x"] | None = None
    """0 background, 1 right ventricle, 2 myocardium, 3 left ventricle, at diastole and systole."""
    carried: dict[str, object] = field(default_factory=dict)
    """Labels that the source itself carries, by column of the label sheet."""
    transfer_syntax: str | None = None
    """Of the DICOM files: the name of the standard."""
    decoder: str | None = None
    """What decoded their pixels, with its version."""
    lossy: bool | None = None
    """Whether any frame went through lossy compression; None where nothing tells."""
    cine_score: float | None = None
    """How surely this is a bSSFP cine, 0 to 1, by what the headers say; None where there are none."""
    cine_evidence: str | None = None
    """The reasons of that score, as words parted by blanks."""
    geometry_view: str | None = None
    """The view that the plane itself tells: a view, `other`, or None where the source knows no orientation."""
    geometry_margin_degrees: float | None = None
    """By how much the plane would have to turn to be called another view."""
    text_score: float | None = None
    """How likely text is burned into the pixels, 0 to 1."""


class Part(Protocol):
    """Files of a source whose cines hang on each other and on nothing else; small enough to be sent to a process."""

    @property
    def content(self) -> str:
        """A hash of all that the cines hang on: the bytes of the files and how they are read."""
        ...  # pragma: no cover

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files that the part is built of: what is excluded where its reader dies or hangs."""
        ...  # pragma: no cover

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """Each cine and each exclusion once."""
        ...  # pragma: no cover


class CineSource(Protocol):
    """A source gives each file once: in a part, or in an exclusion that needs no part."""

    def parts(self) -> Iterator[Part | Exclusion]:
        """Parts and exclusions in an order that does not depend on the pseudonyms."""
        ...  # pragma: no cover


def read(source: CineSource, *, key: Key) -> Iterator[Cine | Exclusion]:
    """Every cine and exclusion of a source, one part after the other."""
    for part in source.parts():
        if isinstance(part, Exclusion):
            yield part
        else:
            yield from part.build(key=key)
