"""From a NIfTI stack to its cines: each slice is one, or an exclusion."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from jaxtyping import Float

from cinemyo.config import SliceRule
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.labels import Pathology, View
from cinemyo.sources.base import Cine, Exclusion, SourceFile, SourceKind
from cinemyo.sources.nifti import UnusableError, Volume
from cinemyo.sources.nifti_geometry import Display, Geometry, turned, turned_geometry, turns
from cinemyo.sources.nifti_masks import Masks

EVERY_SLICE: Final = SliceRule(first=0.0, last=1.0)
UNKNOWN_SCANNER: Final = "unknown"


@dataclass(frozen=True)
class Subject:
    """Whose stack it is, and what its source tells of the patient; identifiers as the source writes them."""

    source: SourceKind
    patient: str
    exam: str
    series: str
    view: View | None
    pathology: Pathology | None = None
    other_class: str | None = None
    sex: Literal["F", "M"] | None = None
    age_years: int | None = None
    scanner: tuple[str, ...] = ()
    """What tells scanners apart; empty where nothing does."""
    carries_labels: bool = True
    """Whether the source's own labels and identifiers are public, so that they may be written as a label sheet."""


@dataclass(frozen=True)
class Stack:
    """A usable stack over time with the names of the files it came from."""

    volume: Volume
    geometry: Geometry
    diastole_index: int | None
    systole_index: int | None
    phase_key: str
    names: tuple[str, ...]


def shown(stack: Stack, masks: Masks, *, display: Display) -> tuple[Stack, Masks]:
    """Stack and masks with rows and columns turned to the way that is wanted, the geometry with them."""
    reverse = turns(stack.geometry, display=display)
    if reverse == (False, False):
        return stack, masks
    volume = replace(stack.volume, voxels=turned(stack.volume.voxels, reverse), affine=None)
    labels = None if masks.labels is None else turned(masks.labels, reverse)
    geometry = turned_geometry(stack.geometry, stack.volume, reverse)
    return replace(stack, volume=volume, geometry=geometry), replace(masks, labels=labels)


def slices_of(
    stack: Stack, masks: Masks, *, subject: Subject, rule: SliceRule, files: tuple[SourceFile, ...], key: Key
) -> Iterator[Cine | Exclusion]:
    """A cine or an exclusion for each slice, in the order of the file."""
    for index in range(stack.volume.voxels.shape[1]):
        try:
            _check_slice(stack.volume, index, rule=rule)
        except UnusableError as fault:
            patient_id = pseudonym("patient", subject.patient, key=key)
            yield Exclusion(_cine_id(subject, index, key=key), "cine", fault.code, fault.reason, patient_id, files)
            continue
        yield _cine(stack, masks, index=index, subject=subject, files=files, key=key)


def outside_rule(height: float, *, rule: SliceRule) -> UnusableError | None:
    """`slice_rule` for a slice at a height, a share of the stack, that the rule leaves out; None for the others."""
    if rule.first - 1e-9 <= height <= rule.last + 1e-9:
        return None
    return UnusableError("slice_rule", f"height {height:.3f} is outside {rule.first} to {rule.last}")


def _cine_id(subject: Subject, index: int, *, key: Key) -> str:
    return pseudonym("cine", subject.series, str(index + 1), key=key)


def _cine(stack: Stack, masks: Masks, *, index: int, subject: Subject, files: tuple[SourceFile, ...], key: Key) -> Cine:
    volume, geometry = stack.volume, stack.geometry
    frame_ms, n_frames = volume.frame_ms, len(volume.voxels)
    return Cine(
        cine_id=_cine_id(subject, index, key=key),
        patient_id=pseudonym("patient", subject.patient, key=key),
        exam_id=pseudonym("exam", subject.exam, key=key),
        series_id=pseudonym("series", subject.series, key=key),
        exam_order=1,
        slice_number=index + 1,
        source=subject.source,
        frames=volume.voxels[:, index],
        row_spacing_mm=volume.row_spacing_mm,
        column_spacing_mm=volume.column_spacing_mm,
        phase_key=stack.phase_key,
        scanner=pseudonym("scanner", *subject.scanner, key=key) if any(subject.scanner) else UNKNOWN_SCANNER,
        row_cosine=geometry.row_cosine,
        column_cosine=geometry.column_cosine,
        position=geometry.position(index),
        sex=subject.sex,
        age_years=subject.age_years,
        trigger_ms=None if frame_ms is None else tuple(round(frame_ms * i, 3) for i in range(n_frames)),
        files=files,
        mask=None if masks.labels is None else masks.labels[:, index],
        carried=_carried(subject, stack, index) if subject.carries_labels else {},
    )


def _carried(subject: Subject, stack: Stack, index: int) -> dict[str, object]:
    return {
        "patient": subject.patient,
        "exam": subject.exam,
        "series": subject.series,
        "slice": index + 1,
        "pathology": subject.pathology,
        "other_class": subject.other_class,
        "view": subject.view,
        "diastole_index": stack.diastole_index,
        "systole_index": stack.systole_index,
    }


def _check_slice(volume: Volume, index: int, *, rule: SliceRule) -> None:
    """Refuses a slice outside the rule, or without an image in every phase."""
    frames: Float[np.ndarray, "t y x"] = volume.voxels[:, index]
    outside = outside_rule((index + 0.5) / volume.voxels.shape[1], rule=rule)
    if outside is not None:
        raise outside
    if not np.isfinite(frames).all():
        raise UnusableError("not_finite", "a pixel is no finite number")
    if (frames.max(axis=(1, 2)) == frames.min(axis=(1, 2))).any():
        raise UnusableError("blank_frame", "a frame is of one value throughout")
