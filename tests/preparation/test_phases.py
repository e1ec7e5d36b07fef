"""Diastole and systole, on hearts whose beat is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.preparation.phases import Timing, diastolic_frames, pick_phases, systolic_frames
from tests.preparation.hearts import SPACING, heart, radii

CENTRE = (118.0, 136.0)


@settings(max_examples=12, deadline=None)
@given(st.integers(12, 35), st.floats(0.3, 0.5))
def test_systole_is_the_smallest_ventricle(n_frames: int, share: float) -> None:
    systole = round(share * n_frames)
    picked = pick_phases(heart(CENTRE, radii(n_frames, systole=systole)), spacing=SPACING, centre=CENTRE)
    assert abs(picked.systole - systole) <= 1
    assert picked.diastole == 0


def test_diastole_may_be_at_the_end_of_the_beat() -> None:
    frames = heart(CENTRE, radii(20, diastole=17, systole=7))
    assert pick_phases(frames, spacing=SPACING, centre=CENTRE).diastole in (17, 18)


def test_a_clear_beat_has_confidence() -> None:
    assert pick_phases(heart(CENTRE, radii(20)), spacing=SPACING, centre=CENTRE).confidence > 0.7


def test_a_still_cine_has_none() -> None:
    picked = pick_phases(np.repeat(heart(CENTRE, np.array([20.0])), 20, axis=0), spacing=SPACING, centre=CENTRE)
    assert (picked.method, picked.confidence) == ("no_beat", 0.0)
    assert picked.diastole != picked.systole


@pytest.mark.parametrize("cavities", [(26.0, 16.0), (16.0, 26.0)])
def test_of_a_pair_the_larger_is_diastole(cavities: tuple[float, float]) -> None:
    picked = pick_phases(heart(CENTRE, np.array(cavities)), spacing=SPACING, centre=CENTRE)
    assert (picked.diastole, picked.systole) == ((0, 1) if cavities[0] > cavities[1] else (1, 0))
    assert picked.confidence > 0.5


def test_a_pair_of_equals_has_no_confidence() -> None:
    assert pick_phases(np.ones((2, 60, 60), np.float32), spacing=SPACING, centre=(50.0, 50.0)).confidence == 0


def test_a_single_frame_is_both_without_confidence() -> None:
    picked = pick_phases(np.ones((1, 60, 60), np.float32), spacing=SPACING, centre=(50.0, 50.0))
    assert (picked.diastole, picked.systole, picked.confidence) == (0, 0, 0.0)


def test_the_time_of_systole_is_that_of_its_frame() -> None:
    timing = Timing(10.0, 770.0, 800.0)
    picked = pick_phases(heart(CENTRE, radii(20, systole=8)), spacing=SPACING, centre=CENTRE, timing=timing)
    assert picked.systole_ms == pytest.approx(10 + 40 * picked.systole)


def test_known_times_bound_systole() -> None:
    times = np.arange(20) * 50.0
    np.testing.assert_array_equal(systolic_frames(20, times=times), np.arange(4, 11))


def test_unknown_times_bound_systole_by_shares_of_the_beat() -> None:
    np.testing.assert_array_equal(systolic_frames(20, times=None), np.arange(5, 12))


def test_times_that_reach_no_systole_are_not_used() -> None:
    np.testing.assert_array_equal(systolic_frames(20, times=np.arange(20) * 1.0), np.arange(5, 12))


def test_three_frames_have_a_systole() -> None:
    assert set(systolic_frames(3, times=None)) <= {1, 2}


def test_a_whole_beat_is_cyclic() -> None:
    assert set(diastolic_frames(20, times=None, timing=None)) == {17, 18, 19, 0, 1, 2, 3}


def test_prospective_gating_has_no_end_of_the_beat() -> None:
    timing = Timing(0.0, 700.0, 1000.0)
    assert set(diastolic_frames(20, times=np.linspace(0, 700, 20), timing=timing)) == {0, 1, 2, 3}


def test_a_centre_at_the_border_is_no_crash() -> None:
    picked = pick_phases(heart(CENTRE, radii(12)), spacing=SPACING, centre=(0.0, 0.0))
    assert 0 <= picked.confidence <= 1
