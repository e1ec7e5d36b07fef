"""The left ventricle of one phantom and what follows from its shape in closed form."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.special import i0e

DIAMETER_LEVEL: Final = 0.3
"""Where the diameter is read, as a share of the length from base to apex: basal to the papillary tips."""
TAPER_POWER: Final = 3
Grid = Float[np.ndarray, "..."]


@dataclass(frozen=True)
class Septum:
    """A focal thickening of the wall; its middle on the circumference, its reach along the length."""

    extra_mm: float
    angle: float
    """Radians from the lateral wall towards the inferior one; pi is the septum, -pi/2 the anterior wall."""
    focus: float
    """Concentration on the circumference (von Mises)."""
    level: float
    reach: float
    bulge: float
    """Share by which the cavity's squared radius gives way to it."""


@dataclass(frozen=True)
class Heart:
    """A heart at end-diastole and how far it contracts; lengths in mm."""

    diameter: float
    length: float
    ejection: float
    """Ejection fraction, 0 to 1."""
    bluntness: float
    """Exponent of the cavity's profile: 2 is a half ellipsoid, more is blunter."""
    taper: float
    """Narrowing towards the apex; 0 is none, 1 closes it (spade shape)."""
    wall: float
    """Wall without its focal thickening, at the base."""
    septum: Septum
    apical_extra: float
    apex_wall: float
    shortening: float
    """Way of the mitral plane towards the apex."""
    papillary: float
    """Radius of a papillary muscle."""
    right_width: float
    right_ejection: float
    atrium: float
    """Length of the left atrium."""

    @property
    def radius(self) -> float:
        """Radius of the cavity at the base, mm."""
        return self.diameter / 2 / float(np.sqrt(self.profile(np.array(DIAMETER_LEVEL))))

    def profile(self, level: Grid) -> Grid:
        """Squared radius of the cavity relative to the base, at a level from 0 (base) to 1 (apex)."""
        return (1 - level**self.bluntness) * (1 - self.taper * level**TAPER_POWER)

    @property
    def fullness(self) -> float:
        """Volume of the cavity as a share of the cylinder around it."""
        n, m = self.bluntness, TAPER_POWER
        return n / (n + 1) - self.taper * (1 / (m + 1) - 1 / (n + m + 1))

    @property
    def diastolic_ml(self) -> float:
        """End-diastolic volume."""
        return float(np.pi) * self.radius**2 * self.length * self.fullness / 1000

    @property
    def systolic_ml(self) -> float:
        """End-systolic volume."""
        return self.diastolic_ml * (1 - self.ejection)

    @cached_property
    def thickest_mm(self) -> float:
        """Largest diastolic wall thickness between base and the apical cap, square to the wall."""
        angle, z = np.meshgrid(np.linspace(-np.pi, np.pi, 73), np.linspace(0.05, 0.8, 61) * self.length, indexing="ij")
        still = at_rest(self)
        inner = np.sqrt(cavity_square(self, still, angle, z / still.length))
        outer = np.sqrt(muscle_square(self, still, angle, z / still.outer_length))
        slope = np.gradient((inner + outer) / 2, z[0], axis=1)
        return float(np.max((outer - inner) / np.sqrt(1 + slope**2)))


@dataclass(frozen=True)
class State:
    """The ventricle over time; each value is an array that broadcasts against (t, y, x), or a number."""

    radius: Grid
    base: Grid
    """Where the mitral plane is, mm from its diastolic place towards the apex."""
    length: Grid
    outer_length: Grid
    stretch: Grid
    """Diastolic over present length: what incompressible muscle gains in area."""


def at_rest(heart: Heart) -> State:
    """The ventricle at end-diastole."""
    return contracted(heart, np.zeros(()))


def contracted(heart: Heart, emptied: Grid) -> State:
    """The ventricle when a share of its stroke volume has left; its volume is exact."""
    base = heart.shortening * emptied
    length = heart.length - base - 0.5 * heart.apex_wall * emptied
    volume = heart.diastolic_ml * 1000 * (1 - heart.ejection * emptied)
    radius = np.sqrt(volume / (np.pi * length * heart.fullness))
    return State(radius, base, length, heart.length + heart.apex_wall - base, heart.length / length)


def focal(heart: Heart, angle: Grid, level: Grid) -> tuple[Grid, Grid]:
    """Circumferential weight of the focal thickening (1 at its middle) and its weight along the length."""
    septum = heart.septum
    around = np.exp(septum.focus * (np.cos(angle - septum.angle) - 1))
    return around, np.exp(-0.5 * ((level - septum.level) / septum.reach) ** 2)


def cavity_equator(heart: Heart, state: State, angle: Grid, level: Grid) -> Grid:
    """Squared radius of the cavity before it narrows towards the apex, mm^2."""
    return np.asarray(state.radius**2 * _indented(heart, *focal(heart, angle, level)))


def muscle_equator(heart: Heart, state: State, angle: Grid, level: Grid) -> Grid:
    """Squared radius of the outer surface before it narrows, mm^2; the muscle keeps its area times length."""
    around, along = focal(heart, angle, level)
    indented = _indented(heart, around, along)
    wall = heart.wall + heart.septum.extra_mm * around * along + heart.apical_extra * level**4
    area = wall**2 + 2 * heart.radius * np.sqrt(indented) * wall
    return np.asarray(state.radius**2 * indented + area * state.stretch)


def cavity_square(heart: Heart, state: State, angle: Grid, level: Grid) -> Grid:
    """Squared radius of the cavity, mm^2; its mean over the circumference is radius^2 times profile."""
    return np.asarray(cavity_equator(heart, state, angle, level) * heart.profile(level))


def muscle_square(heart: Heart, state: State, angle: Grid, level: Grid) -> Grid:
    """Squared radius of the outer surface, mm^2."""
    return muscle_equator(heart, state, angle, level) * (1 - level**heart.bluntness)


def _indented(heart: Heart, around: Grid, along: Grid) -> Grid:
    return 1 - heart.septum.bulge * along * (around - float(i0e(heart.septum.focus)))
