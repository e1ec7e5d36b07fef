"""Image planes in patient coordinates: which are parallel, which cut the heart across, and where they meet."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float

Point = Float[np.ndarray, "3"]

TYPICAL_NORMALS: Final[dict[str, tuple[float, float, float]]] = {
    "short_axis": (0.66, -0.58, -0.48),
    "vertical_long_axis": (0.64, 0.77, -0.05),
    "four_chamber": (0.40, -0.27, 0.88),
}
"""Normals of the planes in a typical chest (LPS); the first is also the long axis of the ventricle, base to apex."""
PARALLEL: Final = 0.98
"""Least cosine between directions that count as the same (about 11 degrees)."""
STACK: Final = 3
"""So many parallel planes are a stack across the heart, whatever the coordinates say: some files hold no true ones."""
THICKNESS_MM: Final = 5.0
"""Planes nearer to each other than about this are repeats of one slice."""
UNEVEN: Final = 0.1
"""Largest difference between the steps of a stack, as a share of their mean."""


@dataclass(frozen=True, eq=False)
class Plane:
    """One image plane: its first pixel, the directions of rising rows and columns, and the extent in mm."""

    position: Point
    down: Point
    right: Point
    extent_mm: tuple[float, float]
    """From the first to the last pixel centre, down and to the right."""

    @property
    def normal(self) -> Point:
        """Unit vector across the plane."""
        return np.cross(self.right, self.down)

    @property
    def depth(self) -> float:
        """Position along the normal, mm."""
        return float(self.position @ self.normal)

    def point(self, row_mm: float, column_mm: float) -> Point:
        """The point of the patient at so many mm down and right of the first pixel."""
        return self.position + row_mm * self.down + column_mm * self.right

    def project(self, point: Point) -> tuple[float, float]:
        """Mm down and right of the first pixel of the point's foot on the plane."""
        away = point - self.position
        return float(away @ self.down), float(away @ self.right)


def plane_of(row: dict[str, Any]) -> Plane:
    """The plane of a row of `cines.csv`."""
    position, down, right = (
        np.array([float(row[f"{name}_{axis}"]) for axis in "xyz"])
        for name in ("position", "row_cosine", "column_cosine")
    )
    return Plane(
        position=position,
        down=down,
        right=right,
        extent_mm=(
            (int(row["rows"]) - 1) * float(row["row_spacing_mm"]),
            (int(row["columns"]) - 1) * float(row["column_spacing_mm"]),
        ),
    )


def parallel_groups(planes: list[Plane]) -> list[list[int]]:
    """Indices of planes that have rows and columns in the same directions, each group in order of depth."""
    groups: list[list[int]] = []
    for index, plane in enumerate(planes):
        for group in groups:
            first = planes[group[0]]
            if plane.down @ first.down > PARALLEL and plane.right @ first.right > PARALLEL:
                group.append(index)
                break
        else:
            groups.append([index])
    return [sorted(group, key=lambda index: planes[index].depth) for group in groups]


def short_axis_stacks(planes: list[Plane]) -> list[list[int]]:
    """Indices of the planes that cut the heart across, each group parallel and in order of depth."""
    return [group for group in parallel_groups(planes) if cuts_across([planes[index] for index in group])]


def cuts_across(planes: list[Plane]) -> bool:
    """Whether parallel planes are short-axis ones: a stack, or nearest to the typical short axis."""
    depths = np.sort([plane.depth for plane in planes])
    if len({round(depth / THICKNESS_MM) for depth in depths}) >= STACK or _evenly_spaced(depths):
        return True
    cosines = {name: abs(float(planes[0].normal @ np.array(normal))) for name, normal in TYPICAL_NORMALS.items()}
    return max(cosines, key=cosines.__getitem__) == "short_axis"


def _evenly_spaced(depths: Float[np.ndarray, " plane"]) -> bool:
    """Whether planes follow each other at one distance, as a stack does even where the file states a wrong one."""
    steps = np.diff(depths)
    return len(steps) + 1 > STACK and bool(steps.min() > 0 and np.ptp(steps) < UNEVEN * steps.mean())


def apexward(plane: Plane) -> Float[np.ndarray, "2"]:
    """Unit direction (down, right) in a long-axis image in which the apex of a typical heart lies."""
    axis = np.array(TYPICAL_NORMALS["short_axis"])
    direction = np.array([axis @ plane.down, axis @ plane.right])
    return direction / max(float(np.linalg.norm(direction)), 1e-9)
