"""The centre of the left ventricle in the cines of one exam, without training data."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter, map_coordinates

from cinemyo.config import Locate
from cinemyo.preparation.planes import STACK, Plane, Point, apexward, short_axis_stacks
from cinemyo.preparation.votes import circle_votes, extremes, motion, scaled

STEP_MM: Final = 2.5
FIELD_MM: Final = 360.0
"""Step and side of the grid on which the planes of a stack are searched together."""
APART_MM: Final = 30.0
"""A second peak nearer than this is the same heart."""
HEART_MM: Final = 60.0
"""Radius within which the beat of a heart lies."""
APEXWARD_MM: Final = 10.0
"""In long-axis images valves and atria beat too, so that the centre of the beat lies basal (found on phantoms)."""
ROUNDS: Final = 3
"""Passes of the axis through the stack."""
BENT_MM: Final = 10.0
"""So far from the axis through its neighbours, a slice's own peak halves its confidence, and its weight in the axis."""


@dataclass(frozen=True, eq=False)
class Located:
    """Centre of the left ventricle in mm from the centre of the first pixel, with its method and confidence."""

    row_mm: float
    column_mm: float
    method: str
    confidence: float


@dataclass(frozen=True, eq=False)
class View:
    """Frames of one cine and the plane they lie in."""

    frames: Float[np.ndarray, "t y x"]
    spacing: tuple[float, float]
    """Distance between rows and between columns, mm."""
    plane: Plane


@dataclass(frozen=True, eq=False)
class _Search:
    """Scores of parallel planes on one grid, whose axes are mm down and right of the first plane's first pixel."""

    score: Float[np.ndarray, "slice y x"]
    down_mm: Float[np.ndarray, " y"]
    right_mm: Float[np.ndarray, " x"]


def locate_exam(views: list[View], *, config: Locate) -> list[Located]:
    """The left ventricle in each cine of one exam.

    Parallel short-axis planes are searched together; the long-axis planes take the foot of their mean centre. Without a
    short-axis plane, each long-axis one offers the centre of its beat, and takes the foot of what they agree on.

    Departs from §2.3: there the squares are moved by hand.
    """
    planes = [view.plane for view in views]
    stacks = short_axis_stacks(planes)
    found: dict[int, Located] = {}
    for group in stacks:
        found.update(zip(group, _locate_stack([views[index] for index in group], config=config), strict=True))
    along = [index for index in range(len(views)) if index not in found]
    known = found or {index: _beating_centre(views[index], config=config) for index in along}
    centre, confidence = _agreed([planes[index] for index in known], list(known.values()))
    for index in along:
        alone = not stacks and len(along) == 1
        method = known[index].method if alone else "plane_intersection"
        found[index] = _within(planes[index], planes[index].project(centre), method, confidence)
    return [found[index] for index in range(len(views))]


def _beating_centre(view: View, *, config: Locate) -> Located:
    """The centre of gravity of the beat near the middle of a long-axis image, moved from the base towards the apex."""
    beat = motion(scaled(view.frames)).astype(np.float64)
    axes = [np.arange(size) * step for size, step in zip(beat.shape, view.spacing, strict=True)]
    middle = [side / 2 for side in view.plane.extent_mm]
    square = (axes[0][:, None] - middle[0]) ** 2 + (axes[1][None] - middle[1]) ** 2
    weight = beat * np.exp(-square / (2 * config.prior_mm**2))
    if weight.sum() <= 0:
        return _middle(view.plane)
    weight /= weight.sum()
    centre = np.array([weight.sum(axis=1) @ axes[0], weight.sum(axis=0) @ axes[1]])
    near = np.hypot(axes[0][:, None] - centre[0], axes[1][None] - centre[1]) < HEART_MM
    row_mm, column_mm = centre + APEXWARD_MM * apexward(view.plane)
    return _within(view.plane, (float(row_mm), float(column_mm)), "beating_centre", float(weight[near].sum()))


def _agreed(planes: list[Plane], centres: list[Located]) -> tuple[Point, float]:
    """Mean of the centres in patient coordinates, the certain ones counting more, and their mean confidence."""
    weights = np.array([centre.confidence for centre in centres])
    points = [plane.point(centre.row_mm, centre.column_mm) for plane, centre in zip(planes, centres, strict=True)]
    return np.average(np.stack(points), axis=0, weights=weights + 1e-6), float(weights.mean())


def _locate_stack(views: list[View], *, config: Locate) -> list[Located]:
    """Centres of parallel planes: the bright discs that beat, on one straight axis through the stack."""
    search = _search(views, config=config)
    if search.score.max() <= 0:
        return [_middle(view.plane) for view in views]
    depths = np.array([view.plane.depth for view in views])
    own, clear = zip(*(_peak(score, search) for score in search.score), strict=True)
    axis = np.repeat(_peak(search.score.sum(axis=0), search)[0][None], len(views), axis=0)
    for _ in range(ROUNDS):
        near = search.score * _around(axis, search)
        points = np.stack([_peak(score, search)[0] for score in near])
        axis = straight(points, weights=near.max(axis=(1, 2)), depths=depths)
    bend = np.hypot(*(np.stack(own) - axis).T)
    confidence = np.array(clear) / (1 + (bend / BENT_MM) ** 2)
    first = views[0].plane
    return [
        _within(view.plane, view.plane.project(first.point(*point)), "beating_disc", float(value))
        for view, point, value in zip(views, axis, confidence, strict=True)
    ]


