import numpy as np
import pytest

from cinemyo.sources.heart_frame import PlaneFacts, distances, elevation, heart_frame, line_distances, typical
from tests.sources.planes import long_axis, moved, stack, turn


def test_typical_heart_has_three_perpendicular_directions() -> None:
    assert typical() @ typical().T == pytest.approx(np.eye(3), abs=1e-9)


def test_typical_lateral_wall_lies_left_and_behind() -> None:
    assert typical()[1] == pytest.approx([0.64, 0.77, -0.05], abs=0.01)


def test_stack_tells_the_long_axis() -> None:
    by = turn(np.random.default_rng(3), 25)
    frame = heart_frame([moved(plane, by) for plane in stack()])
    assert frame.measured
    assert frame.apex == pytest.approx(by @ typical()[2], abs=1e-6)


def test_axis_points_to_the_apex_whichever_way_the_normal_points() -> None:
    planes = [PlaneFacts(-plane.right, plane.down, plane.centre) for plane in stack()]
    assert heart_frame(planes).apex == pytest.approx(typical()[2], abs=1e-6)


def test_four_slices_are_no_stack() -> None:
    assert not heart_frame(stack(4)).measured


def test_repeats_of_one_slice_are_no_stack() -> None:
    assert not heart_frame([stack(1)[0]] * 9).measured


def test_middle_is_that_of_the_stack() -> None:
    assert heart_frame([*stack(9), long_axis("four_chamber")]).middle == pytest.approx(32 * typical()[2], abs=1e-6)


def test_typical_planes_leave_the_typical_heart_where_it_is() -> None:
    frame = heart_frame([long_axis("vla_right"), long_axis("four_chamber")])
    assert frame.axes == pytest.approx(typical(), abs=0.08)


def test_distance_of_planes_ignores_the_sign_of_their_normals() -> None:
    assert distances(np.array([0.0, 0, -1]), np.eye(3)) == pytest.approx([90, 90, 0])


def test_slice_across_stands_straight_on_the_axis() -> None:
    frame = heart_frame(stack())
    assert elevation(stack(1)[0].normal, frame=frame) == pytest.approx(90, abs=1e-3)
    assert elevation(long_axis("four_chamber").normal, frame=frame) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("view", "nearest"), [("vla_right", 0), ("four_chamber", 1), ("other", 2)])
def test_long_axis_planes_are_parted_by_their_turn_about_the_axis(view: str, nearest: int) -> None:
    away = line_distances(long_axis(view).normal, frame=heart_frame(stack()))
    assert int(np.argmin(away)) == nearest
