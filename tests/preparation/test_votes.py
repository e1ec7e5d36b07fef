"""Beat and round brightness, on discs of closed form."""

import numpy as np
import pytest

from cinemyo.preparation.votes import circle_votes, extremes, motion, principal_course, scaled
from tests.preparation.hearts import away, heart, radii


def test_a_pair_moves_by_its_difference() -> None:
    frames = np.array([[[1.0, 5.0]], [[4.0, 5.0]]], np.float32)
    np.testing.assert_array_equal(motion(frames), [[3.0, 0.0]])


def test_a_series_moves_by_the_amplitude_of_its_first_harmonic() -> None:
    time = 2 * np.pi * np.arange(20) / 20
    frames = np.stack([7 * np.cos(time + 1), 3 * np.cos(2 * time), np.full(20, 9.0)], axis=1)[:, None]
    np.testing.assert_allclose(motion(frames.astype(np.float32)), [[7.0, 0.0, 0.0]], atol=1e-5)


def test_a_single_frame_does_not_move() -> None:
    assert not motion(np.ones((1, 4, 4), np.float32)).any()


def test_an_image_of_one_value_scales_to_zero() -> None:
    assert not scaled(np.full((2, 4, 4), 5, np.float32)).any()


@pytest.mark.parametrize("systole", [6, 8, 10])
def test_the_extremes_of_the_beat_are_diastole_and_systole(systole: int) -> None:
    frames = heart((120, 130), radii(20, systole=systole))
    assert {systole} < set(extremes(frames)) <= {19, 0, 1, systole}


def test_a_still_series_has_a_flat_course() -> None:
    assert not principal_course(np.ones((5, 3, 3), np.float32)).any()


@pytest.mark.parametrize("radius", [12, 20, 34])
def test_a_bright_disc_gathers_the_votes_at_its_centre(radius: float) -> None:
    votes = circle_votes((away((100, 140)) < radius).astype(np.float32), step_mm=2.0)
    row, column = np.unravel_index(votes.argmax(), votes.shape)
    assert np.hypot(row * 2 - 100, column * 2 - 140) < 4


def test_a_dark_disc_gathers_none_at_its_centre() -> None:
    votes = circle_votes((away((100, 140)) > 20).astype(np.float32), step_mm=2.0)
    assert votes[50, 70] < 0.1 * votes.max()


def test_an_empty_image_has_no_votes() -> None:
    assert not circle_votes(np.zeros((40, 40), np.float32), step_mm=2.0).any()
