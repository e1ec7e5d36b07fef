"""The Sunnybrook cardiac data: DICOM short axes, a sheet of the patients, and contours that become masks."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from cinemyo.config import SliceRule
from cinemyo.deid.keys import Key, load_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.labels import Pathology
from cinemyo.sources.base import Cine, Exclusion, Part, SourceFile, left_out
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.dicom_cines import PlacePart
from cinemyo.sources.dicom_patients import PackedPart
from cinemyo.sources.files import files_under, source_file
from cinemyo.sources.nifti import UnusableError
from cinemyo.sources.release import agreed, only_sheet, pathology_of
from cinemyo.sources.release_sheet import Row, read_rows, sex_of, whole_years
from cinemyo.sources.stacks import outside_rule
from cinemyo.sources.sunnybrook_contours import FILE, Contour, case_name, contour_of, drawn_mask
from cinemyo.sources.sunnybrook_joined import NOT_DRAWN, UNTOLD, Drawn, image_numbers, joined, patient_of

SHEET_NAME: Final = "scd_patientdata.csv"
COLUMNS: Final = ("PatientID", "OriginalID", "Gender", "Age", "Pathology")


@dataclass(frozen=True)
class Known:
    """What the sheet tells of a patient."""

    pathology: Pathology | None = None
    other_class: str | None = None
    sex: Literal["F", "M"] | None = None
    age_years: int | None = None


@dataclass(frozen=True, kw_only=True)
class SunnybrookReader:
    """The release's DICOM at any depth, read as any DICOM, with `scd_patientdata.csv` and the contours joined to it.

    A contour `SC-HF-I-01/.../IM-0001-NNNN-{i,o}contour-manual.txt` is drawn on the image with InstanceNumber NNNN of
    the patient whose OriginalID is that case: checked on two patients; where two series have such numbers it is
    refused. Epicardia are drawn at diastole alone, so that systolic masks have no myocardium. Without the sheet no
    patient has a pathology.

    Source: Radau 2009, hdl 10380/3070
    """

    root: Path = field(kw_only=False)
    slices: SliceRule
    groups: Mapping[str, Pathology]
    out_of_class: tuple[str, ...] = ()
    """Groups that are read without a pathology, their name as one word of small letters as `other_class`."""
    min_phases: int = 8
    max_phases: int = 60
    workers: int | None = None
    key: Key = field(default_factory=lambda: load_key("published"))

    def parts(self) -> Iterator[Part | Exclusion]:
        """What the DICOM reader gives, its parts told what is known of their patient; last contours of nobody.

        Raises:
            SourceError: as the DICOM reader, or two sheets.
        """
        sheet_path, contours, own = self._texts()
        rows = read_rows(sheet_path, columns=COLUMNS, key="PatientID") if sheet_path is not None else {}
        sheet = None if sheet_path is None else self._file(sheet_path)
        own |= {sheet.file} if sheet is not None else set()
        waiting: list[PlacePart] = []
        used = False
        for item in self._dicom().parts():
            if isinstance(item, PackedPart):
                part = item.part
                if waiting and patient_of(waiting[0]) != patient_of(part):
                    yield from self._patient(waiting, rows, contours, sheet)
                    waiting = []
                waiting.append(part)
                used = True
            elif not (isinstance(item, Exclusion) and item.files and {file.file for file in item.files} <= own):
                yield item
        if waiting:
            yield from self._patient(waiting, rows, contours, sheet)
        for left in contours.values():
            for contour in left:
                yield left_out(contour.file, code=NOT_DRAWN.code, reason=NOT_DRAWN.reason)
        if sheet is not None and not used:
            yield left_out(sheet, code="no_patient", reason="the sheet of a release whose images are not here")

    def _dicom(self) -> DicomReader:
        return DicomReader(
            self.root, key=self.key, workers=self.workers, min_phases=self.min_phases, max_phases=self.max_phases
        )

    def _texts(self) -> tuple[Path | None, dict[str, list[Contour]], set[str]]:
        """The sheet, the contours by case, and the keyed names of the contours."""
        sheets, contours = [], dict[str, list[Contour]]()
        for path in files_under(self.root):
            if path.name.lower() == SHEET_NAME:
                sheets.append(path)
            elif FILE.fullmatch(path.name):
                contour = contour_of(path, file=self._file(path))
                if contour is not None:
                    contours.setdefault(contour.case, []).append(contour)
        own = {contour.file.file for cases in contours.values() for contour in cases}
        return (only_sheet(sheets, name=SHEET_NAME) if sheets else None), contours, own

    def _patient(
        self,
        parts: Sequence[PlacePart],
        rows: Mapping[str, tuple[Row, ...]],
        contours: dict[str, list[Contour]],
        sheet: SourceFile | None,
    ) -> Iterator[Part | Exclusion]:
        patient = patient_of(parts[0])
        own = rows.get(patient, ())
        drawn = contours.pop(case_name(own[0]["OriginalID"] if own else patient), [])
        try:
            known = self._known(own)
        except UnusableError as fault:
            files = [file for part in parts for file in part.files] + [contour.file for contour in drawn]
            item = pseudonym("patient", patient, key=self.key)
            every = tuple(files) + (() if sheet is None else (sheet,))
            yield Exclusion(item, "patient", fault.code, fault.reason, item, every)
            return
        places, left = joined(parts, drawn)
        for contour, why in left:
            item = pseudonym("patient", patient, key=self.key)
            yield left_out(contour.file, code=why.code, reason=why.reason, patient_id=item)
        for place in places:
            yield SunnybrookPart(place, known, self.slices, sheet)

    def _known(self, own: tuple[Row, ...]) -> Known:
        """Raises: UnusableError: `group_not_in_study` or `bad_info`."""
        if not own:
            return Known()
        row = agreed(own)
        pathology, other = pathology_of(row["Pathology"], groups=self.groups, out_of_class=self.out_of_class)
        return Known(pathology, other, sex_of(row["Gender"]), whole_years(row["Age"]))

    def _file(self, path: Path) -> SourceFile:
        return source_file(path, root=self.root, key=self.key)


@dataclass(frozen=True)
class SunnybrookPart:
    """The images at one position with the contours on them, to be built in any process."""

    drawn: Drawn
    known: Known
    slices: SliceRule
    sheet: SourceFile | None

    @property
    def content(self) -> str:
        """A hash of the DICOM part's, of the contours and the sheet, and of what is known."""
        texts = [(file.file, file.digest) for file in self._texts()]
        rules = self.known, self.drawn.phases, round(self.drawn.height, 6), self.slices.model_dump(mode="json")
        return hashlib.sha256(repr((self.drawn.part.content, texts, rules)).encode()).hexdigest()

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The images and the contours on them."""
        return (*self.drawn.part.files, *(contour.file for contour in self.drawn.contours))

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """The cine of this position and the exclusions, contours that no mask came from among them.

        Raises:
            SourceError: as the DICOM part.
        """
        fault, used = NOT_DRAWN, set[str]()
        for item in self.drawn.part.build(key=key):
            if isinstance(item, Exclusion):
                yield item
                continue
            outside = outside_rule(self.drawn.height, rule=self.slices)
            if outside is not None:
                used = {contour.file.file for contour in self.drawn.contours}
                files = item.files + self._texts()
                yield Exclusion(item.cine_id, "cine", outside.code, outside.reason, item.patient_id, files)
                continue
            cine, used, fault = self._told(item, key=key)
            yield cine
        patient_id = pseudonym("patient", patient_of(self.drawn.part), key=key)
        for contour in self.drawn.contours:
            if contour.file.file not in used:
                yield left_out(contour.file, code=fault.code, reason=fault.reason, patient_id=patient_id)

    def _texts(self) -> tuple[SourceFile, ...]:
        return (*(contour.file for contour in self.drawn.contours), *(() if self.sheet is None else (self.sheet,)))

    def _told(self, cine: Cine, *, key: Key) -> tuple[Cine, set[str], UnusableError]:
        """The cine with all that is known, the contours in its mask by keyed name, and why others are not in it."""
        identity = next(
            header.identity
            for header in self.drawn.part.place.headers
            if pseudonym("series", header.identity.series, key=key) == cine.series_id
        )
        frames = self._frames(cine)
        mask, used, fault = self._mask(cine, frames)
        taken = tuple(contour.file for contour in self.drawn.contours if contour.file.file in used)
        carried = {
            "patient": identity.patient,
            "exam": identity.study,
            "series": identity.series,
            "slice": cine.slice_number,
            "pathology": self.known.pathology,
            "other_class": self.known.other_class,
            "view": "short_axis",
            "diastole_index": None if frames is None else frames[0],
            "systole_index": None if frames is None else frames[1],
        }
        told = replace(
            cine,
            source="sunnybrook",
            sex=self.known.sex or cine.sex,
            age_years=cine.age_years if self.known.age_years is None else self.known.age_years,
            files=cine.files + taken + (() if self.sheet is None else (self.sheet,)),
            mask=mask,
            carried=carried,
        )
        return told, used, fault

    def _frames(self, cine: Cine) -> tuple[int, int] | None:
        """Indices of diastole and systole among the frames of the cine, where they are known and are in it."""
        numbers = image_numbers(self.drawn.part)
        phases = self.drawn.phases
        if phases is None or max(phases.diastole, phases.systole) >= len(numbers):
            return None
        by_file = {header.file.file: header.timing.instance_number for header in self.drawn.part.place.headers}
        shown = [by_file.get(file.file) for file in cine.files]
        wanted = numbers[phases.diastole], numbers[phases.systole]
        if len(shown) != len(cine.frames) or not set(wanted) <= set(shown):
            return None
        return shown.index(wanted[0]), shown.index(wanted[1])

    def _mask(self, cine: Cine, frames: tuple[int, int] | None) -> tuple[np.ndarray | None, set[str], UnusableError]:
        if self.drawn.phases is None:
            return None, set(), UNTOLD
        if frames is None or not self.drawn.contours:
            return None, set(), NOT_DRAWN
        rows, columns = cine.frames.shape[1:]
        mask, used = np.zeros((2, rows, columns), dtype=np.uint8), set[str]()
        fault = UnusableError("contour_elsewhere", "drawn in neither of the two phases, or not read for this project")
        numbers = image_numbers(self.drawn.part)
        for index, rank in enumerate((self.drawn.phases.diastole, self.drawn.phases.systole)):
            here = [
                contour for contour in self.drawn.contours if contour.image == numbers[rank] and contour.kind in "io"
            ]
            if not here:
                continue
            try:
                mask[index] = drawn_mask(here, rows=rows, columns=columns)
            except UnusableError as wrong:
                return None, set(), wrong
            used |= {contour.file.file for contour in here}
        return (mask if used else None), used, fault
