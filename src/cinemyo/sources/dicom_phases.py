"""The order of frames in time: the first rung of a ladder of headers that holds for all frames of a cine."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from statistics import median
from typing import Final

from cinemyo.sources.dicom_headers import Header

RR_MS: Final = (300.0, 2000.0)
"""R-R intervals that a heart can have, 200 to 30 beats a minute; scanners also write 0 and 541."""
_DISTINCT: Final = 0.9
_LATEST_RR: Final = 1.2
_SPAN_RR: Final = (0.5, 1.05)
_EVEN: Final = 0.25
_SLOW_S: Final = 0.25

Value = float | int
Rung = Callable[[Header], Value | None]

_NAMES: Final = (
    *("nominal_delay", "trigger_time", "actual_delay", "percent_of_cycle", "temporal_position", "dimension_index"),
    *("frame_ms", "acquisition_time", "content_time", "instance_number"),
)
LADDER: Final[dict[str, Rung]] = {name: attrgetter(f"timing.{name}") for name in _NAMES}
"""Best rung first: the name that is recorded as `phase_key`, and its value in a header."""
NOMINAL_DELAY: Final = LADDER["nominal_delay"]
TRIGGER_TIME: Final = LADDER["trigger_time"]
_IN_MS: Final = {"nominal_delay", "trigger_time", "actual_delay"}
_OF_ONE_BEAT: Final = {*_IN_MS, "percent_of_cycle"}
_CLOCKS: Final = {"acquisition_time", "content_time"}
_DAY_S: Final = 86_400


@dataclass(frozen=True)
class Ordered:
    """Frames in phase order, by which rung, and their times where the rung tells them."""

    headers: tuple[Header, ...]
    phase_key: str
    trigger_ms: tuple[float, ...] | None
    rr_ms: float | None


def order(headers: Sequence[Header]) -> Ordered | str:
    """The frames in phase order, or the code of what they are instead: real_time, time_series or no_phase_order.

    Source: domain.md A.2 (the phase-key ladder). Departs from it: times that are not monotone in InstanceNumber are
    trusted where they are evenly spaced, since archives renumber images.
    """
    rr = header_rr_ms(headers)
    if any(header.protocol.technique == "REALTIME" for header in headers):
        return "real_time"
    if _spans_beats(headers, NOMINAL_DELAY, rr) or _spans_beats(headers, TRIGGER_TIME, rr):
        return "real_time"
    for name, rung in LADDER.items():
        values = complete(headers, rung)
        if values is None or not _distinct(values):
            continue
        if name in _CLOCKS:
            values = _over_midnight(values)
        earliest = 0.0 if name == "trigger_time" else -math.inf
        if name in _IN_MS and not (min(values) >= earliest and _sane(headers, values, rr)):
            continue
        if name not in _OF_ONE_BEAT and _slow(headers):
            return "time_series"
        return _ordered(headers, name, values, rr)
    return "no_phase_order"


def complete(headers: Sequence[Header], rung: Rung) -> list[float] | None:
    """The rung's value of each frame, or None if one lacks it."""
    values = [value for header in headers if (value := rung(header)) is not None]
    return [float(value) for value in values] if len(values) == len(headers) else None


def header_rr_ms(headers: Sequence[Header]) -> float | None:
    """The R-R interval that the headers state: NominalInterval, else from HeartRate, where a heart can have it."""
    low, high = RR_MS
    intervals = [header.timing.nominal_interval for header in headers]
    rates = [header.timing.heart_rate for header in headers]
    stated = [value for value in intervals if value is not None and low <= value <= high]
    beats = [60_000 / rate for rate in rates if rate is not None and 60_000 / high <= rate <= 60_000 / low]
    return median(stated) if stated else (median(beats) if beats else None)


def _distinct(values: Sequence[float]) -> bool:
    return len(values) > 1 and len(set(values)) >= _DISTINCT * len(values)


def _sane(headers: Sequence[Header], times: Sequence[float], rr: float | None) -> bool:
    """Times around the R wave of one beat: in range, spread over it, and monotone in InstanceNumber or even.

    Below 0 are frames before the R wave.
    """
    latest = _LATEST_RR * rr if rr is not None else RR_MS[1]
    if max(times) >= latest or min(times) <= -latest:
        return False
    span = max(times) - min(times)
    if rr is not None and not _SPAN_RR[0] <= span / rr <= _SPAN_RR[1]:
        return False
    return _even(sorted(times)) or _monotone(headers, times)


def _monotone(headers: Sequence[Header], times: Sequence[float]) -> bool:
    numbers = [header.timing.instance_number for header in headers]
    if None in numbers:
        return True
    by_number = [time for _, time in sorted(zip(numbers, times, strict=True), key=lambda pair: pair[0] or 0)]
    return by_number == sorted(times)


def _even(ordered: Sequence[float]) -> bool:
    steps = [after - before for before, after in pairwise(ordered)]
    typical = median(steps)
    return typical > 0 and max(abs(step - typical) for step in steps) <= _EVEN * typical


def _slow(headers: Sequence[Header]) -> bool:
    """Whether each frame was acquired long after the one before, as in perfusion."""
    clocks = complete(headers, LADDER["acquisition_time"])
    if clocks is None or not _distinct(clocks):
        return False
    clocks = _over_midnight(clocks)
    return (max(clocks) - min(clocks)) / (len(clocks) - 1) > _SLOW_S


def _over_midnight(clocks: Sequence[float]) -> list[float]:
    """Seconds that go on counting where a day ends between two frames."""
    if max(clocks) - min(clocks) < _DAY_S / 2:
        return list(clocks)
    return [value + _DAY_S if value < _DAY_S / 2 else value for value in clocks]


def _spans_beats(headers: Sequence[Header], rung: Rung, rr: float | None) -> bool:
    """Whether times run evenly on over more than one beat: a real-time acquisition."""
    times = complete(headers, rung)
    if times is None or rr is None or not _distinct(times) or min(times) < 0:
        return False
    return min(times) < rr and max(times) - min(times) > _LATEST_RR * rr and _even(sorted(times))


def _ordered(headers: Sequence[Header], name: str, values: Sequence[float], rr: float | None) -> Ordered:
    ties = [(value, *_tie(header)) for value, header in zip(values, headers, strict=True)]
    rank = sorted(range(len(values)), key=ties.__getitem__)
    times = None
    if name in _IN_MS:
        times = tuple(values[index] for index in rank)
    elif name == "percent_of_cycle" and rr is not None:
        times = tuple(values[index] * rr / 100 for index in rank)
    if rr is None and times is not None:
        steps = [after - before for before, after in pairwise(times)]
        rr = len(times) * median(steps)
    return Ordered(tuple(headers[index] for index in rank), name, times, rr if rr is None or rr > 0 else None)


def _tie(header: Header) -> tuple[float, str]:
    number = header.timing.instance_number
    return (math.inf if number is None else number, header.identity.instance)
