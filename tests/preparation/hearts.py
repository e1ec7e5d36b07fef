"""Small beating hearts of known place and size: a bright disc in a gray ring, a bright neighbour, and a still torso."""

import numpy as np

from cinemyo.preparation.planes import Plane
from cinemyo.preparation.region import View

SPACING = (2.0, 2.0)
SHAPE = (120, 130)
BLOOD, MUSCLE, LIVER = 200.0, 60.0, 90.0


def away(centre: tuple[float, float], *, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(rows * SPACING[0] - centre[0], columns * SPACING[1] - centre[1])


def radii(n_frames: int, *, diastole: int = 0, systole: int | None = None) -> np.ndarray:
    """Radius of the cavity in each frame: largest at diastole, smallest at systole."""
    systole = round(0.4 * n_frames) if systole is None else systole
    since = (np.arange(n_frames) - diastole) % n_frames
    ejection = (systole - diastole) % n_frames
    share = np.where(since <= ejection, since / ejection, (n_frames - since) / (n_frames - ejection))
    return 26 - 10 * (1 - np.cos(np.pi * share)) / 2


def heart(centre: tuple[float, float], cavities: np.ndarray) -> np.ndarray:
    """Frames (t, y, x) of a ventricle with cavities of these radii, a right one beside it and a still body."""
    frames = []
    body = np.where(away((120, 130)) < 115, 20.0, 0.0) + LIVER * (away((215, 60)) < 45)
    left, right = away(centre), away((centre[0] + 4, centre[1] - 42))
    for cavity in cavities:
        frame = np.where(right < cavity, BLOOD * 0.9, body)
        frame = np.where(left < np.sqrt(cavity**2 + 800), MUSCLE, frame)
        frames.append(np.where(left < cavity, BLOOD, frame))
    return np.stack(frames).astype(np.float32)


def plane(depth: float = 0.0) -> Plane:
    extent = (SHAPE[0] - 1) * SPACING[0], (SHAPE[1] - 1) * SPACING[1]
    return Plane(np.array([0.0, 0.0, depth]), np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]), extent)


def stack(centres: list[tuple[float, float]], *, n_frames: int = 2) -> list[View]:
    """Short-axis views 10 mm apart with these centres."""
    cavities = np.array([26.0, 16.0]) if n_frames == 2 else radii(n_frames)
    return [View(heart(centre, cavities), SPACING, plane(10.0 * at)) for at, centre in enumerate(centres)]
