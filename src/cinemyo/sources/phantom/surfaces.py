"""Signed distances, in mm and negative inside, from the surfaces of the beating heart, to first order."""

from dataclasses import dataclass
from functools import cached_property
from math import cos, sin
from typing import Final

import numpy as np
from jaxtyping import Float

from cinemyo.sources.phantom.anatomy import (
    TAPER_POWER,
    Grid,
    Heart,
    State,
    at_rest,
    cavity_equator,
    muscle_equator,
)

Map = Float[np.ndarray, "y x"]
RIGHT_WALL_MM: Final = 3.0
ATRIAL_WALL_MM: Final = 2.0
_LEAST = 1e-4
_EDGE_MM = 6.0


@dataclass(frozen=True)
class Points:
    """Pixels in the heart's own coordinates, mm."""

    lateral: Map
    inferior: Map
    apical: Map

    @cached_property
    def angle(self) -> Map:
        """Around the long axis, radians from the lateral towards the inferior wall."""
        return np.asarray(np.arctan2(self.inferior, self.lateral))

    @cached_property
    def radius_square(self) -> Map:
        """Squared distance from the long axis, mm^2."""
        return np.asarray(self.lateral**2 + self.inferior**2)


def points_of(local: Float[np.ndarray, "y x 3"]) -> Points:
    """Points from an array of coordinates."""
    single = local.astype(np.float32)
    return Points(single[..., 0], single[..., 1], single[..., 2])


def cavity(points: Points, *, heart: Heart, state: State) -> Grid:
    """Distance from the cavity of the left ventricle, closed by the mitral plane."""
    depth = points.apical - state.base
    level = np.clip(depth / state.length, 1e-3, 2)
    inside = np.minimum(level, 1)
    narrowed = np.maximum(1 - heart.taper * inside**TAPER_POWER, 0.02)
    equator = cavity_equator(heart, state, points.angle, inside) * narrowed
    return np.asarray(np.maximum(_bullet(points.radius_square, equator, level, state.length, heart.bluntness), -depth))


def muscle(points: Points, *, heart: Heart, state: State) -> Grid:
    """Distance from the outer surface of the left ventricle, closed by the mitral plane."""
    depth = points.apical - state.base
    level = np.clip(depth / state.outer_length, 1e-3, 2)
    equator = muscle_equator(heart, state, points.angle, np.minimum(level, 1))
    side = _bullet(points.radius_square, equator, level, state.outer_length, heart.bluntness)
    return _rounded(side, -depth)


def _rounded(first: Grid, second: Grid) -> Grid:
    """Distance from what two bodies share, with the edge between them rounded off."""
    gap = np.maximum(_EDGE_MM - np.abs(first - second), 0)
    return np.asarray(np.maximum(first, second) + gap**2 / (4 * _EDGE_MM))


def _bullet(radius_square: Grid, equator: Grid, level: Grid, length: Grid, power: float) -> Grid:
    """Distance from a body of squared radius `equator * (1 - level ** power)`."""
    height = level ** (power - 1)
    reach = radius_square / equator
    slope = np.sqrt(4 * reach / equator + (power * height / length) ** 2)
    return np.asarray((reach + height * level - 1) / (slope + _LEAST))


def septal_radius(heart: Heart) -> float:
    """Distance of the septum's right side from the long axis at end-diastole, mm."""
    return float(np.sqrt(muscle_equator(heart, at_rest(heart), np.array(np.pi), np.array(0.3))))


def right_ventricle(points: Points, *, heart: Heart, state: State, emptied: Grid) -> Grid:
    """Distance from the right ventricle, a crescent once the left one is taken away."""
    septum = septal_radius(heart)
    base = 1.3 * state.base
    depth = points.apical - base
    length = 0.92 * heart.length - base
    level = np.clip(depth / length, 1e-3, 2)
    width = 0.25 * septum + heart.right_width * (1 - 0.75 * heart.right_ejection * emptied)
    height = (0.95 * septum + 7) * (1 - 0.2 * heart.right_ejection * emptied)
    across = (points.lateral + 0.75 * septum * (1 - 0.35 * level**2)) / width
    along = (points.inferior + 5) / height
    reach = across**2 + along**2
    slope = 2 * np.sqrt((across / width) ** 2 + (along / height) ** 2 + (level / length) ** 2)
    return _rounded((reach + level**2 - 1) / (slope + _LEAST), -depth)


def left_atrium(points: Points, *, heart: Heart, state: State, emptied: Grid) -> Grid:
    """Distance from the left atrium, which the descending mitral plane fills."""
    size = heart.atrium * (0.44 + 0.06 * emptied)
    return _atrium(points, (3.0, 2.0), size, 1.05 * size, back=heart.atrium, base=state.base)


def right_atrium(points: Points, *, heart: Heart, state: State, emptied: Grid) -> Grid:
    """Distance from the right atrium, outside the left one."""
    size = 22 * (1 + 0.1 * emptied)
    middle = (-0.75 * septal_radius(heart) - 9, -2.0)
    return _atrium(points, middle, size, 1.1 * size, back=0.9 * heart.atrium, base=1.3 * state.base)


def _atrium(points: Points, middle: tuple[float, float], width: Grid, height: Grid, *, back: float, base: Grid) -> Grid:
    """Distance from an ellipsoid between a fixed back wall and a valve plane."""
    half = 0.5 * (base + back) + 2
    centre = 0.5 * (base - back)
    terms = (
        ((points.lateral - middle[0]) / width, width),
        ((points.inferior - middle[1]) / height, height),
        ((points.apical - centre) / half, half),
    )
    reach = sum((term**2 for term, _ in terms), np.zeros((), np.float32))
    slope = 2 * np.sqrt(sum(((term / size) ** 2 for term, size in terms), np.zeros((), np.float32)))
    return np.asarray(np.maximum((reach - 1) / (slope + _LEAST), points.apical - base))


def papillaries(points: Points, *, heart: Heart, state: State) -> Grid:
    """Distance from the two papillary muscles, which the closing cavity brings together."""
    level = (points.apical - state.base) / state.length
    orbit = 0.62 * state.radius * float(np.sqrt(heart.profile(np.array(0.5))))
    ends = np.maximum(0.33 - level, level - 0.78) * state.length
    nearest = np.full((), np.inf, np.float32)
    for angle in (0.75, 2.2):
        across = points.lateral - orbit * cos(angle)
        along = points.inferior - orbit * sin(angle)
        nearest = np.minimum(nearest, across**2 + along**2)
    return np.asarray(np.maximum(np.sqrt(nearest) - heart.papillary, ends))


def mitral_leaflets(points: Points, *, state: State) -> Grid:
    """Distance from the closed mitral valve, a thin disc in the mitral plane."""
    return np.asarray(
        np.maximum(np.abs(points.apical - state.base) - 1.3, np.sqrt(points.radius_square) - state.radius)
    )


def outflow(points: Points, *, heart: Heart) -> Map:
    """Distance from the pulmonary trunk in front of the base."""
    from_centre = (points.lateral + 10) ** 2 + (points.inferior + septal_radius(heart) + 6) ** 2
    return np.sqrt(from_centre + (0.6 * (points.apical + 12)) ** 2) - 13


def fat(points: Points, *, thickness_mm: float, turn: float) -> Map:
    """How thick the fat around the heart is, mm; it comes and goes along the surface."""
    wave = np.sin(points.apical / 17 + turn) + np.sin(points.lateral / 13 + 2 * turn) + np.sin(points.inferior / 15)
    return thickness_mm * np.clip(0.3 + 0.6 * wave, 0, 2)
