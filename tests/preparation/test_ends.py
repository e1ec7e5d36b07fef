"""The two phases on courses whose shape is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.preparation.ends import Ends, apart, ends_of

ALWAYS = np.ones(20, bool)
VEE = np.abs(np.mod(np.arange(20) + 2, 20) - 10) / 10
"""Fullest at 18, emptiest at 8, straight between."""


def _ends(course: np.ndarray, *, systolic: np.ndarray = ALWAYS, diastolic: np.ndarray = ALWAYS) -> Ends:
    return ends_of(course, systolic=systolic, diastolic=diastolic)


def test_the_phases_of_a_pointed_course_lie_beside_its_points() -> None:
    ends = _ends(VEE)
    assert ends.systole == pytest.approx(8 - 0.6 / 2)
    assert ends.diastole == pytest.approx(18 + 0.6 / 2)


def test_systole_is_early_on_a_plateau() -> None:
    course = np.interp(np.arange(20), [0, 5, 9, 15, 20], [1, 0.02, 0, 1, 1])
    assert 5 <= _ends(course).systole <= 7.5


def test_diastole_is_late_on_a_plateau() -> None:
    course = np.interp(np.arange(20), [0, 4, 8, 14, 20], [0.97, 0.97, 0, 0.98, 1.0])
    ends = _ends(course)
    assert np.mod(ends.diastole, 20) < 5 or np.mod(ends.diastole, 20) > 19


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 19))
def test_turning_a_course_turns_its_phases(turn: int) -> None:
    first, turned = _ends(VEE), _ends(np.roll(VEE, turn))
    assert apart(turned.systole, first.systole + turn, period=20) < 1e-9
    assert apart(turned.diastole, first.diastole + turn, period=20) < 1e-9


def test_a_trigger_that_is_a_little_off_is_followed() -> None:
    ends = _ends(VEE, systolic=np.arange(20) == 9)
    assert ends.expected
    assert 7 < ends.systole <= 9


def test_a_trigger_that_is_far_off_is_not_believed() -> None:
    ends = _ends(VEE, systolic=np.arange(20) == 14)
    assert not ends.expected
    assert ends.systole == _ends(VEE).systole


def test_a_trigger_that_allows_nothing_binds_nothing() -> None:
    assert _ends(VEE, systolic=~ALWAYS).systole == _ends(VEE).systole


def test_diastole_comes_before_systole_within_two_thirds_of_a_beat() -> None:
    course = np.where(np.arange(20) == 9, 1.0, 0.5)
    course[8] = 0.0
    lag = np.mod(8 - _ends(course).diastole, 20) / 20
    assert 0.1 < lag < 0.7


@pytest.mark.parametrize(("first", "second", "distance"), [(1, 3, 2), (19, 1, 2), (0.5, 19.5, 1), (10, 0, 10)])
def test_distances_go_round_the_beat(first: float, second: float, distance: float) -> None:
    assert apart(first, second, period=20) == distance
