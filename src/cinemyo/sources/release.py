"""What releases in NIfTI have in common: a folder for each patient, a sheet for all, every file accounted for."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cinemyo.config import SliceRule
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.errors import SourceError
from cinemyo.labels import Pathology
from cinemyo.sources.base import Cine, Exclusion, Part, SourceFile, left_out
from cinemyo.sources.files import source_file
from cinemyo.sources.nifti import ENDINGS, UnusableError, Volume
from cinemyo.sources.nifti_geometry import Display
from cinemyo.sources.nifti_masks import Code, Masks, check_anatomy, read_labels
from cinemyo.sources.release_sheet import Row, word


@dataclass(frozen=True)
class ReleaseSheet:
    """The sheet of a release: where it lies, and its rows by patient, as the folders are named."""

    path: Path
    file: SourceFile
    rows: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True)
class PatientFiles:
    """One patient's folder: paths and source files by file name, and what the sheet says."""

    name: str
    """The release's identifier, as the folder is named."""
    paths: dict[str, Path]
    files: dict[str, SourceFile]
    rows: tuple[Row, ...]
    sheet: SourceFile | None

    def image(self, stem: str) -> str | None:
        """Name of the image with this stem, compressed or not."""
        return next((stem + ending for ending in ENDINGS if stem + ending in self.paths), None)

    def content(self, *rules: object) -> str:
        """A hash of the keyed names and bytes of all files, the sheet's among them, and of the reader's rules."""
        files = sorted((file.file, file.digest) for file in self.files.values())
        sheet = None if self.sheet is None else self.sheet.digest
        return hashlib.sha256(repr((files, sheet, rules)).encode()).hexdigest()

    def row(self) -> Row:
        """What the sheet says of this patient.

        Raises:
            UnusableError: `no_info` or `bad_info`.
        """
        if not self.rows:
            raise UnusableError("no_info", "the sheet of the release does not name this patient")
        return agreed(self.rows)

    def used(self, names: tuple[str, ...]) -> tuple[SourceFile, ...]:
        """The files of these names, and the sheet."""
        own = tuple(self.files[name] for name in names)
        return own if self.sheet is None else (*own, self.sheet)


@dataclass(frozen=True)
class PatientPart(ABC):
    """One patient's folder and the rules of its reader, to be built in any process."""

    folder: PatientFiles
    slices: SliceRule
    groups: Mapping[str, Pathology]
    out_of_class: tuple[str, ...] = ()
    display: Display = "stored"

    @property
    def content(self) -> str:
        """A hash of the folder's and the sheet's keyed names and bytes and of the reader and its rules."""
        rules = self.slices.model_dump(mode="json"), sorted(self.groups.items()), self.out_of_class, self.display
        return self.folder.content(type(self).__name__, *rules)

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The folder's files, and the sheet."""
        return self.folder.used(tuple(self.folder.files))

    @abstractmethod
    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """The cines by slice, then what is left out."""


def agreed(rows: tuple[Row, ...]) -> Row:
    """The one thing that all rows of a patient say.

    Raises:
        UnusableError: `bad_info`.
    """
    if any(row != rows[0] for row in rows):
        raise UnusableError("bad_info", "the sheet of the release says two things of this patient")
    return rows[0]


def by_name(folders: Mapping[Path, list[Path]]) -> list[tuple[Path, list[Path]]]:
    """Folders with their files in the order of their own names, wherever they lie."""
    return sorted(folders.items(), key=lambda item: (item[0].name, item[0]))


def patients(
    folders: Iterable[tuple[Path, list[Path]]],
    *,
    is_patient: Callable[[Path, list[Path]], bool],
    part: Callable[[PatientFiles], Part],
    root: Path,
    key: Key,
    sheet: ReleaseSheet | None = None,
) -> Iterator[Part | Exclusion]:
    """The parts of patients' folders, files hashed and keyed, in the order given; an exclusion for each other file.

    Of a patient with two folders the first counts. A sheet without any patient is left out as well.
    """
    place, told, rows = (None, None, {}) if sheet is None else (sheet.path, sheet.file, sheet.rows)
    seen: set[str] = set()
    for path, found in folders:
        if not is_patient(path, found):
            for file in (source_file(file, root=root, key=key) for file in found if file != place):
                yield left_out(file, code="outside_patients", reason="not in a patient's folder")
            continue
        files = {file.name: source_file(file, root=root, key=key) for file in found}
        if path.name in seen:
            for file in files.values():
                yield left_out(file, code="duplicate_patient", reason="a second folder of the same patient")
            continue
        seen.add(path.name)
        paths = {file.name: file for file in found}
        yield part(PatientFiles(path.name, paths, files, rows.get(path.name, ()), told))
    if told is not None and not seen:
        yield left_out(told, code="no_patient", reason="the sheet of a release whose folders are not here")


def pair_masks(folder: PatientFiles, stems: tuple[str, str], *, like: Volume, code: Code, several: str) -> Masks:
    """The masks at diastole and systole, each in a file of its own, where both are there and fit.

    A fault costs the masks, not the cines; `several` is the reason against a file of several frames.
    """
    names = tuple(name for stem in stems if (name := folder.image(stem)) is not None)
    if not names:
        return Masks()
    try:
        if len(names) < len(stems):
            raise UnusableError("mask_incomplete", "one of the masks of ED and ES is not there")
        parts = [read_labels(folder.paths[name], like=like, code=code) for name in names]
        if any(len(part) != 1 for part in parts):
            raise UnusableError("mask_shape", several)
        labels = np.concatenate(parts)
        check_anatomy(labels)
    except UnusableError as fault:
        return Masks(names, fault=fault)
    return Masks(names, labels)


def only_sheet(found: list[Path], *, name: str) -> Path:
    """The one sheet of a release.

    Raises:
        SourceError: there is none, or more than one.
    """
    if len(found) != 1:
        raise SourceError(
            "sheet of the release",
            expected=f"one file like {name}",
            got=str(len(found)) if found else "none",
            remedy="point the source's root at the folder of one release, its sheet included",
        )
    return found[0]


def pathology_of(
    group: str, *, groups: Mapping[str, Pathology], out_of_class: tuple[str, ...]
) -> tuple[Pathology | None, str | None]:
    """The pathology of a group, or its name as another class.

    Raises:
        UnusableError: `group_not_in_study`.
    """
    if group in groups:
        return groups[group], None
    if group in out_of_class:
        return None, word(group)
    raise UnusableError("group_not_in_study", f"group {word(group) or 'unknown'} is not studied")


def no_patient(files: tuple[SourceFile, ...], fault: UnusableError, *, patient: str, key: Key) -> Exclusion:
    """The exclusion of a whole patient, with all files of the folder."""
    patient_id = pseudonym("patient", patient, key=key)
    return Exclusion(patient_id, "patient", fault.code, fault.reason, patient_id, files)


def rest(
    folder: PatientFiles,
    *,
    used: set[str],
    faults: Mapping[str, UnusableError],
    patient: str,
    key: Key,
    not_needed: str = "held by the series of all phases, or no file of the layout",
) -> Iterator[Exclusion]:
    """An exclusion for each file of the folder that no cine came from; faults are known by file name."""
    patient_id = pseudonym("patient", patient, key=key)
    for name in sorted(set(folder.files) - used):
        code, reason = "not_an_image", "a file that the layout does not know"
        if name in faults:
            code, reason = faults[name].code, faults[name].reason
        elif name.endswith(ENDINGS):
            code, reason = "image_not_needed", not_needed
        yield left_out(folder.files[name], code=code, reason=reason, patient_id=patient_id)
