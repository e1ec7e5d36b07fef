"""Where something moves with the heart beat, and where something bright and round is."""

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter

RADII_MM: Final = tuple(range(10, 42, 4))
"""Radii of the circles that are looked for: a left ventricle from a hypertrophic one at systole to a dilated one."""
EDGE_MM: Final = 3.0
"""Width of the Gaussian under the gradient: the edge between blood and muscle, not the grain of the image."""
BLUR_MM: Final = 5.0
"""Width of the Gaussian that gathers the votes: no ventricle is a circle."""
STRONG_EDGE: Final = 95
"""Percentile of the gradient from which an edge votes with full weight, so that fat does not outvote the heart."""
FAINT_EDGE: Final = 0.05
"""The same, at least this share of the strongest edge: in an image without grain nearly every edge is faint."""


def scaled(frames: Float[np.ndarray, "t y x"]) -> Float[np.ndarray, "t y x"]:
    """Frames between their 1st and 98th percentile as 0 to 1; zeros where the image holds one value."""
    low, high = np.percentile(frames, [1, 98])
    if high <= low:
        return np.zeros(frames.shape, np.float32)
    return np.asarray(np.clip((frames - low) / (high - low), 0, 1), np.float32)


def motion(frames: Float[np.ndarray, "t y x"]) -> Float[np.ndarray, "y x"]:
    """Amplitude of the beat in each pixel: first temporal harmonic, or the difference of a pair of frames.

    Source: Khened 2019 (first harmonic)
    """
    if len(frames) == 1:
        return np.zeros(frames.shape[1:], np.float32)
    if len(frames) == 2:
        return np.asarray(np.abs(frames[0] - frames[1]))
    beat = np.exp(-2j * np.pi * np.arange(len(frames)) / len(frames))
    return np.asarray(np.abs(np.tensordot(beat, frames, axes=1)) * (2 / len(frames)), np.float32)


def principal_course(frames: Float[np.ndarray, "t *shape"]) -> Float[np.ndarray, " t"]:
    """Time course of the first principal component over the pixels, of unit length; zeros if nothing changes."""
    pixels = frames.reshape(len(frames), -1).astype(np.float64)
    centred = pixels - pixels.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    if values[-1] <= 1e-12 * max(float((pixels**2).sum()), 1e-300):
        return np.zeros(len(frames))
    return np.asarray(vectors[:, -1])


def extremes(frames: Float[np.ndarray, "t y x"]) -> tuple[int, int]:
    """The two frames that differ most along the first principal component: about diastole and systole, in any order."""
    course = principal_course(frames)
    return int(course.argmin()), int(course.argmax())


def circle_votes(image: Float[np.ndarray, "y x"], *, step_mm: float) -> Float[np.ndarray, "y x"]:
    """Votes for the centres of bright discs: each edge votes on its bright side, at the radii of a left ventricle.

    Source: Loy and Zelinsky 2003 (fast radial symmetry)
    """
    edge = EDGE_MM / step_mm
    slope = np.stack([gaussian_filter(image, edge, order=order) for order in ((1, 0), (0, 1))])
    strength = np.hypot(slope[0], slope[1])
    cap = max(np.percentile(strength, STRONG_EDGE), FAINT_EDGE * strength.max())
    votes = np.zeros(image.shape, np.float64)
    if cap <= 0:
        return votes
    weight = np.minimum(strength / cap, 1)
    where = np.nonzero(weight > 0.02)
    towards = np.stack([part[where] for part in slope]) / strength[where]
    for radius in RADII_MM:
        target = np.rint(np.stack(where) + towards * (radius / step_mm)).astype(np.int64)
        inside = np.all((target >= 0) & (target < np.array(image.shape)[:, None]), axis=0)
        cells = np.ravel_multi_index(tuple(target[:, inside]), image.shape)
        votes += np.bincount(cells, weight[where][inside], image.size).reshape(image.shape)
    return np.asarray(gaussian_filter(votes, BLUR_MM / step_mm))