def _around(axis: Float[np.ndarray, "slice 2"], search: _Search) -> Float[np.ndarray, "slice y x"]:
    """A Gaussian round the axis in each plane, so that no plane takes another organ than its neighbours."""
    down = search.down_mm[None, :, None] - axis[:, 0, None, None]
    right = search.right_mm[None, None, :] - axis[:, 1, None, None]
    return np.asarray(np.exp(-(down**2 + right**2) / (2 * APART_MM**2)))


def _search(views: list[View], *, config: Locate) -> _Search:
    first = views[0].plane
    middles = [first.project(view.plane.point(*(side / 2 for side in view.plane.extent_mm))) for view in views]
    middle = np.mean(middles, axis=0)
    half = np.arange(-FIELD_MM / 2, FIELD_MM / 2 + STEP_MM / 2, STEP_MM)
    down, right = middle[0] + half, middle[1] + half
    votes, beats = zip(*(_evidence(view, _index(view, first, down, right)) for view in views), strict=True)
    depths = np.array([view.plane.depth for view in views])
    near = np.exp(-((depths[:, None] - depths[None]) ** 2) / (2 * config.stack_smoothing_mm**2))
    near /= near.sum(axis=1, keepdims=True)
    wide = config.smoothing_mm / STEP_MM
    beat = np.tensordot(near, np.stack([gaussian_filter(part, wide) for part in beats]), axes=1)
    if beat.max() <= 0:
        beat = np.ones_like(beat)
    vote = np.tensordot(near, np.stack(votes), axes=1)
    prior = np.exp(-(half[:, None] ** 2 + half[None] ** 2) / (2 * config.prior_mm**2))
    return _Search(vote * beat * prior, down, right)


def _index(
    view: View, first: Plane, down: Float[np.ndarray, " y"], right: Float[np.ndarray, " x"]
) -> Float[np.ndarray, "2 y x"]:
    """Row and column index in a view of the grid's points: parallel planes differ by a shift alone."""
    top, left = view.plane.project(first.position)
    return np.stack(np.meshgrid((down + top) / view.spacing[0], (right + left) / view.spacing[1], indexing="ij"))


def _evidence(
    view: View, index: Float[np.ndarray, "2 y x"]
) -> tuple[Float[np.ndarray, "y x"], Float[np.ndarray, "y x"]]:
    """Votes for bright discs, at the two extremes of the beat, and the amplitude of the beat."""
    frames = scaled(view.frames)
    beat = motion(frames)
    blur = [0.4 * STEP_MM / step for step in view.spacing]

    def on_grid(image: Float[np.ndarray, "rows columns"]) -> Float[np.ndarray, "y x"]:
        return np.asarray(map_coordinates(gaussian_filter(image, blur), index, order=1))

    votes = sum(circle_votes(on_grid(frames[frame]), step_mm=STEP_MM) for frame in extremes(frames))
    return np.asarray(votes), on_grid(beat)


def _peak(score: Float[np.ndarray, "y x"], search: _Search) -> tuple[Float[np.ndarray, "2"], float]:
    """The highest point in mm, and how far it stands above the highest one elsewhere: 0 not at all, 1 alone."""
    row, column = np.unravel_index(score.argmax(), score.shape)
    point = np.array([search.down_mm[row], search.right_mm[column]])
    away = np.hypot(search.down_mm[:, None] - point[0], search.right_mm[None] - point[1])
    best, second = float(score[row, column]), float(score[away > APART_MM].max())
    return point, (1 - second / best) if best > 0 else 0.0


def straight(
    points: Float[np.ndarray, "slice 2"], *, weights: Float[np.ndarray, " slice"], depths: Float[np.ndarray, " slice"]
) -> Float[np.ndarray, "slice 2"]:
    """Points drawn onto a straight axis through the stack, robustly: what lies far off it counts little."""
    if len(points) < STACK or np.ptp(depths) <= 0:
        return points
    design = np.stack([np.ones(len(depths)), (depths - depths.mean()) / np.ptp(depths)], axis=1)
    off = np.zeros(len(points))
    for _ in range(20):
        root = np.sqrt(weights / (1 + (off / BENT_MM) ** 2))[:, None]
        line = design @ np.linalg.lstsq(design * root, points * root, rcond=None)[0]
        off = np.hypot(*(points - line).T)
    return np.asarray(line)


def _middle(plane: Plane) -> Located:
    """The middle of an image in which nothing tells the heart."""
    return Located(plane.extent_mm[0] / 2, plane.extent_mm[1] / 2, "image_centre", 0.0)


def _within(plane: Plane, point: tuple[float, float], method: str, confidence: float) -> Located:
    """The point moved onto the image where it lies beyond, which leaves no confidence in it."""
    inside = [float(np.clip(value, 0, side)) for value, side in zip(point, plane.extent_mm, strict=True)]
    moved = max(abs(value - clipped) for value, clipped in zip(point, inside, strict=True)) > 1e-6
    return Located(inside[0], inside[1], method, 0.0 if moved else confidence)
