"""Which frames of a cine are diastole and systole, without training data."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from cinemyo.preparation.intensity import CAVITY_MM, disc, tissue_thresholds
from cinemyo.preparation.votes import principal_course

RADIUS_MM: Final = 40.0
"""Disc round the left ventricle whose pixels tell the phase."""
BLUR_FRAMES: Final = 0.6
SYSTOLE_MS: Final = (200.0, 500.0)
SYSTOLE_SHARE: Final = (0.25, 0.55)
"""Where end-systole is looked for: after the R wave, or in the RR interval where times are unknown."""
NEAR_R: Final = 0.15
"""Share of the RR interval on either side of the R wave in which end-diastole is looked for."""
GAIN: Final = 0.1
"""Another frame than the first is diastole only if it is more diastolic by this share of the beat."""
WHOLE_BEAT: Final = 0.9
"""Frames that span less of the RR interval lack the end of the beat (prospective gating)."""
SPREAD: Final = 2.0
"""Frames between the picks of the single courses at which confidence is one half."""
PAIR_CHANGE: Final = 0.1
"""Change of blood area between the frames of a pair at which confidence is one half."""


@dataclass(frozen=True)
class Timing:
    """Time of the first and last frame after the R wave and length of the beat, ms."""

    first_ms: float
    last_ms: float
    rr_ms: float | None = None


@dataclass(frozen=True)
class Picked:
    """Frame indices from 0, with method and confidence."""

    diastole: int
    systole: int
    systole_ms: float | None
    method: str
    confidence: float


@dataclass(frozen=True, eq=False)
class _Courses:
    """Three courses over the frames, each from 0 (as at diastole) to 1 (as at systole)."""

    unlike_first: Float[np.ndarray, " t"]
    principal: Float[np.ndarray, " t"]
    emptied: Float[np.ndarray, " t"]


def frame_times(n_frames: int, *, timing: Timing | None) -> Float[np.ndarray, " t"] | None:
    """Times of evenly spaced frames after the R wave in ms; None where they are unknown."""
    if timing is None or n_frames < 2 or timing.last_ms <= timing.first_ms:
        return None
    return np.linspace(timing.first_ms, timing.last_ms, n_frames)


def pick_phases(
    frames: Float[np.ndarray, "t y x"],
    *,
    spacing: tuple[float, float],
    centre: tuple[float, float],
    timing: Timing | None = None,
) -> Picked:
    """Diastole and systole of a cine from the pixels round its left ventricle.

    Departs from §2.2: there systole is the smallest ventricle by eye; here the frame least like diastole.
    """
    n_frames = len(frames)
    if n_frames == 1:
        return Picked(0, 0, None, "single_frame", 0.0)
    inner = disc((frames.shape[1], frames.shape[2]), spacing=spacing, centre=centre, radius_mm=RADIUS_MM)
    cavity = disc((frames.shape[1], frames.shape[2]), spacing=spacing, centre=centre, radius_mm=CAVITY_MM)
    rows, columns = np.nonzero(inner)
    box = (slice(None), slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    smooth = gaussian_filter(frames[box], (0, 1, 1))
    if n_frames == 2:
        return _pick_pair(blood_area(smooth[:, inner[box[1:]]], cavity=smooth[:, cavity[box[1:]]]))
    times = frame_times(n_frames, timing=timing)
    smooth = gaussian_filter1d(smooth, BLUR_FRAMES, axis=0, mode="wrap")
    return _pick_cine(smooth[:, inner[box[1:]]], cavity=smooth[:, cavity[box[1:]]], times=times, timing=timing)


def blood_area(pixels: Float[np.ndarray, "t n"], *, cavity: Float[np.ndarray, "t m"]) -> Float[np.ndarray, " t"]:
    """Share of bright pixels in each frame, softly counted; zeros where nothing is brighter than the rest."""
    thresholds = tissue_thresholds(cavity.ravel())
    if thresholds is None:
        return np.zeros(len(pixels))
    low, high = thresholds
    steps = np.clip((pixels - low) * (4 / (high - low)), -30, 30)
    return np.asarray((1 / (1 + np.exp(-steps))).mean(axis=1))


def _pick_pair(area: Float[np.ndarray, "2"]) -> Picked:
    change = abs(float(area[0] - area[1])) / max(float(area.mean()), 1e-9)
    diastole = int(area.argmax())
    return Picked(diastole, 1 - diastole, None, "blood_area", change / (change + PAIR_CHANGE))


def _pick_cine(
    pixels: Float[np.ndarray, "t n"],
    *,
    cavity: Float[np.ndarray, "t m"],
    times: Float[np.ndarray, " t"] | None,
    timing: Timing | None,
) -> Picked:
    window = systolic_frames(len(pixels), times=times)
    near = diastolic_frames(len(pixels), times=times, timing=timing)
    courses = _courses(pixels, cavity=cavity, window=window)
    if courses is None:
        return Picked(0, int(window[len(window) // 2]), None, "no_beat", 0.0)
    both = courses.unlike_first + courses.principal
    systole = int(window[both[window].argmax()])
    diastole = _diastole(courses, like_systole=_unit(_correlation(pixels, pixels[systole])), near=near)
    picks = [
        int(window[course[window].argmax()]) for course in (courses.unlike_first, courses.principal, courses.emptied)
    ]
    confidence = 1 / (1 + ((max(picks) - min(picks)) / SPREAD) ** 2)
    at_edge = systole in (window[0], window[-1])
    systole_ms = None if times is None else float(times[systole])
    return Picked(diastole, systole, systole_ms, "unlike_diastole", confidence / 2 if at_edge else confidence)


def _diastole(courses: _Courses, *, like_systole: Float[np.ndarray, " t"], near: np.ndarray) -> int:
    """The least systolic frame near the R wave; the first one unless another is clearly less so."""
    emptied = (like_systole + courses.principal + courses.emptied) / 3
    best = int(near[emptied[near].argmin()])
    return best if emptied[0] - emptied[best] > GAIN else 0


def systolic_frames(n_frames: int, *, times: Float[np.ndarray, " t"] | None) -> np.ndarray:
    """Indices of the frames among which end-systole is looked for, never empty nor the first."""
    if times is not None:
        inside = np.nonzero((times >= SYSTOLE_MS[0]) & (times <= SYSTOLE_MS[1]))[0]
        if len(inside) > 2:
            return inside[inside > 0]
    first, last = (share * n_frames for share in SYSTOLE_SHARE)
    return np.arange(max(int(first), 1), min(int(np.ceil(last)), n_frames - 1) + 1)


def diastolic_frames(n_frames: int, *, times: Float[np.ndarray, " t"] | None, timing: Timing | None) -> np.ndarray:
    """Indices of the frames near the R wave, round the end of the beat where the frames reach it."""
    reach = round(NEAR_R * n_frames)
    whole = True
    if times is not None and timing is not None and timing.rr_ms:
        whole = (times[-1] - times[0]) * n_frames / (n_frames - 1) >= WHOLE_BEAT * timing.rr_ms
    return np.arange(-reach if whole else 0, reach + 1) % n_frames


def _courses(
    pixels: Float[np.ndarray, "t n"], *, cavity: Float[np.ndarray, "t m"], window: np.ndarray
) -> _Courses | None:
    principal = principal_course(pixels)
    unlike = 1 - _correlation(pixels, pixels[0])
    emptied = -gaussian_filter1d(blood_area(pixels, cavity=cavity), BLUR_FRAMES, mode="wrap")
    if min(np.ptp(principal), np.ptp(unlike)) <= 1e-9:
        return None
    if principal[window].mean() < principal[0]:
        principal = -principal
    return _Courses(_unit(unlike), _unit(principal), _unit(emptied))


def _correlation(pixels: Float[np.ndarray, "t n"], other: Float[np.ndarray, " n"]) -> Float[np.ndarray, " t"]:
    """Normalised cross-correlation of each frame with another; 1 where either is of one value."""
    centred = pixels - pixels.mean(axis=1, keepdims=True)
    reference = other - other.mean()
    norm = np.sqrt((centred**2).sum(axis=1) * (reference**2).sum())
    return np.asarray(np.divide(centred @ reference, norm, out=np.ones(len(pixels)), where=norm > 0))


def _unit(course: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
    """The course from 0 to 1; zeros if it is flat."""
    return np.asarray((course - course.min()) / max(float(np.ptp(course)), 1e-12))
