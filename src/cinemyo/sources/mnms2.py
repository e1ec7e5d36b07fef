"""The M&Ms-2 release of 2021: two views a patient, each short-axis slice and each four-chamber image one cine."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
from jaxtyping import Float

from cinemyo.config import SliceRule
from cinemyo.deid.keys import Key, load_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.labels import Pathology, View
from cinemyo.sources.base import Cine, Exclusion, Part
from cinemyo.sources.files import folders_under, source_file
from cinemyo.sources.nifti import UnusableError, Volume, read_volume
from cinemyo.sources.nifti_geometry import Display, trusted
from cinemyo.sources.nifti_masks import MNMS_CODE, Masks
from cinemyo.sources.release import (
    PatientFiles,
    PatientPart,
    ReleaseSheet,
    by_name,
    no_patient,
    only_sheet,
    pair_masks,
    pathology_of,
    patients,
    rest,
)
from cinemyo.sources.release_sheet import Row, frame_index, read_rows
from cinemyo.sources.stacks import EVERY_SLICE, Stack, Subject, shown, slices_of

Axis = Literal["SA", "LA"]

SHEET_NAME: Final = "dataset_information.csv"
IDENTIFIER: Final = "SUBJECT_CODE"
COLUMNS: Final = (IDENTIFIER, "DISEASE", "VENDOR", "SCANNER", "FIELD")
PATIENT: Final = re.compile(r"\d{3}")
VIEWS: Final[dict[Axis, View]] = {"SA": "short_axis", "LA": "four_chamber"}
SAME_IMAGE: Final = 0.99
"""Correlation from which an image is a frame of the series; neighbouring frames may reach it too, the highest wins."""


@dataclass(frozen=True, kw_only=True)
class Mnms2Reader:
    """The release's folders at any depth: `<NNN>/<NNN>_{SA,LA}_{CINE,ED,ES,ED_gt,ES_gt}.nii.gz`, and one sheet for all.

    The sheet names disease, vendor, scanner and field strength; it writes 1 for the folder 001 and carries a million
    empty rows. No file tells which frames of the CINE are ED and ES: they are those that the images ED and ES correlate
    with best. Masks carry the left ventricle as 1 and the right as 3: converted. The long axis is a four-chamber view.

    Source: Martin-Isla 2023, IEEE J Biomed Health Inform 27(7); layout and codes as read by CineMA, cinema/data/mnms2
    """

    root: Path = field(kw_only=False)
    slices: SliceRule
    groups: Mapping[str, Pathology]
    out_of_class: tuple[str, ...] = ()
    """Groups that are read without a pathology, their name in small letters as `other_class`."""
    display: Display = "stored"
    key: Key = field(default_factory=lambda: load_key("published"))

    def parts(self) -> Iterator[Part | Exclusion]:
        """A part for each patient, in order of their names, and between them what lies in no patient's folder.

        Raises:
            SourceError: the root is no folder, holds no sheet or two, or a file in it may not be read.
        """
        folders = folders_under(self.root)
        path = only_sheet(
            [file for files in folders.values() for file in files if file.name == SHEET_NAME], name=SHEET_NAME
        )
        rows = _padded(read_rows(path, columns=COLUMNS, key=IDENTIFIER))
        sheet = ReleaseSheet(path, source_file(path, root=self.root, key=self.key), rows)
        yield from patients(
            by_name(folders), is_patient=_is_patient, root=self.root, key=self.key, sheet=sheet, part=self._part
        )

    def _part(self, folder: PatientFiles) -> Part:
        return Mnms2Part(folder, self.slices, self.groups, self.out_of_class, self.display)


@dataclass(frozen=True)
class Mnms2Part(PatientPart):
    """One patient's folder, to be built in any process."""

    @property
    def patient(self) -> str:
        """The identifier with the name of the release before it: a bare 001 might be anybody's."""
        return f"mnms2_{self.folder.name}"

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """The cines of both views by slice, then what is left out."""
        folder = self.folder
        try:
            row = folder.row()
            pathology, other = pathology_of(row["DISEASE"], groups=self.groups, out_of_class=self.out_of_class)
        except UnusableError as fault:
            yield no_patient(self.files, fault, patient=self.patient, key=key)
            return
        used: set[str] = set()
        faults: dict[str, UnusableError] = {}
        rules: dict[Axis, SliceRule] = {"SA": self.slices, "LA": EVERY_SLICE}
        for axis, rule in rules.items():
            subject = self._subject(axis, row, pathology, other)
            try:
                stack, unmatched = _read_stack(folder, axis)
            except UnusableError as fault:
                names = _names(folder, axis)
                used |= set(names)
                yield _no_view(folder, names, fault, subject=subject, key=key)
                continue
            masks = _read_masks(folder, axis, stack.volume)
            stack, masks = shown(stack, masks, display=self.display)
            names = stack.names + (masks.names if masks.labels is not None else ())
            used |= set(names)
            faults |= unmatched | masks.faults
            yield from slices_of(stack, masks, subject=subject, rule=rule, files=folder.used(names), key=key)
        yield from rest(folder, used=used, faults=faults, patient=self.patient, key=key)

    def _subject(self, axis: Axis, row: Row, pathology: Pathology | None, other: str | None) -> Subject:
        return Subject(
            source="mnms2",
            patient=self.patient,
            exam=self.patient,
            series=f"{self.patient}_{axis.lower()}",
            view=VIEWS[axis],
            pathology=pathology,
            other_class=other,
            scanner=("mnms2", row["VENDOR"], row["SCANNER"], row["FIELD"]),
        )


