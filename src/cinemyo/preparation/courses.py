"""How full the left ventricle is over the frames of a cine, or of the cines of one stack, from the pixels alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates

from cinemyo.preparation.intensity import CAVITY_MM, disc, tissue_thresholds

HEART_MM: Final = 40.0
"""Disc round the left ventricle whose pixels move with the beat."""
BLOOD_MM: Final = 25.0
"""Disc in which blood is counted: the left ventricle, and little else that fills and empties."""
BLUR_MM: Final = 1.5
BLUR_FRAMES: Final = 0.6
RAYS: Final = 48
RAY_STEP_MM: Final = 1.0
SURE_MM: Final = 8.0
"""Within this radius the centre may lie on a papillary muscle: the brightest pixel there starts the rays."""


@dataclass(frozen=True, eq=False)
class Beat:
    """What the pixels of one cine tell about its beat."""

    blood: Float[np.ndarray, " t"]
    """Bright area near the left ventricle, mm2, softly counted."""
    cavity: Float[np.ndarray, " t"]
    """Bright area that is seen from the centre, mm2: each ray ends at the first muscle."""
    pool: Float[np.ndarray, " t"]
    """Bright area in the heart, mm2; it also tells which end of the principal course is systole."""
    likeness: Float[np.ndarray, "t t"]
    """Inner products of the frames' deviations from their mean, in units of the contrast of blood."""


def beat_of(
    frames: Float[np.ndarray, "t y x"], *, spacing: tuple[float, float], centre: tuple[float, float]
) -> Beat | None:
    """What a cine tells about its beat, or None where nothing is brighter than the rest or nothing changes."""
    shape = (frames.shape[1], frames.shape[2])
    heart = disc(shape, spacing=spacing, centre=centre, radius_mm=HEART_MM)
    rows, columns = (np.nonzero(heart.any(axis=axis))[0] for axis in (1, 0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    blur = [BLUR_MM / step for step in spacing]
    smooth = gaussian_filter(frames[:, *box].astype(np.float64), (0, *blur))
    near, inner = (
        disc(shape, spacing=spacing, centre=centre, radius_mm=radius)[box] for radius in (BLOOD_MM, CAVITY_MM)
    )
    thresholds = tissue_thresholds(smooth[:, inner].ravel())
    if thresholds is None:
        return None
    low, high = thresholds
    pixel_mm2 = spacing[0] * spacing[1]
    bright = _soft(smooth, threshold=low, width=(high - low) / 4)
    pixels = smooth[:, heart[box]] / (high - low)
    away = pixels - pixels.mean(axis=0)
    if (away**2).sum() <= 1e-12 * (pixels**2).sum():
        return None
    start = (centre[0] - rows[0] * spacing[0], centre[1] - columns[0] * spacing[1])
    sharp = _soft(smooth, threshold=(low + high) / 2, width=(high - low) / 8)
    return Beat(
        blood=bright[:, near].sum(axis=1) * pixel_mm2,
        cavity=seen_area(sharp, spacing=spacing, centre=start),
        pool=bright[:, heart[box]].sum(axis=1) * pixel_mm2,
        likeness=away @ away.T * pixel_mm2,
    )


def seen_area(
    bright: Float[np.ndarray, "t y x"], *, spacing: tuple[float, float], centre: tuple[float, float]
) -> Float[np.ndarray, " t"]:
    """Area in mm2 that rays from the centre cross before the first dark pixel; pixels from 0 dark to 1 bright."""
    radii = np.arange(RAY_STEP_MM / 2, HEART_MM, RAY_STEP_MM)
    angles = np.arange(RAYS) * (2 * np.pi / RAYS)
    rows = (centre[0] + radii[:, None] * np.cos(angles)) / spacing[0]
    columns = (centre[1] + radii[:, None] * np.sin(angles)) / spacing[1]
    rays = np.stack([map_coordinates(frame, [rows, columns], order=1, mode="nearest") for frame in bright])
    rays[:, radii < SURE_MM] = rays[:, radii < SURE_MM].max(axis=(1, 2), keepdims=True)
    open_yet = np.minimum.accumulate(rays, axis=1)
    return np.asarray((open_yet * radii[:, None]).sum(axis=(1, 2)) * (RAY_STEP_MM * 2 * np.pi / RAYS))


def resampled(beat: Beat, weights: Float[np.ndarray, "grid t"]) -> Beat:
    """The beat on other moments, each a weighted mean of frames."""
    return Beat(
        blood=weights @ beat.blood,
        cavity=weights @ beat.cavity,
        pool=weights @ beat.pool,
        likeness=weights @ beat.likeness @ weights.T,
    )


def courses(beats: Sequence[Beat]) -> Float[np.ndarray, "4 t"]:
    """Blood, cavity, pool and principal course of cines that beat together, each from 0 emptiest to 1 fullest.

    Cines add their areas, and their pixels where the principal course is concerned: what moves much counts much.
    """
    blood, cavity, pool, likeness = (
        np.sum([getattr(beat, name) for beat in beats], axis=0) for name in ("blood", "cavity", "pool", "likeness")
    )
    parts = [blood, cavity, pool, principal(likeness, like=pool)]
    return np.stack([unit(gaussian_filter1d(part, BLUR_FRAMES, mode="wrap")) for part in parts])


def filling(beats: Sequence[Beat]) -> Float[np.ndarray, " t"]:
    """One course of cines that beat together, from 0 emptiest to 1 fullest: the mean of the four."""
    return unit(courses(beats).mean(axis=0))


def principal(likeness: Float[np.ndarray, "t t"], *, like: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
    """The course along which the frames differ most, of unit length, rising as `like` does."""
    course = np.linalg.eigh(likeness)[1][:, -1]
    return np.asarray(course if course @ (like - like.mean()) >= 0 else -course)


def unit(course: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
    """The course from 0 to 1; zeros if it is flat."""
    return np.asarray((course - course.min()) / max(float(np.ptp(course)), 1e-12))


def _soft(values: Float[np.ndarray, "*shape"], *, threshold: float, width: float) -> Float[np.ndarray, "*shape"]:
    """0 below a threshold, 1 above it, smooth between."""
    return np.asarray(1 / (1 + np.exp(-np.clip((values - threshold) / width, -30, 30))))
