"""When in the beat frames lie, and how cines of other lengths are set against each other."""

import numpy as np
import pytest

from cinemyo.preparation.rhythm import Rhythm, Timing, frame_times, moments_of, nearest_frame, weights


def _rhythm(n_frames: int = 20, *, timing: Timing | None = None) -> Rhythm:
    return Rhythm(n_frames, None, timing)


WHOLE = Timing(0.0, 760.0, 800.0)


def test_without_times_frames_divide_the_beat_from_the_first() -> None:
    np.testing.assert_allclose(_rhythm(4).shares, [0, 0.25, 0.5, 0.75])


def test_with_times_frames_lie_after_the_r_wave() -> None:
    np.testing.assert_allclose(_rhythm(4, timing=Timing(80.0, 680.0, 800.0)).shares, [0.1, 0.35, 0.6, 0.85])


@pytest.mark.parametrize(
    "timing", [Timing(0.0, 760.0), Timing(0.0, 0.0, 800.0), Timing(0.0, 4000.0, 800.0), Timing(0.0, 200.0, 800.0)]
)
def test_times_that_are_no_beat_are_not_used(timing: Timing) -> None:
    assert _rhythm(timing=timing).rr_ms is None


def test_a_single_frame_has_no_times() -> None:
    assert frame_times(1, timing=WHOLE) is None


def test_moments_are_the_frames_of_a_whole_beat() -> None:
    rhythm = _rhythm(timing=WHOLE)
    np.testing.assert_allclose(weights(rhythm, moments_of([rhythm])), np.eye(20), atol=1e-9)


def test_prospective_gating_leaves_moments_without_a_frame() -> None:
    rhythm = _rhythm(timing=Timing(0.0, 608.0, 800.0))
    moments = moments_of([rhythm])
    assert len(moments.shares) == 25
    assert nearest_frame(rhythm, 0.85) == 19
    assert nearest_frame(rhythm, 0.95) == 0


def test_each_moment_is_a_mean_of_frames() -> None:
    short, long = _rhythm(20, timing=WHOLE), _rhythm(30, timing=Timing(0.0, 870.0, 900.0))
    table = weights(short, moments_of([short, long]))
    assert table.shape == (30, 20)
    np.testing.assert_allclose(table.sum(axis=1), 1)


def test_the_trigger_expects_systole_and_diastole_at_their_times() -> None:
    moments = moments_of([_rhythm(timing=WHOLE)])
    np.testing.assert_array_equal(np.nonzero(moments.systolic)[0], np.arange(5, 13))
    assert set(np.nonzero(moments.diastolic)[0]) == {17, 18, 19, 0, 1, 2, 3}


def test_without_times_everything_may_be_anywhere() -> None:
    moments = moments_of([_rhythm()])
    assert moments.systolic.all()
    assert moments.diastolic.all()


def test_the_frame_nearest_to_a_moment_goes_round_the_beat() -> None:
    assert [nearest_frame(_rhythm(), share) for share in (0.0, 0.99, 1.26, -0.1)] == [0, 0, 5, 18]
