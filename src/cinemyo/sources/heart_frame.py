"""How the heart lies in the chest, as far as the planes of an exam tell; patient coordinates are LPS in mm."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from typing import Final

import numpy as np
from jaxtyping import Float

Vector = Float[np.ndarray, "3"]
Frames = Float[np.ndarray, "frame 3 3"]

APEX: Final = (0.66, -0.58, -0.48)
"""From base to apex in a typical chest. Source: domain.md A.4"""
ANTERIOR: Final = (0.40, -0.27, 0.88)
"""Normal of the typical four-chamber plane, and so the direction of the anterior wall. Source: domain.md A.4"""
LINES: Final[dict[str, float]] = {"vertical_long_axis": 0.0, "four_chamber": 85.0, "three_chamber": 135.0}
"""Where long-axis planes cut a short-axis image, degrees clockwise from the anterior wall, seen from the apex.

Source: domain.md A.4 (typical normals 90 degrees apart; 2C, 4C, 3C about 60 degrees apart)
"""
STACK: Final = 5
"""So many parallel planes across the heart tell its long axis."""
PARALLEL_DEGREES: Final = 5.0
APART_MM: Final = 4.0
"""Planes nearer to each other are repeats of one slice."""
STACK_DEGREES: Final = 45.0
"""No heart lies further from the typical one."""
STEP: Final = 8.0
FARTHEST: Final = 40.0
_TURN_SD: Final = 14.0
_ROLL_SD: Final = 12.0
_PLAN_SD: Final = 9.0
"""How far operators miss the plane that they mean, degrees."""
_CAP: Final = 9.0
"""Cost of a plane that is none of ours."""
_RARER: Final = 2.0
"""Cost of taking a plane for a three-chamber one, which few exams hold without the others."""


@dataclass(frozen=True, eq=False)
class PlaneFacts:
    """Where an image lies: directions of growing column and row index, and the middle of the image."""

    right: Vector
    down: Vector
    centre: Vector

    @property
    def normal(self) -> Vector:
        """Unit vector across the plane."""
        across = np.cross(self.right, self.down)
        return np.asarray(across / max(float(np.linalg.norm(across)), 1e-12))


@dataclass(frozen=True, eq=False)
class HeartFrame:
    """The heart's own directions."""

    axes: Float[np.ndarray, "3 3"]
    """Rows: towards the anterior wall, the lateral wall, the apex."""
    measured: bool
    """Whether a stack of slices tells the long axis."""
    middle: Vector | None
    """Middle of that stack."""

    @property
    def apex(self) -> Vector:
        """From base to apex."""
        return np.asarray(self.axes[2])


def heart_frame(planes: Sequence[PlaneFacts]) -> HeartFrame:
    """The heart's directions: the axis from a stack, the rest from the typical heart turned as the planes ask for."""
    groups = _parallel([plane.normal for plane in planes])
    stacks = [group for group in groups if _is_stack([planes[index] for index in group])]
    normals = np.array([planes[group[0]].normal for group in groups])
    if not stacks:
        return HeartFrame(_best(_turned(), normals), measured=False, middle=None)
    members = [planes[index] for index in max(stacks, key=len)]
    apex = _apexward(np.mean([plane.normal * _sign(plane.normal, members[0].normal) for plane in members], axis=0))
    middle = np.mean([plane.centre for plane in members], axis=0)
    return HeartFrame(_best(_rolled(_upon(apex)), normals), measured=True, middle=middle)


def typical() -> Float[np.ndarray, "3 3"]:
    """Directions of a typical heart: anterior, lateral, apex."""
    return _complete(np.array(APEX), anterior=np.array(ANTERIOR))


