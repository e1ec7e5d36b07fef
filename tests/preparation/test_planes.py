"""Planes in patient coordinates."""

import numpy as np
import pytest

from cinemyo.preparation.planes import (
    TYPICAL_NORMALS,
    Plane,
    apexward,
    cuts_across,
    parallel_groups,
    plane_of,
    short_axis_stacks,
)


def _plane(normal: tuple[float, float, float], *, depth: float = 0.0) -> Plane:
    across = np.array(normal) / np.linalg.norm(normal)
    right = np.cross(across, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return Plane(depth * across, np.cross(across, right), right, (100.0, 100.0))


def test_the_normal_follows_from_the_directions() -> None:
    assert _plane((0.66, -0.58, -0.48)).normal == pytest.approx(np.array([0.66, -0.58, -0.48]), abs=0.01)


def test_a_point_returns_from_the_patient() -> None:
    plane = _plane((0.4, -0.27, 0.88), depth=5)
    assert plane.project(plane.point(12.0, 34.0)) == pytest.approx((12.0, 34.0))


def test_parallel_planes_are_grouped_in_order_of_depth() -> None:
    planes = [_plane((0, 1, 0.1), depth=20), _plane((1, 0, 0.2)), _plane((0, 1, 0.1), depth=10)]
    assert parallel_groups(planes) == [[2, 0], [1]]


@pytest.mark.parametrize("view", TYPICAL_NORMALS)
@pytest.mark.parametrize("sign", [1, -1])
def test_one_plane_is_told_by_its_direction(view: str, sign: int) -> None:
    normal = tuple(sign * value for value in TYPICAL_NORMALS[view])
    assert cuts_across([_plane((normal[0], normal[1], normal[2]))]) is (view == "short_axis")


def test_three_parallel_planes_are_a_stack_whatever_their_direction() -> None:
    assert cuts_across([_plane((0, 0.1, 1), depth=depth) for depth in (0, 10, 20)])


def test_repeats_of_one_slice_are_no_stack() -> None:
    assert not cuts_across([_plane(TYPICAL_NORMALS["four_chamber"], depth=depth) for depth in (0.0, 0.4, 0.8, 1.0)])


def test_the_apex_lies_to_the_left_and_front_and_below() -> None:
    coronal = Plane(np.zeros(3), np.array([0.0, 0.0, -1.0]), np.array([1.0, 0.0, 0.0]), (1.0, 1.0))
    down, right = apexward(coronal)
    assert down > 0
    assert right > 0


def test_a_row_of_cines_gives_its_plane() -> None:
    vectors = {"position": (1, 2, 3), "row_cosine": (0, 1, 0), "column_cosine": (1, 0, 0)}
    row = {
        f"{name}_{axis}": value for name, values in vectors.items() for axis, value in zip("xyz", values, strict=True)
    }
    plane = plane_of(row | {"rows": 11, "columns": 21, "row_spacing_mm": 1.5, "column_spacing_mm": 2.0})
    assert plane.extent_mm == (15.0, 40.0)
    assert plane.depth == 3.0


@pytest.mark.parametrize(
    ("depths", "stacks"), [([0, 1, 2, 3, 4, 5], 1), ([0, 0, 0, 0], 0), ([0, 0.2, 3], 0), ([0, 0.1, 0.3, 2], 0)]
)
def test_evenly_spaced_planes_are_a_stack_even_where_the_file_states_a_wrong_distance(
    depths: list[float], stacks: int
) -> None:
    extent = (200.0, 200.0)
    planes = [
        Plane(np.array([0.0, 0.0, depth]), np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]), extent)
        for depth in depths
    ]
    assert len(short_axis_stacks(planes)) == stacks
