"""How surely the frames at one position are a steady-state free precession cine: a sum of named evidence."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from cinemyo.review import TIMED
from cinemyo.sources.cine_names import name_evidence
from cinemyo.sources.dicom_headers import Header, Protocol

REFUSED_BELOW: Final = 0.15
"""Below this the frames are excluded as `not_ssfp`; between this and `cinemyo.review.SURE_CINE` a person is asked."""
PRIOR: Final = -1.0
"""Log odds of a series of frames of which nothing else is known: more of them are something else."""
WEIGHTS: Final[dict[str, float]] = {
    "trigger_times": 1.5,
    "cardiac_images": 0.5,
    "gated": 0.7,
    "retrospective": 1.0,
    "ungated": -1.0,
    "gradient_echo": 0.7,
    "spin_echo": -4.0,
    "echo_planar": -3.0,
    "steady_state": 1.0,
    "free_precession": 2.5,
    "spoiled": -0.7,
    "no_steady_state": -1.5,
    "flip_angle": 1.2,
    "low_flip_angle": -3.0,
    "echo_time": 0.7,
    "long_echo_time": -1.2,
    "very_long_echo_time": -4.0,
    "repetition_time": 0.5,
    "long_repetition_time": -1.5,
    "inversion_time": -4.0,
    "magnitude": 0.3,
    "derived": -1.5,
    "ssfp_name": 3.0,
    "cine_name": 0.7,
    "no_name": 0.0,
    "spoiled_name": -3.5,
    "black_blood_name": -4.0,
    "other_name": -3.0,
    "kind_name": -2.0,
}
"""Log odds that each fact adds. Chosen by hand from what the makers write, not fitted to any data set: one fact alone
neither makes nor breaks a cine, but for names and spin echoes.

Source: domain.md A.4 (score, never gate; GR, 40 to 80 degrees, TE 0.9 to 2.2 ms; repetition time is a trap)
"""
FLIP_DEGREES: Final = (35.0, 90.0)
LOW_FLIP_DEGREES: Final = 26.0
ECHO_MS: Final = (0.8, 2.3)
LONG_ECHO_MS: Final = (2.6, 8.0)
REPETITION_MS: Final = (2.0, 6.0)
LONG_REPETITION_MS: Final = 200.0
"""Above the temporal resolution that some makers write there: spin echoes once a beat, inversion recovery."""
_INVERSIONS: Final = 3


@dataclass(frozen=True)
class CineScore:
    """The probability, and what it is made of: `trigger_times+ flip_angle+ no_name`, in the order of the weights."""

    value: float
    evidence: str


def cine_score(headers: Sequence[Header], *, phase_key: str) -> CineScore:
    """The score of the frames of one cine candidate, all headers in phase order.

    Departs from domain.md A.4: facts that no header states are left out of the sum, so that a cine whose headers were
    emptied by an archive is in doubt rather than refused.
    """
    found = {*_timing(headers, phase_key), *_facts(headers), *name_evidence(headers[0].protocol)}
    listed = [name for name in WEIGHTS if name in found]
    odds = PRIOR + sum(WEIGHTS[name] for name in listed)
    return CineScore(1 / (1 + math.exp(-odds)), " ".join(name + _mark(WEIGHTS[name]) for name in listed))


def certain_code(headers: Sequence[Header]) -> str | None:
    """The code of what the frames together certainly are, if that is something other than a cine.

    Frames of one position with inversion times of their own are the raw images of a T1 map.
    """
    inversions = {header.protocol.inversion_ms for header in headers} - {None}
    return "map" if len(inversions) >= _INVERSIONS else None


def _mark(weight: float) -> str:
    return "+" if weight > 0 else "-" if weight < 0 else ""


def _timing(headers: Sequence[Header], phase_key: str) -> Iterator[str]:
    protocol = headers[0].protocol
    if phase_key in TIMED:
        yield "trigger_times"
    if any(header.timing.n_images is not None for header in headers):
        yield "cardiac_images"
    if "CG" in protocol.options or protocol.technique == "PROSPECTIVE":
        yield "gated"
    if protocol.technique in {"RETROSPECTIVE", "PACED"}:
        yield "retrospective"
    if protocol.technique == "NONE":
        yield "ungated"


def _facts(headers: Sequence[Header]) -> Iterator[str]:
    protocol = headers[0].protocol
    yield from _sequence(protocol)
    yield from _numbers(headers)
    values = set(protocol.image_type)
    if "M" in values or protocol.component == "MAGNITUDE":
        yield "magnitude"
    if "DERIVED" in values:
        yield "derived"


def _sequence(protocol: Protocol) -> Iterator[str]:
    """What the pulse sequence is: classic words, then those of enhanced objects."""
    if "SE" in protocol.scanning or protocol.pulse == "SPIN":
        yield "spin_echo"
    elif "GR" in protocol.scanning or protocol.pulse == "GRADIENT":
        yield "gradient_echo"
    if "EP" in protocol.scanning:
        yield "echo_planar"
    steady = {"SS", "TRSS"} & set(protocol.variant) or protocol.steady_state in {"TRANSVERSE", "TIME_REVERSED"}
    if protocol.steady_state == "FREE_PRECESSION":
        yield "free_precession"
    elif steady:
        yield "steady_state"
    elif protocol.steady_state in {"NONE", "LONGITUDINAL"}:
        yield "no_steady_state"
    elif "SP" in protocol.variant:
        yield "spoiled"


def _numbers(headers: Sequence[Header]) -> Iterator[str]:
    """What angles and times say: the median over the frames, where headers state them."""
    flip, echo, repetition, inversion = (
        _median(headers, name) for name in ("flip_degrees", "echo_ms", "repetition_ms", "inversion_ms")
    )
    if flip is not None and FLIP_DEGREES[0] <= flip <= FLIP_DEGREES[1]:
        yield "flip_angle"
    if flip is not None and 0 < flip < LOW_FLIP_DEGREES:
        yield "low_flip_angle"
    if echo is not None and ECHO_MS[0] <= echo <= ECHO_MS[1]:
        yield "echo_time"
    if echo is not None and echo > LONG_ECHO_MS[0]:
        yield "long_echo_time" if echo <= LONG_ECHO_MS[1] else "very_long_echo_time"
    if repetition is not None and REPETITION_MS[0] <= repetition <= REPETITION_MS[1]:
        yield "repetition_time"
    if repetition is not None and repetition > LONG_REPETITION_MS:
        yield "long_repetition_time"
    if inversion is not None and inversion > 0:
        yield "inversion_time"


def _median(headers: Sequence[Header], name: str) -> float | None:
    stated = [value for header in headers if (value := getattr(header.protocol, name)) is not None]
    return median(stated) if stated else None
