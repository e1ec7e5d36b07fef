"""The M&Ms release of 2020: each short-axis slice of a patient's stack is one cine of all phases."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from cinemyo.config import SliceRule
from cinemyo.deid.keys import Key, load_key
from cinemyo.labels import Pathology
from cinemyo.sources.base import Cine, Exclusion, Part
from cinemyo.sources.files import folders_under, source_file
from cinemyo.sources.nifti import UnusableError, read_volume
from cinemyo.sources.nifti_geometry import Display, trusted
from cinemyo.sources.nifti_masks import MNMS_CODE, Masks, check_anatomy, drawn_frames, read_labels
from cinemyo.sources.release import (
    PatientFiles,
    PatientPart,
    ReleaseSheet,
    by_name,
    no_patient,
    only_sheet,
    pathology_of,
    patients,
    rest,
)
from cinemyo.sources.release_sheet import Row, frame_index, read_rows, sex_of, whole_years
from cinemyo.sources.stacks import Stack, Subject, shown, slices_of

SHEET: Final = re.compile(r"(\d{6}_)?M&?n?Ms?_Dataset_information.*\.csv", re.IGNORECASE)
"""Some downloads lack the ampersand."""
SHEET_NAME: Final = "211230_M&Ms_Dataset_information_diagnosis_opendataset.csv"
PATIENT: Final = re.compile(r"[A-Z0-9]{6}")
IDENTIFIER: Final = "External code"
COLUMNS: Final = (IDENTIFIER, "VendorName", "Vendor", "Centre", "ED", "ES", "Age", "Pathology", "Sex")


@dataclass(frozen=True, kw_only=True)
class MnmsReader:
    """The release's folders at any depth: `<ID>/<ID>_sa.nii.gz` and `<ID>_sa_gt.nii.gz`, and one sheet for all.

    Folders are those of the split (Training/Labeled, Training/Unlabeled, Validation, Testing); the split is not used.
    ED and ES of the sheet count frames from 0. Masks are in four dimensions, drawn in two frames, and carry the left
    ventricle as 1 and the right as 3: converted. Those of Unlabeled are empty. The affine decides the orientation
    where it agrees with the header's distances; that it does in every file is not known here.

    Source: Campello 2021, doi 10.1109/TMI.2021.3090082; layout, sheet and codes as read by CineMA, cinema/data/mnms
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
        found = [file for files in folders.values() for file in files if SHEET.fullmatch(file.name)]
        path = only_sheet(found, name=SHEET_NAME)
        rows = read_rows(path, columns=COLUMNS, key=IDENTIFIER)
        sheet = ReleaseSheet(path, source_file(path, root=self.root, key=self.key), rows)
        yield from patients(
            by_name(folders), is_patient=_is_patient, root=self.root, key=self.key, sheet=sheet, part=self._part
        )

    def _part(self, folder: PatientFiles) -> Part:
        return MnmsPart(folder, self.slices, self.groups, self.out_of_class, self.display)


@dataclass(frozen=True)
class MnmsPart(PatientPart):
    """One patient's folder, to be built in any process."""

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """The cines by slice, then what is left out."""
        folder = self.folder
        try:
            row = folder.row()
            subject = self._subject(row)
            stack = _read_stack(folder, row)
        except UnusableError as fault:
            yield no_patient(self.files, fault, patient=folder.name, key=key)
            return
        masks = _read_masks(folder, stack)
        stack, masks = shown(stack, masks, display=self.display)
        used = stack.names + (masks.names if masks.labels is not None else ())
        yield from slices_of(stack, masks, subject=subject, rule=self.slices, files=folder.used(used), key=key)
        yield from rest(folder, used=set(used), faults=masks.faults, patient=folder.name, key=key)

    def _subject(self, row: Row) -> Subject:
        pathology, other = pathology_of(row["Pathology"], groups=self.groups, out_of_class=self.out_of_class)
        return Subject(
            source="mnms",
            patient=self.folder.name,
            exam=self.folder.name,
            series=f"{self.folder.name}_sa",
            view="short_axis",
            pathology=pathology,
            other_class=other,
            sex=sex_of(row["Sex"]),
            age_years=whole_years(row["Age"]),
            scanner=("mnms", row["VendorName"], row["Centre"]),
        )


def _is_patient(folder: Path, files: list[Path]) -> bool:
    """A folder named as patients are, or one that holds an image of its own name."""
    own = f"{folder.name}_sa"
    return bool(PATIENT.fullmatch(folder.name)) or any(file.name.startswith(own) for file in files)


def _read_stack(folder: PatientFiles, row: Row) -> Stack:
    name = folder.image(f"{folder.name}_sa")
    if name is None:
        raise UnusableError("missing_frame", "the image of all phases is not there")
    diastole, systole = frame_index(row["ED"]), frame_index(row["ES"])
    if (row["ED"] and diastole is None) or (row["ES"] and systole is None):
        raise UnusableError("bad_info", "the sheet states no frame numbers ED and ES")
    if diastole is None or systole is None:
        diastole = systole = None
    elif diastole == systole:
        raise UnusableError("bad_info", "ED and ES are one frame in the sheet")
    volume = read_volume(folder.paths[name])
    frames = len(volume.voxels)
    if frames == 1:
        raise UnusableError("too_few_phases", "one frame only")
    if diastole is not None and systole is not None and max(diastole, systole) >= frames:
        raise UnusableError("frame_out_of_series", f"ED or ES lies beyond the {frames} frames")
    return Stack(volume, trusted(volume), diastole, systole, volume.phase_key, (name,))


def _read_masks(folder: PatientFiles, stack: Stack) -> Masks:
    """The masks at diastole and systole where the file is drawn there; a fault costs the masks, not the cines."""
    name = folder.image(f"{folder.name}_sa_gt")
    if name is None:
        return Masks()
    try:
        labels = read_labels(folder.paths[name], like=stack.volume, code=MNMS_CODE)
        if len(labels) != len(stack.volume.voxels):
            raise UnusableError("mask_shape", "the mask has not as many frames as its image")
        drawn = set(np.flatnonzero(drawn_frames(labels)).tolist())
        if not drawn:
            raise UnusableError("mask_empty", "nothing is drawn in any frame")
        if stack.diastole_index is None or stack.systole_index is None:
            raise UnusableError("mask_elsewhere", "the sheet does not say which frames are drawn")
        annotated = [stack.diastole_index, stack.systole_index]
        if not drawn >= set(annotated):
            raise UnusableError("mask_elsewhere", "other frames are drawn than the sheet calls ED and ES")
        pair = labels[annotated]
        check_anatomy(pair)
    except UnusableError as fault:
        return Masks((name,), fault=fault)
    return Masks((name,), pair)
