"""The acquisitions at one position: one, one split over several series, or one that was repeated."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from cinemyo.sources.dicom_grouping import header_order
from cinemyo.sources.dicom_headers import Header
from cinemyo.sources.dicom_phases import LADDER, NOMINAL_DELAY, TRIGGER_TIME, complete

COMPLETE: Final = 0.9
_SEVERAL: Final = 1.5
_TIMED: Final = tuple(rung for name, rung in LADDER.items() if name not in {"acquisition_time", "content_time"})


def expected_phases(headers: Sequence[Header]) -> int | None:
    """The number of phases that most of the images state, or None if none does."""
    stated = Counter(h.timing.n_images for h in headers if h.timing.n_images is not None)
    return max(stated, key=lambda n: (stated[n], n)) if stated else None


def acquisitions(headers: Sequence[Header], *, expected: int | None) -> list[list[Header]]:
    """The images of each acquisition, the latest last.

    A series that holds a complete acquisition stands alone; what is spread over several series is put together; and an
    acquisition whose phase times start again is cut there.

    Source: domain.md A.3
    """
    by_series: dict[str, list[Header]] = defaultdict(list)
    for header in sorted(headers, key=header_order):
        by_series[header.identity.series].append(header)
    parts = list(by_series.values())
    if expected is None:
        joined = [[h for part in parts for h in part]] if _disjoint(parts) else parts
    else:
        whole = [part for part in parts if len(part) >= COMPLETE * expected]
        rest = [h for part in parts if len(part) < COMPLETE * expected for h in part]
        joined = [*whole, rest] if rest else whole
    found = [acquisition for part in joined for acquisition in _runs(part, expected)]
    return sorted(found, key=_when)


def _when(headers: Sequence[Header]) -> tuple[object, ...]:
    return (max(h.timing.acquired for h in headers), max(header_order(h) for h in headers))


def _disjoint(parts: Sequence[Sequence[Header]]) -> bool:
    """Whether the phase times of the parts follow each other without overlap."""
    if len(parts) < 2:
        return True
    everything = [header for part in parts for header in part]
    for rung in _TIMED:
        values = complete(everything, rung)
        if values is None or len(set(values)) < 2:
            continue
        ranges = sorted((min(part), max(part)) for part in (complete(p, rung) or [0.0] for p in parts))
        return all(before[1] < after[0] for before, after in pairwise(ranges))
    return False


def _runs(headers: list[Header], expected: int | None) -> list[list[Header]]:
    times = complete(headers, NOMINAL_DELAY) or complete(headers, TRIGGER_TIME)
    if expected is not None and len(headers) < _SEVERAL * expected:
        return [headers]
    by_clock = _by_clock(headers)
    if expected is not None and len(by_clock) > 1 and min(map(len, by_clock)) >= COMPLETE * expected:
        return by_clock
    if times is None or len(set(times)) < 2:
        return _chunks(headers, expected)
    ranks, copies = _ranks(times), Counter(times)
    if len(set(copies.values())) == 1 and max(ranks) > 0:
        return [[h for h, rank in zip(headers, ranks, strict=True) if rank == k] for k in range(max(ranks) + 1)]
    starts = [0, *(index + 1 for index, (before, after) in enumerate(pairwise(times)) if after <= before), len(times)]
    runs = [headers[start:stop] for start, stop in pairwise(starts)]
    return [headers] if len(runs) > len(headers) / 4 or _disjoint(runs) else runs


def _by_clock(headers: Sequence[Header]) -> list[list[Header]]:
    """The images by the time at which their acquisition began."""
    parts: dict[tuple[str, str], list[Header]] = defaultdict(list)
    for header in headers:
        parts[header.timing.acquired].append(header)
    return list(parts.values())


def _ranks(times: Sequence[float]) -> list[int]:
    """How many equal times each comes after."""
    seen: Counter[float] = Counter()
    ranks = []
    for time in times:
        ranks.append(seen[time])
        seen[time] += 1
    return ranks


def _chunks(headers: list[Header], expected: int | None) -> list[list[Header]]:
    """Equal shares in order of instance, where the number is a multiple of what is expected."""
    if expected is None or len(headers) % expected:
        return [headers]
    return [headers[start : start + expected] for start in range(0, len(headers), expected)]
