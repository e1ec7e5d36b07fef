"""The centre of the left ventricle, on hearts of known place."""

import numpy as np
import pytest

from cinemyo.config import Locate
from cinemyo.preparation.planes import TYPICAL_NORMALS, Plane
from cinemyo.preparation.region import Located, View, locate_exam, straight
from tests.preparation.hearts import SPACING, heart, plane, radii, stack

CONFIG = Locate(
    smoothing_mm=24,
    prior_mm=60,
    stack_smoothing_mm=20,
    window_radius_mm=60,
    window_percentile=99,
    review_confidence=0.5,
)


def _error(found: Located, centre: tuple[float, float]) -> float:
    return float(np.hypot(found.row_mm - centre[0], found.column_mm - centre[1]))


@pytest.mark.parametrize("n_frames", [2, 20])
def test_a_stack_is_found_along_its_slanting_axis(n_frames: int) -> None:
    centres = [(118.0 + 3 * at, 140.0 - 2 * at) for at in range(4)]
    found = locate_exam(stack(centres, n_frames=n_frames), config=CONFIG)
    assert max(_error(item, centre) for item, centre in zip(found, centres, strict=True)) < 5


def test_the_order_of_the_cines_does_not_matter() -> None:
    views = stack([(118.0 + 3 * at, 140.0) for at in range(4)])
    turned = locate_exam(views[::-1], config=CONFIG)[::-1]
    for one, other in zip(locate_exam(views, config=CONFIG), turned, strict=True):
        assert _error(one, (other.row_mm, other.column_mm)) < 1e-6


def test_a_heart_moved_by_whole_pixels_is_found_moved() -> None:
    here, there = (locate_exam(stack([(row, 130.0)] * 3), config=CONFIG) for row in (110.0, 126.0))
    assert there[1].row_mm - here[1].row_mm == pytest.approx(16, abs=3)


def test_one_plane_of_a_stack_without_signal_follows_its_neighbours() -> None:
    views = stack([(120.0, 140.0)] * 4)
    views[1] = View(np.zeros_like(views[1].frames), SPACING, views[1].plane)
    assert _error(locate_exam(views, config=CONFIG)[1], (120.0, 140.0)) < 4


def test_an_image_of_one_value_takes_the_middle_without_confidence() -> None:
    views = [View(np.full((2, 120, 130), 7, np.float32), SPACING, plane(10.0 * at)) for at in range(3)]
    found = locate_exam(views, config=CONFIG)[0]
    assert (found.row_mm, found.column_mm, found.method, found.confidence) == (119.0, 129.0, "image_centre", 0.0)


def test_a_single_frame_is_found_by_its_brightness() -> None:
    views = [View(view.frames[:1], SPACING, view.plane) for view in stack([(120.0, 140.0)] * 3)]
    assert _error(locate_exam(views, config=CONFIG)[0], (120.0, 140.0)) < 5


def test_noise_has_less_confidence_than_a_heart() -> None:
    noise = np.random.default_rng(0).normal(size=(2, 120, 130)).astype(np.float32)
    doubtful = locate_exam([View(noise, SPACING, plane(10.0 * at)) for at in range(3)], config=CONFIG)
    certain = locate_exam(stack([(120.0, 140.0)] * 3), config=CONFIG)
    assert doubtful[0].confidence < certain[0].confidence


def _oriented(normal: str, frames: np.ndarray, centre_mm: tuple[float, float], at: np.ndarray) -> View:
    """A view across a direction whose point at centre_mm is `at` in the patient."""
    across = np.array(TYPICAL_NORMALS[normal])
    right = np.cross(across, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(across, right) / np.linalg.norm(across)
    position = at - centre_mm[0] * down - centre_mm[1] * right
    return View(frames, SPACING, Plane(position, down, right, ((120 - 1) * 2.0, (130 - 1) * 2.0)))


def test_a_long_axis_plane_takes_the_foot_of_the_short_axis_centre() -> None:
    centre = np.array([30.0, -20.0, 10.0])
    across = _oriented("short_axis", heart((118.0, 136.0), radii(12)), (118.0, 136.0), centre)
    along = _oriented("four_chamber", np.ones((12, 120, 130), np.float32), (100.0, 90.0), centre)
    found = locate_exam([along, across], config=CONFIG)
    assert found[0].method == "plane_intersection"
    assert _error(found[0], (100.0, 90.0)) < 5


def test_a_long_axis_plane_alone_takes_the_centre_of_its_beat() -> None:
    view = _oriented("four_chamber", heart((118.0, 136.0), radii(12)), (118.0, 136.0), np.zeros(3))
    found = locate_exam([view], config=CONFIG)[0]
    assert found.method == "beating_centre"
    assert _error(found, (118.0, 136.0)) < 40


def test_a_still_long_axis_plane_takes_the_middle() -> None:
    view = _oriented("four_chamber", np.ones((12, 120, 130), np.float32), (100.0, 90.0), np.zeros(3))
    assert locate_exam([view], config=CONFIG)[0].confidence == 0


def test_a_centre_beyond_the_image_is_moved_onto_it_without_confidence() -> None:
    across = _oriented("short_axis", heart((118.0, 136.0), radii(12)), (118.0, 136.0), np.zeros(3))
    along = _oriented("four_chamber", np.ones((12, 120, 130), np.float32), (-50.0, 90.0), np.zeros(3))
    found = locate_exam([across, along], config=CONFIG)[1]
    assert (found.row_mm, found.confidence) == (0.0, 0.0)


def test_an_axis_ignores_one_outlier() -> None:
    depths = np.arange(6) * 10.0
    points = np.stack([100 + 0.2 * depths, 120 - 0.1 * depths], axis=1)
    seen = points.copy()
    seen[2] += 60
    assert np.abs(straight(seen, weights=np.ones(6), depths=depths) - points).max() < 3


def test_two_planes_keep_their_own_points() -> None:
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(straight(points, weights=np.ones(2), depths=np.array([0.0, 10.0])), points)
