"""From the headers of one patient to exclusions, and a part for each position; packed as they travel."""

import pickle
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.sources.base import Cine, Exclusion, SourceFile, left_out
from cinemyo.sources.dicom_cines import CineBuilder, PlacePart, Stack
from cinemyo.sources.dicom_codes import REASONS
from cinemyo.sources.dicom_grouping import Place, places, slice_numbers, without_duplicates
from cinemyo.sources.dicom_headers import Header
from cinemyo.sources.dicom_repeats import expected_phases
from cinemyo.sources.dicom_spool import Judged, Packed, unpacked
from cinemyo.sources.place_views import place_views

_SIBLINGS: Final = 3


@dataclass(frozen=True)
class PackedPart:
    """A part as bytes: made in one process and built in another, it is not unpacked between them."""

    packed: bytes = field(repr=False)

    def __reduce__(self) -> tuple[type["PackedPart"], tuple[bytes]]:
        """The bytes alone, even where somebody looked at the part."""
        return PackedPart, (self.packed,)

    @cached_property
    def part(self) -> PlacePart:
        """The part itself."""
        part: PlacePart = pickle.loads(self.packed)  # noqa: S301  # packed by this very program
        return part

    @property
    def content(self) -> str:
        """As `PlacePart.content`."""
        return self.part.content

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """As `PlacePart.files`."""
        return self.part.files

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        """As `PlacePart.build`."""
        return self.part.build(key=key)


@dataclass(frozen=True, kw_only=True)
class Grouper:
    """Groups the images of a patient; the key is inherited by the process and never sent."""

    key: Key = field(repr=False)
    min_phases: int
    max_phases: int
    truth: Path | None

    def __call__(self, packed: Packed) -> list[PackedPart | Exclusion]:
        """Exclusions first, then a part for each position."""
        items = self._patient([*unpacked(packed)])
        return [item if isinstance(item, Exclusion) else PackedPart(pickle.dumps(item, protocol=5)) for item in items]

    def _patient(self, judged: Sequence[Judged]) -> Iterator[PlacePart | Exclusion]:
        images = [header for header, code in judged if code is None]
        unique, copies = without_duplicates(images)
        for header, code in copies:
            yield left_out(header.file, code=code, reason=REASONS[code], patient_id=self._pseudonym(header))
        yield from self._series((header, code) for header, code in judged if code is not None)
        yield from self._cines(unique, _exam_orders(header for header, _ in judged))

    def _cines(self, images: Sequence[Header], exams: dict[str, int]) -> Iterator[PlacePart]:
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
