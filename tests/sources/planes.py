"""Planes through made-up hearts, as an operator plans them, with the view of each."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from cinemyo.sources.heart_frame import PlaneFacts, typical
from cinemyo.sources.phantom.cohort import draw_patient
from cinemyo.sources.phantom.planes import Plane, draw_plane, draw_pose

Turn = Float[np.ndarray, "3 3"]
LINES = {"vla_right": 0.0, "four_chamber": 85.0, "other": 135.0}
"""Where a long-axis plane cuts a short-axis image, degrees; `other` is the three-chamber view."""


def turn(generator: np.random.Generator, degrees: float) -> Turn:
    """A rotation by so many degrees about a random axis."""
    x, y, z = axis = generator.normal(size=3)
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) / np.linalg.norm(axis)
    angle = np.radians(degrees)
    return np.asarray(np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew)


def moved(plane: PlaneFacts, by: Turn) -> PlaneFacts:
    """The plane in a body that was turned or mirrored."""
    return PlaneFacts(by @ plane.right, by @ plane.down, by @ plane.centre)


def flipped(plane: PlaneFacts) -> PlaneFacts:
    """The same plane, its image mirrored left to right."""
    return replace(plane, right=-plane.right)


def phantom_planes(number: int) -> list[tuple[PlaneFacts, str]]:
    """Planes of a phantom patient, with their views."""
    patient = draw_patient(number, seed=5, max_cines=6)
    pose = draw_pose(patient)
    drawn = [
        (draw_plane(patient, plan, pose=pose, matrix=160, field_of_view_mm=320), plan.view) for plan in patient.plans
    ]
    return [(_facts(plane), view) for plane, view in drawn]


def stack(slices: int = 9, *, axes: Turn | None = None) -> list[PlaneFacts]:
    """Short-axis slices 8 mm apart from base to apex."""
    heart = typical() if axes is None else axes
    return [PlaneFacts(heart[1], -heart[0], 8.0 * index * heart[2]) for index in range(slices)]


def long_axis(view: str, *, axes: Turn | None = None, off: float = 0.0, aside_mm: float = 0.0) -> PlaneFacts:
    """A long-axis plane, the apex on the right; `off` turns it about the axis, `aside_mm` moves it off the axis."""
    anterior, lateral, apex = typical() if axes is None else axes
    angle = np.radians(LINES[view] + off)
    normal = np.sin(angle) * anterior - np.cos(angle) * lateral
    return PlaneFacts(apex, np.cross(normal, apex), 40 * apex + aside_mm * normal)


def _facts(plane: Plane) -> PlaneFacts:
    half = (plane.matrix - 1) / 2 * plane.pixel_mm
    return PlaneFacts(plane.right, plane.down, plane.position + half * (plane.right + plane.down))
