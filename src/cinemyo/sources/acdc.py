"""The ACDC release: each short-axis slice of a patient's stack is one cine, of two phases or of all."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cinemyo.config import SliceRule
from cinemyo.deid.keys import Key, load_key
from cinemyo.labels import Pathology
from cinemyo.sources.acdc_folder import Info, read_info, read_masks, read_stack
from cinemyo.sources.base import Cine, Exclusion, Part
from cinemyo.sources.files import folders_under
from cinemyo.sources.nifti import UnusableError
from cinemyo.sources.release import PatientFiles, PatientPart, by_name, no_patient, patients, rest
from cinemyo.sources.stacks import Stack, Subject, slices_of

PATIENT: Final = re.compile(r"patient\d+")
_NOT_NEEDED: Final = "neither an annotated phase nor its mask, or held by the series of all phases"


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
        own = {path: files for path, files in folders.items() if _is_patient(path, files)}
        others = [(path, files) for path, files in folders.items() if path not in own]
        yield from patients(
            [*by_name(own), *others], is_patient=_is_patient, root=self.root, key=self.key, part=self._part
        )

    def _part(self, folder: PatientFiles) -> Part:
        return AcdcPart(folder, self.slices, self.groups, self.out_of_class)


@dataclass(frozen=True)
class AcdcPart(PatientPart):
    """One patient's folder, to be built in any process."""

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """The cines by slice, then what is left out."""
        folder = self.folder
        try:
            info = read_info(folder)
            if info.group is not None and info.group not in (*self.groups, *self.out_of_class):
                raise UnusableError("group_not_in_study", f"group {info.group} is not studied")
            stack = read_stack(folder, info)
        except UnusableError as fault:
            yield no_patient(self.files, fault, patient=folder.name, key=key)
            return
        yield from self._exam(folder, info, stack, key)

    def _exam(self, folder: PatientFiles, info: Info, stack: Stack, key: Key) -> Iterator[Cine | Exclusion]:
        masks = read_masks(folder, info, stack.volume)
        used = stack.names + (masks.names if masks.labels is not None else ())
        subject = Subject(
            source="acdc",
            patient=folder.name,
            exam=folder.name,
            series=f"{folder.name}_sax",
            view="short_axis",
            pathology=self.groups.get(info.group or ""),
            other_class=info.group.lower() if info.group in self.out_of_class else None,
        )
        yield from slices_of(stack, masks, subject=subject, rule=self.slices, files=folder.used(used), key=key)
        yield from rest(
            folder, used=set(used), faults=masks.faults, patient=folder.name, key=key, not_needed=_NOT_NEEDED
        )


def _is_patient(path: Path, _: list[Path]) -> bool:
    return bool(PATIENT.fullmatch(path.name))
