"""The volume curve."""

import numpy as np

from cinemyo.sources.phantom.motion import Beat, diastole_and_systole, emptying, trigger_times

BEAT = Beat(rr_ms=900, systole_ms=340, kick=0.2)


def test_nothing_has_left_at_the_r_wave() -> None:
    assert emptying(np.array([0.0]), beat=BEAT) == 0


def test_all_of_the_stroke_volume_has_left_at_end_systole() -> None:
    assert emptying(np.array([340.0]), beat=BEAT) == 1


def test_the_atria_add_their_share_at_last() -> None:
    assert np.isclose(emptying(np.array([0.86 * 900]), beat=BEAT), 0.2)


def test_the_curve_closes() -> None:
    assert np.allclose(emptying(np.array([899.999]), beat=BEAT), 0, atol=1e-6)


def test_frames_divide_the_beat_evenly() -> None:
    assert np.allclose(np.diff(trigger_times(BEAT, phases=25)), 36)


def test_systole_is_the_frame_nearest_to_the_smallest_volume() -> None:
    assert diastole_and_systole(trigger_times(BEAT, phases=25), beat=BEAT) == (0, 9)


def test_an_early_trigger_moves_diastole_off_the_first_frame() -> None:
    late = Beat(900, 340, 0.2, shift_ms=72)
    assert diastole_and_systole(trigger_times(late, phases=25), beat=late) == (2, 11)


def test_a_late_trigger_puts_diastole_at_the_end() -> None:
    early = Beat(900, 340, 0.2, shift_ms=-36)
    assert diastole_and_systole(trigger_times(early, phases=25), beat=early)[0] == 24
