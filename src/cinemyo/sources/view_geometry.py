"""Which view each plane of an exam shows, told by where the planes lie alone: no name, label or pixel is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Float

from cinemyo.labels import View
from cinemyo.sources.heart_frame import (
    LINES,
    HeartFrame,
    PlaneFacts,
    distances,
    elevation,
    heart_frame,
    line_distances,
)

GeometryView = View | Literal["other"]

SHORT_AXIS_DEGREES: Final = 38.0
"""A plane tilted further against the short axis is no short-axis plane."""
MEASURED_DEGREES: Final = 20.5
"""A long-axis plane contains the axis, up to so much where a stack tells the axis: |n . a| < 0.35."""
TYPICAL_DEGREES: Final = 38.0
"""The same where the axis is that of a typical heart, turned as far as the planes themselves ask for."""
ORTHOGONAL_DEGREES: Final = 2.0
"""Planes along the axes of the scanner are never planned on a heart: cines of the chest, or no true coordinates."""
ASIDE_MM: Final = 55.0
"""A long-axis plane so far from the middle of the stack cuts another part of the heart, such as the right ventricle."""


@dataclass(frozen=True)
class Sight:
    """The view of a plane, and by how many degrees it would have to turn to be called something else."""

    view: GeometryView
    margin_degrees: float


def views_from_geometry(planes: Sequence[PlaneFacts]) -> list[Sight]:
    """The view of each plane of one exam, in order; what is none of the four (three-chamber, aorta, chest) is `other`.

    Where at least five parallel planes cut across the heart, their normal is its long axis; else the typical heart is
    turned as the planes ask for, within what hearts do. Whether rows or columns are flipped is of no account, but for
    the side of the apex in a vertical long axis.

    Source: domain.md A.4
    """
    if not planes:
        return []
    frame = heart_frame(planes)
    return [_sight(plane, frame) for plane in planes]


def _sight(plane: PlaneFacts, frame: HeartFrame) -> Sight:
    normal = plane.normal
    upright = _orthogonal(normal)
    if upright > 0:
        return Sight("other", upright)
    raised = elevation(normal, frame=frame)
    tilt = 90 - raised
    if tilt <= SHORT_AXIS_DEGREES:
        return Sight("short_axis", SHORT_AXIS_DEGREES - tilt)
    limit = MEASURED_DEGREES if frame.measured else TYPICAL_DEGREES
    if raised > limit:
        return Sight("other", min(raised - limit, tilt - SHORT_AXIS_DEGREES))
    return _long_axis(plane, frame, spare=limit - raised)


def _long_axis(plane: PlaneFacts, frame: HeartFrame, *, spare: float) -> Sight:
    """The view of a plane that contains the long axis: by its turn round the axis, and by the side of the apex."""
    apart = line_distances(plane.normal, frame=frame)
    order = np.argsort(apart, kind="stable")
    name = tuple(LINES)[int(order[0])]
    margin = min(spare, float(apart[order[1]] - apart[order[0]]) / 2)
    if name == "three_chamber":
        return Sight("other", margin)
    if frame.middle is not None and abs(float((plane.centre - frame.middle) @ plane.normal)) > ASIDE_MM:
        return Sight("other", margin)
    if name == "four_chamber":
        return Sight("four_chamber", margin)
    aside = float(plane.right @ frame.apex)
    margin = min(margin, float(np.degrees(np.arcsin(min(abs(aside), 1.0)))))
    return Sight("vla_right" if aside > 0 else "vla_left", margin)


def _orthogonal(normal: Float[np.ndarray, "3"]) -> float:
    """By how many degrees a plane is nearer to a plane of the scanner than any that was planned on a heart."""
    return ORTHOGONAL_DEGREES - float(distances(normal, np.eye(3)).min())
