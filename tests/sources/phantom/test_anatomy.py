"""Volumes, areas and walls in closed form."""

from dataclasses import replace

import numpy as np
import pytest

from cinemyo.sources.phantom.anatomy import (
    Heart,
    Septum,
    at_rest,
    cavity_square,
    contracted,
    muscle_equator,
    muscle_square,
)

PLAIN = Heart(
    diameter=50,
    length=90,
    ejection=0.6,
    bluntness=2.0,
    taper=0.0,
    wall=8,
    septum=Septum(extra_mm=0, angle=np.pi, focus=1, level=0.4, reach=0.3, bulge=0.0),
    apical_extra=0,
    apex_wall=5,
    shortening=14,
    papillary=4,
    right_width=28,
    right_ejection=0.5,
    atrium=50,
)
FOCAL = replace(PLAIN, septum=Septum(extra_mm=12, angle=np.pi, focus=1.5, level=0.4, reach=0.3, bulge=0.4))


def _volume_ml(heart: Heart, emptied: float) -> float:
    """By adding up the areas of thin slices."""
    state = contracted(heart, np.array(emptied))
    levels = (np.arange(400) + 0.5) / 400
    angles = np.linspace(-np.pi, np.pi, 180, endpoint=False)
    squares = cavity_square(heart, state, *np.meshgrid(angles, levels))
    return float(np.pi * squares.mean(axis=1).sum() * state.length / 400 / 1000)


def test_a_plain_heart_is_half_an_ellipsoid() -> None:
    assert PLAIN.diastolic_ml == pytest.approx(2 / 3 * np.pi * PLAIN.radius**2 * 90 / 1000)


def test_the_diameter_is_met_at_its_level() -> None:
    square = cavity_square(PLAIN, at_rest(PLAIN), np.zeros(1), np.array([0.3]))
    assert 2 * np.sqrt(square[0]) == pytest.approx(50)


@pytest.mark.parametrize("emptied", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("heart", [PLAIN, FOCAL, replace(PLAIN, taper=0.8), replace(PLAIN, bluntness=2.7)])
def test_added_slices_give_the_volume_in_closed_form(heart: Heart, emptied: float) -> None:
    assert _volume_ml(heart, emptied) == pytest.approx(heart.diastolic_ml * (1 - 0.6 * emptied), rel=2e-3)


def test_muscle_keeps_its_area_times_length() -> None:
    def area_times_length(emptied: float) -> float:
        state = contracted(PLAIN, np.array(emptied))
        outer = muscle_equator(PLAIN, state, np.zeros(1), np.array([0.2]))[0]
        return float((outer - state.radius**2) * state.length)

    assert area_times_length(1.0) == pytest.approx(area_times_length(0.0))


def test_the_wall_thickens_in_systole() -> None:
    def wall(emptied: float) -> float:
        state = contracted(PLAIN, np.array(emptied))
        return float(np.sqrt(muscle_equator(PLAIN, state, np.zeros(1), np.array([0.2]))[0]) - state.radius)

    assert 1.3 < wall(1.0) / wall(0.0) < 1.8


def test_the_thickest_wall_of_a_plain_heart_is_its_wall() -> None:
    assert PLAIN.thickest_mm == pytest.approx(8, abs=0.7)


def test_a_focal_thickening_adds_to_the_thickest_wall() -> None:
    assert FOCAL.thickest_mm > PLAIN.thickest_mm + 10


def test_the_outer_surface_lies_outside_the_cavity() -> None:
    angle, level = np.meshgrid(np.linspace(-3, 3, 20), np.linspace(0, 0.95, 20))
    state = contracted(FOCAL, np.array(0.7))
    assert np.all(muscle_square(FOCAL, state, angle, level) > cavity_square(FOCAL, state, angle, level))
