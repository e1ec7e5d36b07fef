"""Which frames of a cine are diastole and systole, without training data and without faith in the first frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from cinemyo.preparation.courses import courses, filling, resampled
from cinemyo.preparation.ends import Ends, apart, ends_of
from cinemyo.preparation.rhythm import (
    Moments,
    Rhythm,
    Timing,
    frame_times,
    moments_of,
    nearest_frame,
    rhythm_of,
    weights,
)

SPREAD: Final = 2.0
"""Frames between single picks at which confidence is one half."""
OUT_OF_STEP: Final = 0.15
"""Share of the beat by which a cine may lag behind its stack."""
GAIN: Final = 0.3
"""Beyond that it is out of step if its correlation with the stack is higher by this much at its own lag."""
PAIR_CHANGE: Final = 0.1
"""Change of blood area between the frames of a pair at which confidence is one half."""
USUAL: Final = 0.4
"""Share of the beat at which systole is put where nothing shows it."""


@dataclass(frozen=True)
class Picked:
    """Frame indices from 0, with method and confidence."""

    diastole: int
    systole: int
    systole_ms: float | None
    method: str
    confidence: float


def pick_phases(
    frames: Float[np.ndarray, "t y x"],
    *,
    spacing: tuple[float, float],
    centre: tuple[float, float],
    timing: Timing | None = None,
) -> Picked:
    """Diastole and systole of one cine from the pixels round its left ventricle.

    Departs from §2.2: there the largest and the smallest ventricle by eye; here by four courses of filling.
    """
    return pick_own(rhythm_of(frames, spacing=spacing, centre=centre, timing=timing))


def pick_own(rhythm: Rhythm) -> Picked:
    """Diastole and systole of one cine by itself; its confidence is the agreement of its four courses."""
    if rhythm.n_frames == 1:
        return Picked(0, 0, None, "single_frame", 0.0)
    if rhythm.beat is None:
        usual = max(round(USUAL * rhythm.n_frames), 1)
        return Picked(0, usual, _time(rhythm, usual), "no_beat", 0.0)
    if rhythm.n_frames == 2:
        return _pick_pair(rhythm.beat.pool)
    moments = moments_of([rhythm])
    beat = resampled(rhythm.beat, weights(rhythm, moments))
    ends = _ends(filling([beat]), moments)
    picks = [_ends(course, moments).systole for course in courses([beat])]
    spread = max(apart(pick, ends.systole, period=len(moments.shares)) for pick in picks)
    return _picked(rhythm, ends, moments=moments, method="own_course", spread=spread)


def pick_stack(rhythms: Sequence[Rhythm]) -> list[Picked]:
    """Diastole and systole of cines that cut one heart: the same moment of the beat in all that beat in step.

    Cines are compared by time where it is known, else by frame among those of one length. The confidence is the
    agreement of every other cine with the rest, and less in a cine that beats out of step.

    Departs from §2.2: there each cine by eye; here a stack has one end-systole, as a volume has.
    """
    common: dict[int, Picked] = {}
    for group in _comparable(rhythms):
        common |= zip(group, _pick_common([rhythms[index] for index in group]), strict=False)
    return [common.get(index) or pick_own(rhythm) for index, rhythm in enumerate(rhythms)]


def _pick_pair(area: Float[np.ndarray, "2"]) -> Picked:
    change = abs(float(area[0] - area[1])) / max(float(area.mean()), 1e-9)
    diastole = int(area.argmax())
    return Picked(diastole, 1 - diastole, None, "blood_area", change / (change + PAIR_CHANGE))


def _comparable(rhythms: Sequence[Rhythm]) -> list[list[int]]:
    """Indices of beating cines whose frames can be set against each other's."""
    groups: dict[int, list[int]] = {}
    for index, rhythm in enumerate(rhythms):
        if rhythm.beat is not None and rhythm.n_frames > 2:
            groups.setdefault(rhythm.n_frames if rhythm.rr_ms is None else 0, []).append(index)
    return list(groups.values())


def _pick_common(rhythms: Sequence[Rhythm]) -> list[Picked]:
    """The common phases of cines; none where most of them beat out of step, as if each had a trigger of its own."""
    moments = moments_of(rhythms)
    beats = [resampled(rhythm.beat, weights(rhythm, moments)) for rhythm in rhythms if rhythm.beat is not None]
    common, alone = filling(beats), [filling([beat]) for beat in beats]
    in_step = [fits(course, common) for course in alone]
    if sum(in_step) * 2 <= len(rhythms) or len(rhythms) == 1:
        return []
    ends = _ends(common, moments)
    halves = [_ends(filling(beats[start::2]), moments).systole for start in (0, 1)]
    spread = max(apart(systole, ends.systole, period=len(common)) for systole in halves)
    return [
        _picked(rhythm, ends, moments=moments, method="stack_course", spread=spread if stays else 2 * spread)
        for rhythm, stays in zip(rhythms, in_step, strict=True)
    ]


def fits(course: Float[np.ndarray, " t"], common: Float[np.ndarray, " t"]) -> bool:
    """Whether a course goes with the common one about as well where it is as at any other lag."""
    own, other = course - course.mean(), common - common.mean()
    norm = max(float(np.sqrt((own**2).sum() * (other**2).sum())), 1e-12)
    fit = np.array([float(np.roll(own, lag) @ other) for lag in range(len(own))]) / norm
    lag = int(fit.argmax())
    return bool(min(lag, len(own) - lag) <= OUT_OF_STEP * len(own) or fit[lag] - fit[0] < GAIN)


def _ends(filled: Float[np.ndarray, " moment"], moments: Moments) -> Ends:
    return ends_of(filled, systolic=moments.systolic, diastolic=moments.diastolic)


def _picked(rhythm: Rhythm, ends: Ends, *, moments: Moments, method: str, spread: float) -> Picked:
    systole = nearest_frame(rhythm, moments.share(ends.systole))
    diastole = nearest_frame(rhythm, moments.share(ends.diastole))
    if diastole == systole:
        diastole = (systole - max(round(USUAL * rhythm.n_frames), 1)) % rhythm.n_frames
    confidence = 1 / (1 + (spread / SPREAD) ** 2)
    return Picked(diastole, systole, _time(rhythm, systole), method, confidence if ends.expected else confidence / 2)


def _time(rhythm: Rhythm, frame: int) -> float | None:
    times = frame_times(rhythm.n_frames, timing=rhythm.timing)
    return None if times is None else float(times[frame])
