"""Orientation of NIfTI stacks, and how their slices are turned."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from cinemyo.sources.nifti import UnusableError, Volume
from cinemyo.sources.nifti_geometry import Geometry, own_frame, stated, trusted, turned, turned_geometry, turns

ROWS, COLUMNS, SLICES = 4, 5, 3
SPACING = (1.5, 1.25, 8.0)
"""Rows, columns, slices."""


def volume(axes: np.ndarray | None = None, *, origin: tuple[float, float, float] = (0, 0, 0)) -> Volume:
    """A stack whose file axes (columns, rows, slices) are these columns (RAS)."""
    affine = None
    if axes is not None:
        affine = np.eye(4)
        affine[:3, :3] = axes * np.array([SPACING[1], SPACING[0], SPACING[2]])
        affine[:3, 3] = origin
    voxels = np.arange(2 * SLICES * ROWS * COLUMNS, dtype=np.float32).reshape(2, SLICES, ROWS, COLUMNS)
    return Volume(voxels, *SPACING, affine)


def test_the_frame_of_the_stack_itself_serves_where_no_affine_is_vouched_for() -> None:
    geometry = stated(volume())
    assert geometry == own_frame(volume()) == Geometry((0, 1, 0), (1, 0, 0), (0, 0, 8), (0, 0, 0))


def test_ras_becomes_lps() -> None:
    geometry = stated(volume(np.eye(3), origin=(1, 2, 3)))
    assert geometry == Geometry((0, -1, 0), (-1, 0, 0), (0, 0, 8), (-1, -2, 3))


def test_slices_follow_each_other_along_the_step() -> None:
    assert stated(volume(np.eye(3))).position(2) == (0, 0, 16)


@pytest.mark.parametrize(
    ("column", "row", "reverse"),
    [
        ((-1, 0, 0), (0, -1, 0), (False, False)),
        ((1, 0, 0), (0, 1, 0), (True, True)),
        ((0, -1, 0), (0, 0, -1), (False, False)),
        ((0, -1, 0), (0, 0, 1), (True, False)),
        ((0, 1, 0), (0, 0, -1), (False, True)),
    ],
)
def test_columns_grow_to_the_left_or_back_and_rows_to_the_back_or_feet(
    column: tuple[int, int, int], row: tuple[int, int, int], reverse: tuple[bool, bool]
) -> None:
    axes = np.column_stack([column, row, np.cross(column, row)])
    geometry = stated(volume(axes))
    assert (turns(geometry, display="patient"), turns(geometry, display="stored")) == (reverse, (False, False))


def test_other_distances_than_the_headers_are_a_contradiction() -> None:
    with pytest.raises(UnusableError, match="affine_disagrees"):
        stated(replace(volume(np.eye(3)), row_spacing_mm=1.6))


def test_axes_that_are_not_square_are_a_contradiction() -> None:
    sheared = np.eye(3)
    sheared[:, 0] = np.array([1, 0.1, 0]) / np.hypot(1, 0.1)
    with pytest.raises(UnusableError, match="not square"):
        stated(volume(sheared))


def test_a_contradiction_costs_a_release_its_orientation_alone() -> None:
    contradictory = replace(volume(np.eye(3)), row_spacing_mm=1.6)
    assert trusted(contradictory) == own_frame(contradictory)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    st.tuples(*[st.floats(-3, 3)] * 3),
    st.sampled_from([1, -1]),
    st.tuples(st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1), st.integers(0, SLICES - 1)),
)
def test_a_voxel_keeps_its_place_however_it_is_turned(
    angles: tuple[float, float, float], side: int, voxel: tuple[int, int, int]
) -> None:
    axes = Rotation.from_rotvec(angles).as_matrix() * [1, 1, side]
    stack, (row, column, slice_index) = volume(axes, origin=(5, -7, 9)), voxel
    geometry = stated(stack)
    reverse = turns(geometry, display="patient")
    shown, moved = turned(stack.voxels, reverse), turned_geometry(geometry, stack, reverse)
    value = stack.voxels[0, slice_index, row, column]
    new_row, new_column = np.argwhere(shown[0, slice_index] == value)[0]
    place = (
        np.array(moved.position(slice_index))
        + new_row * SPACING[0] * np.array(moved.row_cosine)
        + new_column * SPACING[1] * np.array(moved.column_cosine)
    )
    assert stack.affine is not None
    expected = (stack.affine @ [column, row, slice_index, 1])[:3] * [-1, -1, 1]
    np.testing.assert_allclose(place, expected, atol=1e-3)
    assert turns(moved, display="patient") == (False, False)