def distances(normal: Vector, others: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """Angles between a plane and others, 0 to 90 degrees; normals have no sign."""
    return np.asarray(np.degrees(np.arccos(np.clip(np.abs(others @ normal), 0, 1))))


def elevation(normal: Vector, *, frame: HeartFrame) -> float:
    """Angle between the plane and the long axis: 0 degrees contains it, 90 cuts straight across."""
    return 90 - float(distances(normal, frame.axes[2:])[0])


def line_distances(normal: Vector, *, frame: HeartFrame) -> Float[np.ndarray, " line"]:
    """Turn round the long axis between a plane and each of `LINES`, 0 to 90 degrees."""
    anterior, lateral, _ = frame.axes @ normal
    line = np.degrees(np.arctan2(anterior, -lateral))
    away = np.abs(line - np.array(list(LINES.values()))) % 180
    return np.asarray(np.minimum(away, 180 - away))


def _is_stack(planes: Sequence[PlaneFacts]) -> bool:
    """Whether parallel planes are a stack of short-axis slices: enough of them, and across no other direction."""
    normal = planes[0].normal
    depths = sorted(float(plane.centre @ normal) for plane in planes)
    slices = 1 + sum(after - before > APART_MM for before, after in pairwise(depths))
    if slices < STACK:
        return False
    heart = typical()
    mirrored = heart * np.array([-1, 1, 1])
    apart = distances(normal, np.array([heart[2], mirrored[2], heart[0], heart[1]]))
    straight = float(distances(normal, np.eye(3)).min())
    return bool(apart.argmin() < 2) and apart.min() <= STACK_DEGREES and straight > PARALLEL_DEGREES


def _apexward(axis: Vector) -> Vector:
    """The axis pointing to the apex, which lies in front of and below the base in every chest."""
    unit = axis / np.linalg.norm(axis)
    return np.asarray(unit if unit @ np.array([0.3, -0.7, -0.6]) > 0 else -unit)


def _upon(apex: Vector) -> Float[np.ndarray, "3 3"]:
    """The typical heart, or its mirror image where that is nearer, turned the short way onto an axis."""
    hearts = [typical(), typical() * np.array([-1, 1, 1])]
    heart = max(hearts, key=lambda axes: float(axes[2] @ apex))
    turn = np.cross(heart[2], apex)
    cosine = float(heart[2] @ apex)
    skew = np.array([[0, -turn[2], turn[1]], [turn[2], 0, -turn[0]], [-turn[1], turn[0], 0]])
    return np.asarray(heart @ (np.eye(3) + skew + skew @ skew / (1 + cosine)).T)


def _complete(apex: Vector, *, anterior: Vector) -> Float[np.ndarray, "3 3"]:
    apex = apex / np.linalg.norm(apex)
    front = anterior - (anterior @ apex) * apex
    front = front / np.linalg.norm(front)
    return np.stack([front, np.cross(front, apex), apex])


@cache
def _turned() -> tuple[Frames, Float[np.ndarray, " frame"]]:
    """The typical heart turned by up to 40 degrees in every direction and rolled, with what each turn costs."""
    heart, steps = typical(), np.arange(-FARTHEST, FARTHEST + 1, STEP)
    found, costs = [], []
    for front, side in product(steps, steps):
        if np.hypot(front, side) > FARTHEST:
            continue
        lean = np.radians(front) * heart[0] + np.radians(side) * heart[1]
        leant = _complete(heart[2] + lean, anterior=heart[0])
        rolled, rolls = _rolled(leant)
        found.append(rolled)
        costs.append(rolls + (front**2 + side**2) / _TURN_SD**2)
    return np.concatenate(found), np.concatenate(costs)


def _rolled(heart: Float[np.ndarray, "3 3"]) -> tuple[Frames, Float[np.ndarray, " frame"]]:
    """The heart rolled about its long axis, with what each roll costs."""
    degrees = np.arange(-32, 33, 4.0)
    cosines, sines = np.cos(np.radians(degrees))[:, None], np.sin(np.radians(degrees))[:, None]
    front = cosines * heart[0] + sines * heart[1]
    side = cosines * heart[1] - sines * heart[0]
    apex = np.broadcast_to(heart[2], front.shape)
    return np.stack([front, side, apex], axis=1), (degrees / _ROLL_SD) ** 2


def _best(candidates: tuple[Frames, Float[np.ndarray, " frame"]], normals: Float[np.ndarray, "n 3"]) -> np.ndarray:
    """The frame in which the planes are nearest to planes that operators mean, at the least turn."""
    frames, costs = candidates
    lines = np.radians(np.array(list(LINES.values())))
    meant = np.stack([np.sin(lines), -np.cos(lines), np.zeros_like(lines)], axis=1)
    meant = np.concatenate([meant, [[0.0, 0.0, 1.0]]])
    seen = np.einsum("fij,nj->fni", frames, normals)
    apart = np.degrees(np.arccos(np.clip(np.abs(seen @ meant.T), 0, 1)))
    extra = np.array([_RARER if name == "three_chamber" else 0.0 for name in LINES] + [0.0])
    misfit = np.minimum(((apart / _PLAN_SD) ** 2 + extra).min(axis=2), _CAP).sum(axis=1)
    return np.asarray(frames[int(np.argmin(misfit + costs))])


def _parallel(normals: Sequence[Vector]) -> list[list[int]]:
    """Indices of planes that are parallel, whichever way their normals point."""
    groups: list[list[int]] = []
    for index, normal in enumerate(normals):
        home = next((g for g in groups if distances(normal, normals[g[0]][None])[0] <= PARALLEL_DEGREES), None)
        if home is None:
            groups.append([index])
        else:
            home.append(index)
    return groups


def _sign(one: Vector, other: Vector) -> float:
    return 1.0 if one @ other >= 0 else -1.0
