"""Courses of filling, on discs of closed form."""

import numpy as np
import pytest

from cinemyo.preparation.courses import beat_of, courses, filling, principal, resampled, seen_area, unit
from tests.preparation.hearts import BLOOD, SPACING, away, heart, radii

CENTRE = (118.0, 136.0)


@pytest.mark.parametrize("radius", [12.0, 20.0, 30.0])
def test_a_bright_disc_is_seen_whole_from_its_centre(radius: float) -> None:
    bright = (away(CENTRE) < radius).astype(float)[None]
    assert seen_area(bright, spacing=SPACING, centre=CENTRE)[0] == pytest.approx(np.pi * radius**2, rel=0.07)


def test_blood_behind_muscle_is_not_seen() -> None:
    ring = ((away(CENTRE) < 15) | ((away(CENTRE) > 22) & (away(CENTRE) < 30))).astype(float)[None]
    assert seen_area(ring, spacing=SPACING, centre=CENTRE)[0] == pytest.approx(np.pi * 15**2, rel=0.07)


def test_a_centre_on_a_papillary_muscle_sees_past_it() -> None:
    bright = ((away(CENTRE) < 20) & (away(CENTRE) > 3)).astype(float)[None]
    assert seen_area(bright, spacing=SPACING, centre=CENTRE)[0] == pytest.approx(np.pi * 20**2, rel=0.07)


def test_areas_are_in_square_millimetres() -> None:
    beat = beat_of(heart(CENTRE, radii(12)), spacing=SPACING, centre=CENTRE)
    assert beat is not None
    assert beat.cavity.max() == pytest.approx(np.pi * 26**2, rel=0.1)
    assert beat.cavity.min() == pytest.approx(np.pi * 16**2, rel=0.1)


def test_every_course_is_fullest_at_diastole_and_emptiest_at_systole() -> None:
    beat = beat_of(heart(CENTRE, radii(20, systole=8)), spacing=SPACING, centre=CENTRE)
    assert beat is not None
    for course in courses([beat]):
        assert abs(int(course.argmin()) - 8) <= 1
        assert int(course.argmax()) in (19, 0, 1)


def test_filling_runs_from_0_to_1() -> None:
    beat = beat_of(heart(CENTRE, radii(12)), spacing=SPACING, centre=CENTRE)
    assert beat is not None
    course = filling([beat])
    assert (course.min(), course.max()) == (0, 1)


def test_what_moves_much_counts_much() -> None:
    strong = beat_of(heart(CENTRE, radii(20, systole=8)), spacing=SPACING, centre=CENTRE)
    weak = beat_of(heart(CENTRE, 22 - (26 - radii(20, systole=16)) / 10), spacing=SPACING, centre=CENTRE)
    assert strong is not None
    assert weak is not None
    assert abs(int(filling([strong, weak]).argmin()) - 8) <= 1


@pytest.mark.parametrize(
    "frames", [np.full((5, 120, 130), 7.0, np.float32), np.repeat(heart(CENTRE, np.array([20.0])), 5, axis=0)]
)
def test_what_is_of_one_value_or_still_has_no_beat(frames: np.ndarray) -> None:
    assert beat_of(frames, spacing=SPACING, centre=CENTRE) is None


def test_the_principal_course_rises_as_it_is_told() -> None:
    course = np.cos(np.arange(10))
    course -= course.mean()
    for like in (course, -course):
        assert principal(np.outer(course, course), like=like) @ like > 0


def test_moments_between_frames_are_weighted_means() -> None:
    beat = beat_of(heart(CENTRE, radii(12)), spacing=SPACING, centre=CENTRE)
    assert beat is not None
    halfway = np.zeros((1, 12))
    halfway[0, 2:4] = 0.5
    between = resampled(beat, halfway)
    assert between.blood[0] == pytest.approx(beat.blood[2:4].mean())
    assert between.likeness[0, 0] == pytest.approx(beat.likeness[2:4, 2:4].mean())


def test_fine_pixels_tell_the_same_beat() -> None:
    frames = heart(CENTRE, radii(12))
    fine = np.repeat(np.repeat(frames, 2, axis=1), 2, axis=2)
    coarse = beat_of(frames, spacing=SPACING, centre=CENTRE)
    other = beat_of(fine, spacing=(1.0, 1.0), centre=(CENTRE[0] + 0.5, CENTRE[1] + 0.5))
    assert coarse is not None
    assert other is not None
    np.testing.assert_allclose(filling([other]), filling([coarse]), atol=0.05)


def test_a_flat_course_is_zeros() -> None:
    np.testing.assert_array_equal(unit(np.full(4, BLOOD)), np.zeros(4))
