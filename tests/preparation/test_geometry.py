"""Grids and resampling, against closed forms."""

import numpy as np
import pytest

from cinemyo.preparation.geometry import Grid, resample


def _ramp(shape: tuple[int, int], spacing: tuple[float, float]) -> np.ndarray:
    """2 per mm down, 3 per mm to the right, from the centre of the first pixel."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (2 * rows * spacing[0] + 3 * columns * spacing[1]).astype(np.float32)[None]


@pytest.mark.parametrize("shape", [(31, 40), (60, 17)])
@pytest.mark.parametrize("spacing", [(1.5, 1.5), (1.37, 1.37), (0.7, 1.9)])
def test_a_linear_ramp_is_resampled_exactly(shape: tuple[int, int], spacing: tuple[float, float]) -> None:
    grid = Grid(shape, spacing, pixel_mm=1.5, side=48)
    values = resample(_ramp(shape, spacing), grid=grid)[0]
    rows, columns = np.mgrid[:48, :48]
    top, left = (grid.origin_mm[axis] + index * 1.5 for axis, index in enumerate((rows, columns)))
    height, width = ((size - 1) * step for size, step in zip(shape, spacing, strict=True))
    interior = (top >= 0) & (top <= height) & (left >= 0) & (left <= width)
    np.testing.assert_allclose(values[interior], (2 * top + 3 * left)[interior], atol=1e-4)


def test_the_image_centre_is_the_grid_centre() -> None:
    grid = Grid((31, 40), (1.2, 1.4), pixel_mm=1.5, side=64)
    assert grid.to_pixels(15 * 1.2, 19.5 * 1.4) == pytest.approx((31.5, 31.5))


def test_halving_the_pixel_shifts_the_first_centre_by_a_quarter() -> None:
    assert Grid((8, 8), (2.0, 2.0), pixel_mm=1.0, side=16).origin_mm == pytest.approx((-0.5, -0.5))


def test_doubling_the_pixel_averages_neighbours() -> None:
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    coarse = resample(image, grid=Grid((4, 4), (1.0, 1.0), pixel_mm=2.0, side=2))
    np.testing.assert_allclose(coarse[0], image[0].reshape(2, 2, 2, 2).mean(axis=(1, 3)))


def test_points_return_from_pixels_to_mm() -> None:
    grid = Grid((31, 40), (1.2, 1.4), pixel_mm=None, side=20)
    assert grid.to_mm(*grid.to_pixels(11.0, 7.0)) == pytest.approx((11.0, 7.0))


@pytest.mark.parametrize("shape", [(5, 6), (10, 11), (9, 4)])
def test_native_pixels_are_moved_without_interpolation(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    grid = Grid(shape, (1.3, 0.9), pixel_mm=None, side=8)
    placed = resample(image, grid=grid)
    for row in range(8):
        for column in range(8):
            top, left = (
                round(mm / step) for mm, step in zip(grid.to_mm(float(row), float(column)), grid.spacing, strict=True)
            )
            on_image = 0 <= top < shape[0] and 0 <= left < shape[1]
            np.testing.assert_array_equal(placed[:, row, column], image[:, top, left] if on_image else 0)


def test_inside_reaches_half_a_pixel_beyond_the_outer_centres() -> None:
    inside = Grid((4, 4), (2.0, 2.0), pixel_mm=1.0, side=12).inside
    assert inside.sum() == 64
    assert inside[2:10, 2:10].all()


def test_a_single_frame_keeps_its_time_axis() -> None:
    assert resample(np.ones((1, 5, 5), np.float32), grid=Grid((5, 5), (1.0, 1.0), 1.0, 4)).shape == (1, 4, 4)
