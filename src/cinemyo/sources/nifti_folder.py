"""Plain NIfTI files as cines: a folder of four-dimensional images, with masks beside them where there are some."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from cinemyo.config import SliceRule
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.sources.base import Cine, Exclusion, Part, SourceFile, left_out
from cinemyo.sources.files import folders_under, source_file
from cinemyo.sources.nifti import ENDINGS, UnusableError, Volume, over_time, read_volume
from cinemyo.sources.nifti_geometry import Display, stated
from cinemyo.sources.nifti_masks import (
    LEFT,
    MNMS_CODE,
    PROJECT_CODE,
    Code,
    Masks,
    check_anatomy,
    drawn_frames,
    recoded,
)
from cinemyo.sources.stacks import Stack, Subject, shown, slices_of

PatientFrom = Literal["name", "folder"]
ThirdAxis = Literal["slices", "frames"]
MaskCode = Literal["acdc", "mnms"]

CODES: Final[dict[MaskCode, Code]] = {"acdc": PROJECT_CODE, "mnms": MNMS_CODE}
_MASK: Final = re.compile(r"(?P<stem>.+?)_(gt|seg|mask|labels?|dseg)")
_BIDS: Final = re.compile(r"(?P<patient>sub-[A-Za-z0-9]+)(?P<exam>_ses-[A-Za-z0-9]+)?(_.+)?")


@dataclass(frozen=True)
class Rules:
    """How the files of a folder are read."""

    slices: SliceRule
    min_phases: int
    max_phases: int
    patient_from: PatientFrom
    """`name`: BIDS's sub-XX, else the file's name; `folder`: the first folder under the root."""
    third_axis: ThirdAxis
    """What the third axis of a three-dimensional file is."""
    mask_code: MaskCode
    display: Display


@dataclass(frozen=True)
class NiftiReader:
    """Every `.nii` and `.nii.gz` at any depth; a mask is named as its image, with `_gt`, `_seg`, `_mask` or `_label`.

    Nothing of a header but distances, orientation, duration of a frame and scale is read.
    Masks are four-dimensional and drawn in two frames; the one with the larger left ventricle is diastole. Labels of
    the patients come from a label sheet. Identifiers are people's: they need a key of their own.

    Source: NIfTI-1.1, nifti1.h; BIDS 1.8 for names
    """

    root: Path
    rules: Rules
    key: Key

    def parts(self) -> Iterator[Part | Exclusion]:
        """A part for each image, in order of their relative names; last what is neither image nor mask of one.

        Raises:
            SourceError: the root is no folder, or a file in it may not be read.
        """
        found = [path for files in folders_under(self.root).values() for path in files]
        images: dict[Path, Path] = {}
        masks: dict[Path, Path] = {}
        others: list[tuple[Path, str, str]] = []
        for path in sorted(found, key=lambda path: path.relative_to(self.root).as_posix()):
            stem = _stem(path)
            if stem is None:
                others.append((path, "not_an_image", "no NIfTI file"))
                continue
            mask = _MASK.fullmatch(stem.name)
            kept, key = (masks, stem.with_name(mask["stem"])) if mask else (images, stem)
            if key in kept:
                others.append((path, "duplicate_image", "a second file of the same name"))
            else:
                kept[key] = path
        for stem, path in images.items():
            mask_path = masks.pop(stem, None)
            yield self._part(stem, path, mask_path)
        others += [(path, "mask_without_image", "a mask without an image of its name") for path in masks.values()]
        for path, code, reason in others:
            yield left_out(self._file(path), code=code, reason=reason)

    def _part(self, stem: Path, path: Path, mask: Path | None) -> "NiftiPart":
        own = path.relative_to(self.root)
        patient, exam = _identifiers(own, stem.name, patient_from=self.rules.patient_from)
        series = stem.relative_to(self.root).as_posix()
        mask_file = None if mask is None else self._file(mask)
        return NiftiPart(path, self._file(path), mask, mask_file, patient, exam, series, self.rules)

    def _file(self, path: Path) -> SourceFile:
        return source_file(path, root=self.root, key=self.key)


@dataclass(frozen=True)
class NiftiPart:
    """One image with its mask, to be built in any process."""

    path: Path
    file: SourceFile
    mask_path: Path | None
    mask_file: SourceFile | None
    patient: str
    exam: str
    series: str
    rules: Rules

    @property
    def content(self) -> str:
        """A hash of the keyed names and bytes of image and mask, of whose they are, and of the reader's rules."""
        files = [(file.file, file.digest) for file in self.files]
        whose = self.patient, self.exam, self.series
        return hashlib.sha256(repr((files, whose, self.rules)).encode()).hexdigest()

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The image and its mask."""
        return (self.file,) if self.mask_file is None else (self.file, self.mask_file)

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """The cines by slice, then what is left out."""
        subject = Subject("nifti", self.patient, self.exam, self.series, view=None, carries_labels=False)
        try:
            stack = _read_stack(self.path, rules=self.rules)
        except UnusableError as fault:
            patient_id, item = (pseudonym("patient", self.patient, key=key), pseudonym("series", self.series, key=key))
            yield Exclusion(item, "series", fault.code, fault.reason, patient_id, self.files)
            return
        masks = _read_masks(self.mask_path, stack.volume, rules=self.rules)
        stack, masks = shown(stack, masks, display=self.rules.display)
        files = self.files if masks.labels is not None else (self.file,)
        yield from slices_of(stack, masks, subject=subject, rule=self.rules.slices, files=files, key=key)
        if masks.fault is not None and self.mask_file is not None:
            patient_id = pseudonym("patient", self.patient, key=key)
            yield left_out(self.mask_file, code=masks.fault.code, reason=masks.fault.reason, patient_id=patient_id)


def _stem(path: Path) -> Path | None:
    """The path without the ending of a NIfTI file; None for another file."""
    name = path.name
    ending = next((ending for ending in ENDINGS if name.lower().endswith(ending)), None)
    return None if ending is None or len(name) == len(ending) else path.with_name(name[: -len(ending)])


def _identifiers(own: Path, stem: str, *, patient_from: PatientFrom) -> tuple[str, str]:
    """Patient and exam of a file, from its name or its first folder."""
    if patient_from == "folder":
        patient = own.parts[0] if len(own.parts) > 1 else stem
        return patient, patient
    bids = _BIDS.fullmatch(stem)
    if bids is None:
        return stem, stem
    return bids["patient"], bids["patient"] + (bids["exam"] or "")


def _read_stack(path: Path, *, rules: Rules) -> Stack:
    """The image over time with the orientation that its header states.

    Raises:
        UnusableError: a damaged or contradictory file, or one with too few or too many frames.
    """
    volume = _read_over_time(path, rules=rules)
    frames = len(volume.voxels)
    if frames < rules.min_phases:
        code = "single_image" if frames == 1 else "too_few_phases"
        raise UnusableError(code, f"{frames} frames, fewer than {rules.min_phases}")
    if frames > rules.max_phases:
        raise UnusableError("too_many_phases", f"{frames} frames, more than {rules.max_phases}")
    return Stack(volume, stated(volume), None, None, volume.phase_key, (path.name,))


def _read_over_time(path: Path, *, rules: Rules) -> Volume:
    volume = read_volume(path)
    if rules.third_axis == "frames" and len(volume.voxels) == 1:
        # the third distance of such a file is no distance
        return replace(over_time(volume), affine=None)
    return volume


def _read_mask(path: Path, *, rules: Rules) -> Volume:
    try:
        return _read_over_time(path, rules=rules)
    except UnusableError as fault:
        raise UnusableError("mask_unreadable", fault.reason) from None


def _check_same_place(mask: Volume, image: Volume) -> None:
    if mask.voxels.shape != image.voxels.shape:
        raise UnusableError("mask_shape", "the mask differs from its image in size or number of frames")
    if mask.affine is not None and image.affine is not None and not np.allclose(mask.affine, image.affine, atol=0.1):
        raise UnusableError("mask_elsewhere", "the mask lies elsewhere than its image, by their affines")


def _read_masks(path: Path | None, volume: Volume, *, rules: Rules) -> Masks:
    """The masks at diastole and systole; a fault costs the masks, not the cines."""
    if path is None:
        return Masks()
    try:
        own = _read_mask(path, rules=rules)
        _check_same_place(own, volume)
        labels = recoded(own.voxels, code=CODES[rules.mask_code])
        drawn = np.flatnonzero(drawn_frames(labels))
        if len(drawn) != 2:
            raise UnusableError("mask_phases_unknown", f"{len(drawn)} frames are drawn, not diastole and systole")
        check_anatomy(labels[drawn])
        sizes = [int((labels[frame] == LEFT).sum()) for frame in drawn]
        if sizes[0] == sizes[1]:
            raise UnusableError("mask_phases_unknown", "the left ventricle is as large in both frames that are drawn")
        pair = labels[drawn if sizes[0] > sizes[1] else drawn[::-1]]
    except UnusableError as fault:
        return Masks((path.name,), fault=fault)
    return Masks((path.name,), np.ascontiguousarray(pair))