def _is_patient(folder: Path, _: list[Path]) -> bool:
    return bool(PATIENT.fullmatch(folder.name))


def _padded(rows: Mapping[str, tuple[Row, ...]]) -> dict[str, tuple[Row, ...]]:
    """The rows by folder name: 1, 01, 001 and 1.0 are 001."""
    found: dict[str, tuple[Row, ...]] = {}
    for identifier, own in rows.items():
        number = frame_index(identifier)
        name = identifier if number is None else f"{number:03d}"
        found[name] = found.get(name, ()) + own
    return found


def _names(folder: PatientFiles, axis: Axis) -> tuple[str, ...]:
    stems = (f"{folder.name}_{axis}_{what}" for what in ("CINE", "ED", "ES", "ED_gt", "ES_gt"))
    return tuple(name for stem in stems if (name := folder.image(stem)) is not None)


def _no_view(
    folder: PatientFiles, names: tuple[str, ...], fault: UnusableError, *, subject: Subject, key: Key
) -> Exclusion:
    files = folder.used(names)
    patient_id, item = pseudonym("patient", subject.patient, key=key), pseudonym("series", subject.series, key=key)
    return Exclusion(item, "series", fault.code, fault.reason, patient_id, files)


def _read_stack(folder: PatientFiles, axis: Axis) -> tuple[Stack, dict[str, UnusableError]]:
    """The stack of all phases where its annotated frames are known, else of ED and ES; and why a series is left aside.

    Raises:
        UnusableError: an image is missing or damaged, or the two phases do not belong together.
    """
    prefix = f"{folder.name}_{axis}"
    series = folder.image(f"{prefix}_CINE")
    phases = [name for phase in ("ED", "ES") if (name := folder.image(f"{prefix}_{phase}")) is not None]
    if series is None and len(phases) < 2:
        raise UnusableError("missing_frame", "neither all phases nor ED and ES are there")
    pair = [read_volume(folder.paths[name]) for name in phases]
    if any(len(volume.voxels) != 1 or volume.grid != pair[0].grid for volume in pair):
        raise UnusableError("frames_disagree", "ED and ES differ in size or spacing, or hold several frames")
    faults: dict[str, UnusableError] = {}
    if series is not None:
        volume = read_volume(folder.paths[series])
        try:
            diastole, systole = _annotated(volume, pair)
        except UnusableError as fault:
            if len(pair) < 2:
                raise
            faults = {series: fault}
        else:
            names = (series, *phases)
            return Stack(volume, trusted(volume), diastole, systole, volume.phase_key, names), faults
    both = np.concatenate([volume.voxels for volume in pair])
    first = pair[0]
    joined = Volume(both, first.row_spacing_mm, first.column_spacing_mm, first.slice_spacing_mm, first.affine)
    return Stack(joined, trusted(joined), 0, 1, "annotated_pair", tuple(phases)), faults


def _annotated(series: Volume, pair: list[Volume]) -> tuple[int | None, int | None]:
    """Indices of ED and ES in the series; none where one of their images is not there.

    Raises:
        UnusableError: `too_few_phases`, `frames_disagree` or `frame_not_in_series`.
    """
    if len(series.voxels) == 1:
        raise UnusableError("too_few_phases", "one frame only")
    if len(pair) < 2:
        return None, None
    if any(volume.voxels.shape[1:] != series.voxels.shape[1:] for volume in pair):
        raise UnusableError("frames_disagree", "ED and ES differ in size from the series of all phases")
    diastole, systole = (_frame_of(volume.voxels[0], series.voxels) for volume in pair)
    if diastole is None or systole is None or diastole == systole:
        raise UnusableError("frame_not_in_series", "ED and ES are not two frames of the series of all phases")
    return diastole, systole


def _frame_of(image: Float[np.ndarray, "z y x"], series: Float[np.ndarray, "t z y x"]) -> int | None:
    """The frame that the image correlates with best, if it is the same image."""
    scores = np.full(len(series), -1.0)
    # pixels that are no numbers correlate with nothing
    with np.errstate(all="ignore"):
        centred = image - image.mean(dtype=np.float64)
        for index, frame in enumerate(series):
            other = frame - frame.mean(dtype=np.float64)
            score = float((centred * other).sum() / (np.linalg.norm(centred) * np.linalg.norm(other)))
            scores[index] = score if np.isfinite(score) else -1.0
    best = int(scores.argmax())
    return best if scores[best] >= SAME_IMAGE else None


def _read_masks(folder: PatientFiles, axis: Axis, volume: Volume) -> Masks:
    stems = f"{folder.name}_{axis}_ED_gt", f"{folder.name}_{axis}_ES_gt"
    return pair_masks(folder, stems, like=volume, code=MNMS_CODE, several="the mask holds several frames")
