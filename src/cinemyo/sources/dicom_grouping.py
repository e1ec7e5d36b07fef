"""Images at one position of one protocol, whatever the series, the folder and the names of the files.

Never by SliceLocation (its steps are wrong on real scanners) nor by FrameOfReferenceUID (it may differ in every file).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from cinemyo.sources.dicom_digests import pixel_digest
from cinemyo.sources.dicom_headers import Geometry, Header

COSINE_TOLERANCE: Final = 1e-3
POSITION_TOLERANCE_MM: Final = 0.5


@dataclass(frozen=True)
class Place:
    """Images of one patient, exam and protocol in one plane at one position."""

    headers: tuple[Header, ...]

    @property
    def first(self) -> Header:
        """The image that speaks for all: the smallest by series, instance number and instance UID."""
        return self.headers[0]


def places(headers: Iterable[Header]) -> list[Place]:
    """All groups, in an order that depends on the headers alone.

    Images belong together when patient, exam, matrix, pixel spacing, protocol, sequence, echo time and image component
    agree, orientations differ by at most 1e-3 and positions by at most 0.5 mm.

    Source: domain.md A.3
    """
    alike: dict[tuple[object, ...], list[Header]] = defaultdict(list)
    for header in headers:
        alike[_protocol_key(header)].append(header)
    groups = [group for members in alike.values() for group in _by_position(members)]
    found = [Place(tuple(sorted(group, key=header_order))) for group in groups]
    return sorted(found, key=lambda place: place_order(place.first))


def without_duplicates(headers: Iterable[Header]) -> tuple[list[Header], list[tuple[Header, str]]]:
    """The images that are left once each is there one time, and the others with their codes.

    First by instance UID and frame, then by pixels at the same position and delay: two copies of an image under two
    UIDs, such as the classic and the enhanced export of one scan.
    """
    kept: dict[tuple[object, ...], Header] = {}
    alone: dict[tuple[object, ...], Header] = {}
    several: dict[tuple[object, ...], set[str]] = {}
    refused: list[tuple[Header, str]] = []
    for header in _in_copy_order(headers):
        identity = header.identity
        by_uid = (identity.patient, identity.instance, header.frame)
        place = (identity.patient, *_where_and_when(header))
        other = kept.get(by_uid)
        if other is not None:
            refused.append((header, "duplicate" if pixel_digest(other) == pixel_digest(header) else "duplicate_uid"))
            continue
        # pixels are compared where two images share place and delay, which is seldom
        first = alone.setdefault(place, header)
        if first is not header:
            known = several.setdefault(place, {pixel_digest(first)})
            digest = pixel_digest(header)
            if digest in known:
                refused.append((header, "duplicate"))
                continue
            known.add(digest)
        kept[by_uid] = header
    return list(kept.values()), refused


def slice_numbers(found: Sequence[Place]) -> dict[tuple[str, str, int], int]:
    """The position of each place within each of its series, from 1, by patient, series UID and index into `found`.

    Along the slice normal; where a series holds several orientations, one orientation after the other, by the smallest
    instance number in it.
    """
    by_series: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, place in enumerate(found):
        for patient, series in sorted({(h.identity.patient, h.identity.series) for h in place.headers}):
            by_series[patient, series].append(index)
    numbers: dict[tuple[str, str, int], int] = {}
    for (patient, series), indices in by_series.items():
        numbers |= {(patient, series, index): number for index, number in _numbered(found, indices, series)}
    return numbers


def height_mm(header: Header) -> float:
    """Signed distance of the image plane from the origin along its own normal."""
    along, down = np.array(header.geometry.orientation).reshape(2, 3)
    return float(np.dot(np.cross(along, down), header.geometry.position))


def place_order(header: Header) -> tuple[object, ...]:
    """Sorts by patient, then by time of exam, then as `header_order`."""
    return (header.identity.patient, header.identity.study_time, header_order(header))


def header_order(header: Header) -> tuple[object, ...]:
    """Sorts images by patient, exam, series, instance; never by file name."""
    identity, timing = header.identity, header.timing
    instance = -1 if timing.instance_number is None else timing.instance_number
    return (
        identity.patient,
        identity.study,
        timing.series_number,
        identity.series,
        instance,
        timing.acquired,
        identity.instance,
        header.frame,
    )


def _where_and_when(header: Header) -> tuple[object, ...]:
    """Position and delay, rounded: classic headers write them as text."""
    geometry, timing = header.geometry, header.timing
    delays = (timing.nominal_delay, timing.trigger_time)
    delay = next((value for value in delays if value is not None), timing.temporal_position)
    return (_rounded(geometry), delay and round(delay, 1))


@lru_cache(maxsize=256)
def _rounded(geometry: Geometry) -> tuple[tuple[float, ...], ...]:
    where = (geometry.orientation, geometry.position, geometry.spacing)
    return tuple(tuple(round(value, 2) for value in values) for values in where)


def _in_copy_order(headers: Iterable[Header]) -> list[Header]:
    """Sorted as `header_order`; those that it cannot tell apart by their pixels, never by file name alone."""
    ordered = [(header_order(header), header) for header in headers]
    alike = Counter(order for order, _ in ordered)
    ordered.sort(key=lambda pair: (*pair[0], pixel_digest(pair[1]) if alike[pair[0]] > 1 else "", pair[1].ref))
    return [header for _, header in ordered]


def _protocol_key(header: Header) -> tuple[object, ...]:
    identity, protocol, pixels = header.identity, header.protocol, header.pixels
    component = next((value for value in protocol.image_type[2:] if value in {"M", "P", "R", "I"}), "")
    return (
        identity.patient,
        identity.study,
        pixels.rows,
        pixels.columns,
        pixels.photometric,
        tuple(round(value, 3) for value in header.geometry.spacing),
        protocol.sequence,
        protocol.name,
        None if protocol.echo_ms is None else round(protocol.echo_ms, 1),
        component,
    )


def _by_position(headers: Sequence[Header]) -> list[list[Header]]:
    """Clusters around their first members in sorted order, so that no rounding border parts two frames."""
    clusters: list[list[Header]] = []
    for header in sorted(headers, key=lambda h: (h.geometry.orientation, h.geometry.position, header_order(h))):
        home = next((cluster for cluster in reversed(clusters) if _same_place(cluster[0], header)), None)
        if home is None:
            clusters.append([header])
        else:
            home.append(header)
    return clusters


def _same_place(one: Header, other: Header) -> bool:
    apart = math.dist(one.geometry.position, other.geometry.position)
    return apart <= POSITION_TOLERANCE_MM and _parallel(one, other)


def _parallel(one: Header, other: Header) -> bool:
    pairs = zip(one.geometry.orientation, other.geometry.orientation, strict=True)
    return max(abs(a - b) for a, b in pairs) <= COSINE_TOLERANCE


def _numbered(found: Sequence[Place], indices: Sequence[int], series: str) -> list[tuple[int, int]]:
    stacks: list[list[int]] = []
    for index in sorted(indices, key=lambda i: _first_instance(found[i], series)):
        home = next((stack for stack in stacks if _parallel(found[stack[0]].first, found[index].first)), None)
        if home is None:
            stacks.append([index])
        else:
            home.append(index)
    numbers: list[tuple[int, int]] = []
    last = 0
    for stack in stacks:
        height = {index: height_mm(found[index].first) for index in stack}
        below: float | None = None
        for index in sorted(stack, key=lambda i: height[i]):
            last += below is None or height[index] - below > POSITION_TOLERANCE_MM
            below = height[index]
            numbers.append((index, last))
    return numbers


def _first_instance(place: Place, series: str) -> tuple[int, str]:
    mine = [header for header in place.headers if header.identity.series == series]
    return min((header.timing.instance_number or 0, header.identity.instance) for header in mine)
