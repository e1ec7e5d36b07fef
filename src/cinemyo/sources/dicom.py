"""Cines from a folder of MR DICOM, in any layout, in which every file is accounted for once."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.errors import SourceError
from cinemyo.sources.archives import FileRef
from cinemyo.sources.base import Exclusion, Part, left_out
from cinemyo.sources.dicom_cines import CineBuilder, PlacePart, Stack
from cinemyo.sources.dicom_codes import REASONS
from cinemyo.sources.dicom_grouping import Place, places, slice_numbers, without_duplicates
from cinemyo.sources.dicom_headers import Header
from cinemyo.sources.dicom_repeats import expected_phases
from cinemyo.sources.dicom_spool import HeaderReader, HeaderSpool, Judged, read_all
from cinemyo.sources.files import refs_under
from cinemyo.sources.place_views import place_views
from cinemyo.sources.pool import Limits

_SIBLINGS: Final = 3


@dataclass(frozen=True, kw_only=True)
class DicomReader:
    """A folder of DICOM files, those in zip archives among them, as a source of cines.

    Headers of all files are read first, in processes, and their facts spooled to disk; then patients come one after the
    other, so that memory holds the headers of one and does not grow with their number.

    Source: domain.md A.2, A.3
    """

    root: Path = field(kw_only=False)
    key: Key = field(repr=False)
    min_phases: int = 8
    max_phases: int = 60
    truth: Path | None = None
    workers: int | None = None
    limits: Limits | None = None
    watch: Callable[[int], object] = lambda files: None
    """Told the number of new files while headers are read."""

    def parts(self) -> Iterator[Part | Exclusion]:
        """Exclusions of files without a header first, then by patient: exclusions, and a part for each position.

        Raises:
            SourceError: the folder is absent or holds no file.
        """
        refs = refs_under(self.root)
        first = next(refs, None)
        if first is None:
            raise SourceError(
                f"DICOM folder {self.root}",
                expected="DICOM files",
                got="an empty folder",
                remedy="point the source's root at the export (`make source ROOT=...`)",
            )
        return self._read(chain([first], refs))

    def _read(self, refs: Iterable[FileRef]) -> Iterator[Part | Exclusion]:
        spool = HeaderSpool()
        try:
            yield from read_all(
                refs,
                reader=HeaderReader(self.root, self.key),
                into=spool,
                workers=self.workers,
                limits=self.limits,
                watch=self.watch,
            )
            for judged in spool.patients():
                yield from self._patient(judged)
        finally:
            spool.close()

    def _patient(self, judged: Sequence[Judged]) -> Iterator[Part | Exclusion]:
        images = [header for header, code in judged if code is None]
        unique, copies = without_duplicates(images)
        for header, code in copies:
            yield left_out(header.file, code=code, reason=REASONS[code], patient_id=self._pseudonym(header))
        yield from self._series((header, code) for header, code in judged if code is not None)
        yield from self._cines(unique, _exam_orders(header for header, _ in judged))

    def _cines(self, images: Sequence[Header], exams: dict[str, int]) -> Iterator[Part]:
        found = places(images)
        numbers, typical = slice_numbers(found), _typical_phases(found)
        sights = place_views(found, least=self.min_phases)
        builder = CineBuilder(min_phases=self.min_phases, max_phases=self.max_phases, truth=self.truth)
        for index, place in enumerate(found):
            identity = place.first.identity
            series = {header.identity.series for header in place.headers}
            stack = Stack(
                exam_order=exams[identity.study],
                slice_numbers={uid: numbers[identity.patient, uid, index] for uid in series},
                expected=expected_phases(place.headers) or max(typical.get(uid, 0) for uid in series) or None,
                sight=sights[index],
            )
            yield PlacePart(place, stack, builder)

    def _series(self, refused: Iterable[tuple[Header, str]]) -> Iterator[Exclusion]:
        """One exclusion for all images of a series that were refused for the same reason."""
        groups: dict[tuple[str, str], list[Header]] = defaultdict(list)
        for header, code in refused:
            if header.identity.series:
                groups[header.identity.series, code].append(header)
            else:
                yield left_out(header.file, code=code, reason=REASONS[code], patient_id=self._pseudonym(header))
        for (series, code), headers in sorted(groups.items(), key=lambda group: group[0]):
            yield Exclusion(
                item=f"{pseudonym('series', series, key=self.key)}:{code}",
                level="series",
                code=code,
                reason=REASONS[code],
                patient_id=self._pseudonym(headers[0]),
                files=tuple(dict.fromkeys(header.file for header in headers)),
            )

    def _pseudonym(self, header: Header) -> str | None:
        return pseudonym("patient", header.identity.patient, key=self.key) if header.identity.patient else None


def _exam_orders(headers: Iterable[Header]) -> dict[str, int]:
    """The rank of a patient's exams in time, from 1, by study UID."""
    times: dict[str, tuple[str, str]] = {}
    for header in headers:
        identity = header.identity
        times[identity.study] = min(times.get(identity.study, identity.study_time), identity.study_time)
    return {study: rank for rank, study in enumerate(sorted(times, key=lambda study: (times[study], study)), start=1)}


def _typical_phases(found: Iterable[Place]) -> dict[str, int]:
    """The commonest number of images at a position, by series of at least three positions."""
    sizes: dict[str, Counter[int]] = defaultdict(Counter)
    for place in found:
        for series in {header.identity.series for header in place.headers}:
            sizes[series][len(place.headers)] += 1
    several = {series: counts for series, counts in sizes.items() if counts.total() >= _SIBLINGS}
    return {series: max(counts, key=lambda n: (counts[n], n)) for series, counts in several.items()}
