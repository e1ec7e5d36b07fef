"""A planted shortcut: marks around the heart whose shape tells the pathology, away from the heart."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt

from cinemyo.errors import ConfigError
from cinemyo.labels import Pathology
from cinemyo.sources.phantom.planes import Plane
from cinemyo.sources.phantom.torso import coverage

CLEARANCE_MM: Final = 30.0
"""Between the mark and the heart, at least."""
REACH_MM: Final = 15.0
"""Half the length of a bar, and radius of the disc."""
SLIM_MM: Final = 5.0
"""Half the width of a bar."""
BULGE: Final = 2 ** (1 / 6)
"""How much further than half its side a square rounded with a power of 3 reaches along its diagonal."""
APART: Final = 2.5
"""Between the middles of two marks, in reaches."""
SIGNAL: Final = 1.6
"""Relative to blood, as a capsule of fluid on the skin."""
HALF_SIDES: Final[dict[Pathology, tuple[float, float]]] = {
    "normal": (REACH_MM, REACH_MM),
    "hcm": (SLIM_MM, REACH_MM),
    "dcm": (REACH_MM, SLIM_MM),
}
"""Rows and columns: a disc, a lying bar, a standing bar."""


CORNERS: Final = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def marked(
    frames: Float[np.ndarray, "t y x"],
    *,
    heart: Bool[np.ndarray, "y x"],
    plane: Plane,
    pathology: Pathology,
) -> Float[np.ndarray, "t y x"]:
    """The frames with the marks of a pathology, each at least 30 mm from the heart at any phase.

    Raises:
        ConfigError: there is no room for one.
    """
    half, steps = HALF_SIDES[pathology], np.arange(plane.matrix)
    image = np.asarray(frames)
    for row, column in places(heart, plane=plane):
        down = (steps[:, None] - row) * plane.pixel_mm / half[0]
        right = (steps[None, :] - column) * plane.pixel_mm / half[1]
        # rounded, as a capsule is
        outside = ((np.abs(down) ** 3 + np.abs(right) ** 3) ** (1 / 3) - 1) * min(half)
        image = np.asarray(image + coverage(outside, width=plane.pixel_mm) * (SIGNAL - image), frames.dtype)
    return image


def places(heart: Bool[np.ndarray, "y x"], *, plane: Plane) -> list[tuple[float, float]]:
    """Rows and columns of the marks' middles: along the diagonals, from where the heart allows it to the corners.

    A crop sees the nearer ones, an arm that hides the middle of the image the further ones.

    Raises:
        ConfigError: there is no room for one.
    """
    free = distance_transform_edt(~heart) * plane.pixel_mm if heart.any() else np.full(heart.shape, np.inf)
    middle, edge = (plane.matrix - 1) / 2, REACH_MM / plane.pixel_mm
    # a pixel is lost in rounding
    needed = CLEARANCE_MM + BULGE * REACH_MM + plane.pixel_mm
    found: list[tuple[float, float]] = []
    for down, right in CORNERS:
        last = -np.inf
        for off in np.arange(0, middle - edge, 0.5).tolist():
            row, column = middle + off * down, middle + off * right
            away = np.sqrt(2) * (off - last) * plane.pixel_mm
            if free[round(row), round(column)] >= needed and away >= APART * REACH_MM:
                found.append((row, column))
                last = off
    if found:
        return found
    got = f"{plane.matrix * plane.pixel_mm:.0f} mm"
    remedy = "widen phantoms.<name>.field_of_view_mm or set confound to none"
    raise ConfigError(
        "phantom, confound strong", expected="room for a mark 30 mm off the heart", got=got, remedy=remedy
    )
