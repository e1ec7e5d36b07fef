"""The ACDC release: each short-axis slice of a patient's stack is one cine, of two phases or of all."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cinemyo.config import SliceRule
from cinemyo.deid.keys import Key, load_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.labels import Pathology
from cinemyo.sources.acdc_folder import Folder, Info, read_info, read_masks, read_stack
from cinemyo.sources.base import Cine, Exclusion, Part, SourceFile
from cinemyo.sources.files import folders_under, source_file
from cinemyo.sources.nifti import ENDINGS, UnusableError
from cinemyo.sources.nifti_masks import Masks
from cinemyo.sources.stacks import Stack, Subject, slices_of

PATIENT: Final = re.compile(r"patient\d+")


@dataclass(frozen=True, kw_only=True)
class AcdcReader:
    """The release's folders at any depth under the root: `patientNNN/{Info.cfg, *_frameXX, *_gt, *_4d}`.

    Which slices count depends on their height in the stack alone; masks are carried along where they are and decide
    nothing. A file that serves several cines is named by each of them.

    Source: Bernard 2018, doi 10.1109/TMI.2018.2837502
    """

    root: Path = field(kw_only=False)
    slices: SliceRule
    groups: Mapping[str, Pathology]
    out_of_class: tuple[str, ...] = ()
    """Groups that are read without a pathology, their name in small letters as `other_class`."""
    key: Key = field(default_factory=lambda: load_key("published"))

    def parts(self) -> Iterator[Part | Exclusion]:
        """A part for each patient, in order of their names; last what lies in no patient's folder.

        Raises:
            SourceError: the root is no folder, or a file in it may not be read.
        """
        folders = folders_under(self.root)
        seen: set[str] = set()
        for path in sorted(folders, key=lambda path: (path.name, path)):
            if PATIENT.fullmatch(path.name):
                folder = self._folder(path, folders[path])
                if path.name in seen:
                    yield from _second_folder(folder)
                    continue
                seen.add(path.name)
                yield PatientPart(folder, self.slices, self.groups, self.out_of_class)
        for path, files in folders.items():
            if not PATIENT.fullmatch(path.name):
                for file in files:
                    yield _left_out(self._file(file), code="outside_patients", reason="not in a patient's folder")

    def _folder(self, path: Path, files: list[Path]) -> Folder:
        return Folder(path.name, {file.name: file for file in files}, {file.name: self._file(file) for file in files})

    def _file(self, path: Path) -> SourceFile:
        return source_file(path, root=self.root, key=self.key)


@dataclass(frozen=True)
class PatientPart:
    """One patient's folder, to be built in any process."""

    folder: Folder
    slices: SliceRule
    groups: Mapping[str, Pathology]
    out_of_class: tuple[str, ...]

    @property
    def content(self) -> str:
        """A hash of the folder's keyed names and bytes and of the reader's rules."""
        files = sorted((file.file, file.digest) for file in self.folder.files.values())
        rules = self.slices.model_dump(mode="json"), sorted(self.groups.items()), self.out_of_class
        return hashlib.sha256(repr((files, rules)).encode()).hexdigest()

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """All files of the folder."""
        return tuple(self.folder.files.values())

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """The cines by slice, then what is left out."""
        folder = self.folder
        try:
            info = read_info(folder)
            if info.group is not None and info.group not in (*self.groups, *self.out_of_class):
                yield _no_exam(
                    folder, UnusableError("group_not_in_study", f"group {info.group} is not studied"), key=key
                )
                return
            stack = read_stack(folder, info)
        except UnusableError as fault:
            yield _no_exam(folder, fault, key=key)
            return
        yield from self._exam(folder, info, stack, key)

    def _exam(self, folder: Folder, info: Info, stack: Stack, key: Key) -> Iterator[Cine | Exclusion]:
        masks = read_masks(folder, info, stack.volume)
        used = stack.names + (masks.names if masks.labels is not None else ())
        files = tuple(folder.files[name] for name in used)
        subject = Subject(
            source="acdc",
            patient=folder.name,
            exam=folder.name,
            series=f"{folder.name}_sax",
            view="short_axis",
            pathology=self.groups.get(info.group or ""),
            other_class=info.group.lower() if info.group in self.out_of_class else None,
        )
        yield from slices_of(stack, masks, subject=subject, rule=self.slices, files=files, key=key)
        patient_id = pseudonym("patient", folder.name, key=key)
        for name in sorted(set(folder.files) - set(used)):
            code, reason = _why_left(name, masks)
            yield _left_out(folder.files[name], code=code, reason=reason, patient_id=patient_id)


def _second_folder(folder: Folder) -> Iterator[Exclusion]:
    for file in folder.files.values():
        yield _left_out(file, code="duplicate_patient", reason="a second folder of the same patient")


def _no_exam(folder: Folder, fault: UnusableError, *, key: Key) -> Exclusion:
    patient_id = pseudonym("patient", folder.name, key=key)
    return Exclusion(patient_id, "patient", fault.code, fault.reason, patient_id, tuple(folder.files.values()))


def _left_out(file: SourceFile, *, code: str, reason: str, patient_id: str | None = None) -> Exclusion:
    return Exclusion(file.file, "file", code, reason, patient_id, (file,))


def _why_left(name: str, masks: Masks) -> tuple[str, str]:
    if name in masks.names and masks.fault is not None:
        return masks.fault.code, masks.fault.reason
    if name.endswith(ENDINGS):
        return "image_not_needed", "neither an annotated phase nor its mask, or held by the series of all phases"
    return "not_an_image", "a file that the layout does not know"
