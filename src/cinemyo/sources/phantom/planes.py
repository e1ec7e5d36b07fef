"""Where the heart lies in the patient and where each image is taken; patient coordinates are LPS in mm."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from cinemyo.sources.phantom.anatomy import Heart
from cinemyo.sources.phantom.cohort import Patient, Plan

Vector = Float[np.ndarray, "3"]
LONG_AXIS: Final = np.array([0.66, -0.58, -0.48])
"""From base to apex. Source: domain facts, A.4"""
FOUR_CHAMBER_NORMAL: Final = np.array([0.40, -0.27, 0.88])


@dataclass(frozen=True)
class Pose:
    """The heart's own axes in the patient; its origin is the middle of the mitral plane at end-diastole."""

    origin: Vector
    axes: Float[np.ndarray, "3 3"]
    """Rows: towards the lateral wall, towards the inferior wall, towards the apex."""

    @property
    def apex(self) -> Vector:
        """Direction of the long axis."""
        return np.asarray(self.axes[2])

    def local(self, points: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 3"]:
        """Patient coordinates as coordinates along the heart's axes."""
        return np.asarray((points - self.origin) @ self.axes.T)

    def moved(self, shift: Vector) -> "Pose":
        """The pose after a shift, such as by breathing."""
        return Pose(self.origin + shift, self.axes)


@dataclass(frozen=True)
class Plane:
    """An image's place: centre of the first pixel, directions, pixel size, number of pixels."""

    position: Vector
    right: Vector
    """Direction in which the column index grows."""
    down: Vector
    pixel_mm: float
    matrix: int
    thickness_mm: float

    @property
    def normal(self) -> Vector:
        """Direction through the plane."""
        return np.cross(self.right, self.down)

    def points(self, depth: float = 0.0) -> Float[np.ndarray, "y x 3"]:
        """Patient coordinates of the pixel centres, at a distance along the normal."""
        steps = np.arange(self.matrix) * self.pixel_mm
        start = self.position + depth * self.normal
        return np.asarray(start + steps[:, None, None] * self.down + steps[None, :, None] * self.right)


def draw_pose(patient: Patient) -> Pose:
    """Where the patient's heart lies."""
    rng = patient.generator(100)
    apex = _unit(LONG_AXIS + rng.normal(0, 0.09, 3))
    lateral = _unit(_without(np.cross(FOUR_CHAMBER_NORMAL + rng.normal(0, 0.06, 3), apex), apex))
    inferior = np.cross(apex, lateral)
    inferior = inferior if inferior[2] < 0 else -inferior
    middle = np.array([32.0, -22.0, 0.0]) + rng.normal(0, 4, 3)
    return Pose(middle - 0.45 * patient.heart.length * apex, np.stack([lateral, inferior, apex]))


def draw_plane(patient: Patient, plan: Plan, *, pose: Pose, matrix: int, field_of_view_mm: float) -> Plane:
    """Where a cine of the plan is taken, with the small errors of planning.

    Source: Germain 2021, §2.2 (slices of 6 to 8 mm)
    """
    rng = patient.generator(plan.index, 0)
    lateral, inferior, apex = pose.axes
    turn, tilt = np.radians(rng.normal(0, [5.0, 3.0]))
    if plan.view == "short_axis":
        normal, level = _unit(apex + tilt * lateral + np.radians(rng.normal(0, 3)) * inferior), plan.level
    else:
        long = inferior if plan.view == "four_chamber" else lateral
        other = lateral if plan.view == "four_chamber" else inferior
        normal, level = _unit(long * np.cos(turn) + other * np.sin(turn) + tilt * apex), 0.35
    right, down = _displayed(plan, normal, pose=pose, angle=float(np.radians(rng.normal(0, 6))))
    centre = pose.origin + level * patient.heart.length * apex + _offset(rng, plan, pose)
    centre = centre + rng.uniform(-14, 14) * right + rng.uniform(-14, 14) * down
    pixel = round(field_of_view_mm * float(patient.generator(101).uniform(0.9, 1.0)) / matrix, 4)
    corner = centre - (matrix - 1) / 2 * pixel * (right + down)
    return Plane(corner, right, down, pixel, matrix, float(rng.choice([6.0, 7.0, 8.0])))


def _offset(rng: np.random.Generator, plan: Plan, pose: Pose) -> Vector:
    """How far a long-axis plane misses the axis; repeated views lie apart."""
    if plan.view == "short_axis":
        return np.zeros(3)
    across = pose.axes[1] if plan.view == "four_chamber" else pose.axes[0]
    return np.asarray(across * (rng.normal(0, 1.5) + 3.0 * ((plan.index + 1) % 3 - 1)))


def _displayed(plan: Plan, normal: Vector, *, pose: Pose, angle: float) -> tuple[Vector, Vector]:
    """Directions right and down as radiologists look at the view, turned by an angle."""
    if plan.view == "short_axis":
        right = _unit(_without(pose.axes[0], normal))
        wanted = pose.axes[1]
    elif plan.view == "four_chamber":
        right = _unit(_without(np.array([1.0, 0.0, 0.0]), normal))
        wanted = np.array([0.0, 1.0, 0.0])
    else:
        towards = -1.0 if plan.view == "vla_right" else 1.0
        right = _unit(_without(np.array([0.0, towards, 0.0]), normal))
        wanted = np.array([0.0, 0.0, -1.0])
    down = np.cross(normal, right)
    down = down if down @ wanted > 0 else -down
    return np.cos(angle) * right + np.sin(angle) * down, np.cos(angle) * down - np.sin(angle) * right


def scout_planes(pose: Pose, heart: Heart, *, matrix: int, field_of_view_mm: float) -> list[Plane]:
    """Three orthogonal planes through the heart: transverse, coronal, sagittal."""
    centre = pose.origin + 0.45 * heart.length * pose.apex
    pixel = round(field_of_view_mm * 1.15 / matrix, 4)
    left, back, feet = np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, -1.0])
    pairs = [(left, back), (left, feet), (back, feet)]
    return [Plane(centre - (matrix - 1) / 2 * pixel * (r + d), r, d, pixel, matrix, 8.0) for r, d in pairs]


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector))


def _without(vector: Vector, normal: Vector) -> Vector:
    return np.asarray(vector - (vector @ normal) * normal)
