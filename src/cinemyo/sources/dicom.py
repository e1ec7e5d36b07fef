"""Cines from a folder of classic single-frame MR DICOM, in any layout, in which every file is accounted for once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.errors import SourceError
from cinemyo.sources.base import Exclusion, Part, SourceFile
from cinemyo.sources.dicom_cines import CineBuilder, PlacePart, Stack
from cinemyo.sources.dicom_codes import REASONS
from cinemyo.sources.dicom_grouping import Place, places, slice_numbers, without_duplicates
from cinemyo.sources.dicom_headers import Header, Refusal, read_headers
from cinemyo.sources.dicom_repeats import expected_phases
from cinemyo.sources.dicom_selection import refusal
from cinemyo.sources.files import folders_under

_SIBLINGS = 3


class DicomReader:
    """A folder of DICOM files as a source of cines.

    Headers of all files are read first and their facts held (about 2 kB each); pixels of one cine at a time.

    Source: domain.md A.2, A.3
    """

    def __init__(
        self, root: Path, *, key: Key, min_phases: int = 8, max_phases: int = 60, truth: Path | None = None
    ) -> None:
        self._root = root
        self._key = key
        self._builder = CineBuilder(min_phases=min_phases, max_phases=max_phases, truth=truth)

    def parts(self) -> Iterator[Part | Exclusion]:
        """Exclusions of files and series first, then a part for each position, by patient and exam.

        Raises:
            SourceError: the folder is absent or holds no file.
        """
        paths = [path for files in folders_under(self._root).values() for path in files]
        if not paths:
            raise SourceError(
                f"DICOM folder {self._root}",
                expected="DICOM files",
                got="an empty folder",
                remedy="point the source's root at the export (`make source ROOT=...`)",
            )
        return self._read(sorted((path.relative_to(self._root).as_posix(), path) for path in paths))

    def _read(self, found: Sequence[tuple[str, Path]]) -> Iterator[Part | Exclusion]:
        images: list[Header] = []
        others: list[tuple[Header, str]] = []
        for name, path in found:
            headers = read_headers(path, name=name, key=self._key)
            if isinstance(headers, Refusal):
                yield _file(headers.file, headers.code)
                continue
            for header in headers:
                code = refusal(header)
                if code is None:
                    images.append(header)
                else:
                    others.append((header, code))
        unique, copies = without_duplicates(images)
        for header, code in copies:
            yield _file(header.file, code, self._patient(header))
        yield from self._series(others)
        yield from self._cines(unique, _exam_orders([*images, *(header for header, _ in others)]))

    def _cines(self, images: Sequence[Header], exams: dict[tuple[str, str], int]) -> Iterator[Part]:
        found = places(images)
        numbers, typical = slice_numbers(found), _typical_phases(found)
        for index, place in enumerate(found):
            identity = place.first.identity
            series = {header.identity.series for header in place.headers}
            stack = Stack(
                exam_order=exams[identity.patient, identity.study],
                slice_numbers={uid: numbers[identity.patient, uid, index] for uid in series},
                expected=expected_phases(place.headers) or max(typical.get(uid, 0) for uid in series) or None,
            )
            yield PlacePart(place, stack, self._builder)

    def _series(self, refused: Iterable[tuple[Header, str]]) -> Iterator[Exclusion]:
        """One exclusion for all images of a series that were refused for the same reason."""
        groups: dict[tuple[str, str], list[Header]] = defaultdict(list)
        for header, code in refused:
            if header.identity.series:
                groups[header.identity.series, code].append(header)
            else:
                yield _file(header.file, code, self._patient(header))
        for (series, code), headers in sorted(groups.items(), key=lambda group: group[0]):
            patients = {self._patient(header) for header in headers}
            yield Exclusion(
                item=f"{pseudonym('series', series, key=self._key)}:{code}",
                level="series",
                code=code,
                reason=REASONS[code],
                patient_id=patients.pop() if len(patients) == 1 else None,
                files=tuple(dict.fromkeys(header.file for header in headers)),
            )

    def _patient(self, header: Header) -> str | None:
        return pseudonym("patient", header.identity.patient, key=self._key) if header.identity.patient else None


def _file(file: SourceFile, code: str, patient_id: str | None = None) -> Exclusion:
    return Exclusion(file.file, "file", code, REASONS[code], patient_id, (file,))


def _exam_orders(headers: Iterable[Header]) -> dict[tuple[str, str], int]:
    """The rank of each patient's exams in time, from 1, by patient and study UID."""
    exams: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for header in headers:
        identity = header.identity
        known = exams[identity.patient].get(identity.study, identity.study_time)
        exams[identity.patient][identity.study] = min(known, identity.study_time)
    return {
        (patient, study): rank
        for patient, times in exams.items()
        for rank, study in enumerate(sorted(times, key=lambda study: (times[study], study)), start=1)
    }


def _typical_phases(found: Iterable[Place]) -> dict[str, int]:
    """The commonest number of images at a position, by series of at least three positions."""
    sizes: dict[str, Counter[int]] = defaultdict(Counter)
    for place in found:
        for series in {header.identity.series for header in place.headers}:
            sizes[series][len(place.headers)] += 1
    several = {series: counts for series, counts in sizes.items() if counts.total() >= _SIBLINGS}
    return {series: max(counts, key=lambda n: (counts[n], n)) for series, counts in several.items()}
