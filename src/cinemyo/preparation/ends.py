"""End-diastole and end-systole on one course of filling."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

PLATEAU: Final = 0.06
"""Share of the stroke within which the ventricle counts as full, or as empty (set on half of the real series)."""
PLATEAU_BEAT: Final = 1 / 3
"""Share of the beat that a plateau may last."""
EJECTION: Final = (0.15, 0.65)
"""Share of the beat from end-diastole to end-systole."""
TRUST: Final = 0.1
"""The trigger is believed while the best moment that it allows is within this share of the stroke of the very best."""


@dataclass(frozen=True)
class Ends:
    """Positions of the two phases, between frames where need be, and whether the trigger expects both there."""

    diastole: float
    systole: float
    expected: bool


def ends_of(
    filled: Float[np.ndarray, " t"],
    *,
    systolic: Bool[np.ndarray, " t"],
    diastolic: Bool[np.ndarray, " t"],
    plateau: float = PLATEAU,
) -> Ends:
    """The two phases of a beat on its course from 0 emptiest to 1 fullest, cyclic in time.

    Systole lies between the moment at which ejection has ended and the emptiest one, diastole between the fullest and
    the moment at which ejection begins: plateaus are flat, and a person takes their early part.

    Departs from §2.2: there by eye.
    """
    emptied = 1 - filled
    systole, as_told = _highest(emptied, allowed=systolic)
    lag = np.mod(systole - np.arange(len(filled)), len(filled)) / len(filled)
    before = (lag >= EJECTION[0]) & (lag <= EJECTION[1])
    diastole, as_told_too = _highest(np.where(before, filled, -1), allowed=diastolic)
    return Ends(
        diastole=(_refined(filled, diastole) + _edge(filled, diastole, step=1, plateau=plateau)) / 2,
        systole=(_refined(emptied, systole) + _edge(emptied, systole, step=-1, plateau=plateau)) / 2,
        expected=as_told and as_told_too,
    )


def apart(first: float, second: float, *, period: int) -> float:
    """Cyclic distance in frames."""
    away = abs(first - second) % period
    return min(away, period - away)


def _highest(course: Float[np.ndarray, " t"], *, allowed: Bool[np.ndarray, " t"]) -> tuple[int, bool]:
    """Index of the highest moment that is allowed, or of the very highest where those are far below it."""
    best = int(course.argmax())
    if not allowed.any():
        return best, False
    inside = int(np.where(allowed, course, -np.inf).argmax())
    return (inside, True) if course[best] - course[inside] <= TRUST else (best, False)


def _edge(course: Float[np.ndarray, " t"], top: int, *, step: int, plateau: float) -> float:
    """Where the plateau round a top ends in one direction, between two moments."""
    level, count = course[top] - plateau, len(course)
    at = top
    while course[(at + step) % count] > level and abs(at + step - top) < PLATEAU_BEAT * count:
        at += step
    here, there = course[at % count], course[(at + step) % count]
    return at + step * float((here - level) / (here - there)) if here > there and there <= level else float(at)


def _refined(course: Float[np.ndarray, " t"], top: int) -> float:
    """The top of the parabola through a moment and its neighbours, at most half a frame away."""
    before, here, after = (float(course[(top + step) % len(course)]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    return top + (float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0)
