"""A planted shortcut: marks in the corners of the image whose shape tells the pathology, away from the heart."""

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
REACH_MM: Final = 18.0
"""Half the length of a bar, and radius of the disc."""
SLIM_MM: Final = 6.0
"""Half the width of a bar."""
BULGE: Final = 2 ** (1 / 6)
"""How much further than half its side a square rounded with a power of 3 reaches along its diagonal."""
NEAREST: Final = 0.68
"""Where along the diagonal from the middle of the image to its corner the search for a place begins: beyond the disc
that hides the heart from an arm that sees the background alone."""
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
    """The frames with the mark of a pathology in each corner with room, at least 30 mm from the heart at any phase.

    Raises:
        ConfigError: no corner has room.
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
    """Rows and columns of the marks' middles: in a corner as near to the middle of the image as the heart allows.

    Raises:
        ConfigError: no corner has room.
    """
    free = distance_transform_edt(~heart) * plane.pixel_mm if heart.any() else np.full(heart.shape, np.inf)
    middle, edge = (plane.matrix - 1) / 2, REACH_MM / plane.pixel_mm
    # a pixel is lost in rounding
    needed = CLEARANCE_MM + BULGE * REACH_MM + plane.pixel_mm
    shares = np.arange(NEAREST, 1 - edge / middle, 0.01).tolist()
    found = []
    for down, right in CORNERS:
        along = [(middle * (1 + share * down), middle * (1 + share * right)) for share in shares]
        found += [at for at in along if free[round(at[0]), round(at[1])] >= needed][:1]
    if found:
        return found
    got = f"{plane.matrix * plane.pixel_mm:.0f} mm"
    remedy = "widen phantoms.<name>.field_of_view_mm or set confound to none"
    raise ConfigError(
        "phantom, confound strong", expected="room for a mark 30 mm off the heart", got=got, remedy=remedy
    )
