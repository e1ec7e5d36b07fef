"""Canvases and crops: geometry, window, records, bytes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinemyo.config import Recipe
from cinemyo.errors import SourceError
from cinemyo.preparation.canvas import Region, crop, make_canvas, read_pages, to_bytes, write_pages

STANDARD = Recipe(pixel_mm=1.5, canvas_px=64, window="heart")
RAW = Recipe(pixel_mm=None, canvas_px=64, window="full_range")
REGION = Region(centre_row_mm=30.0, centre_column_mm=45.0, window_low=0.0, window_high=255.0)


def _disc(shape: tuple[int, int], spacing: tuple[float, float], centre_mm: tuple[float, float]) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    away = np.hypot(rows * spacing[0] - centre_mm[0], columns * spacing[1] - centre_mm[1])
    return np.clip(13 - away, 0, 1).astype(np.float32)[None] * 255


@pytest.mark.parametrize("recipe", [STANDARD, RAW])
def test_the_centre_of_the_canvas_is_where_the_disc_is(recipe: Recipe) -> None:
    spacing = (1.25, 1.25)
    canvas = make_canvas(_disc((60, 60), spacing, (30.0, 45.0)), spacing=spacing, region=REGION, recipe=recipe)
    rows, columns = np.nonzero(canvas.pages[0] > 127)
    assert (rows.mean(), columns.mean()) == pytest.approx((canvas.centre_row_px, canvas.centre_column_px), abs=0.2)


def test_outside_the_image_is_black_even_with_a_negative_window() -> None:
    region = Region(10.0, 10.0, -100.0, 100.0)
    canvas = make_canvas(np.zeros((1, 20, 20), np.float32), spacing=(1.5, 1.5), region=region, recipe=STANDARD)
    assert canvas.pages[0, 0, 0] == 0
    assert canvas.pages[0, 32, 32] == 128


def test_padding_is_the_share_of_the_canvas_without_image() -> None:
    canvas = make_canvas(np.ones((1, 32, 64), np.float32), spacing=(1.5, 1.5), region=REGION, recipe=STANDARD)
    assert canvas.padding_share == pytest.approx(0.5)


def test_clipped_is_the_share_of_image_pixels_above_the_window() -> None:
    frames = np.zeros((2, 20, 20), np.float32)
    frames[1, :, :10] = 300
    canvas = make_canvas(frames, spacing=(1.5, 1.5), region=REGION, recipe=STANDARD)
    assert canvas.clipped_share == pytest.approx(0.25)


def test_full_range_runs_from_the_least_to_the_greatest_value_of_all_phases() -> None:
    frames = np.random.default_rng(0).normal(size=(3, 64, 64)).astype(np.float32)
    pages = make_canvas(frames, spacing=(1.5, 1.5), region=REGION, recipe=RAW).pages
    assert (pages.min(), pages.max()) == (0, 255)


def test_native_pixels_that_are_not_square_record_their_geometric_mean() -> None:
    frames = np.random.default_rng(0).normal(size=(1, 8, 8)).astype(np.float32)
    assert make_canvas(frames, spacing=(1.0, 4.0), region=REGION, recipe=RAW).pixel_mm == pytest.approx(2.0)


def test_an_image_of_one_value_is_refused() -> None:
    with pytest.raises(SourceError, match="gray window: expected low < high, got 7 to 7"):
        make_canvas(np.full((2, 8, 8), 7, np.float32), spacing=(1.0, 1.0), region=REGION, recipe=RAW)


def test_the_ends_of_the_window_are_0_and_255() -> None:
    values = np.array([-5.0, 10.0, 20.0, 30.0, 99.0], np.float32)
    np.testing.assert_array_equal(to_bytes(values, low=10.0, high=30.0), [0, 0, 128, 255, 255])


@given(st.integers(-30, 60), st.integers(-30, 60), st.integers(1, 40), st.integers(-8, 8), st.integers(-8, 8))
def test_a_crop_moves_with_its_canvas(row: int, column: int, side: int, down: int, right: int) -> None:
    pages = np.zeros((96, 96), np.uint8)
    pages[32:64, 32:64] = np.random.default_rng(0).integers(1, 255, (32, 32))
    moved = np.roll(pages, (down, right), (0, 1))
    here = crop(pages, centre=(row + 32.0, column + 32.0), side=side)
    np.testing.assert_array_equal(here, crop(moved, centre=(row + down + 32.0, column + right + 32.0), side=side))


@given(st.floats(-200, 200), st.floats(-200, 200), st.integers(1, 50))
def test_a_crop_has_its_side_wherever_the_centre_is(row: float, column: float, side: int) -> None:
    assert crop(np.ones((2, 3, 32, 32), np.uint8), centre=(row, column), side=side).shape == (2, 3, side, side)


def test_the_whole_canvas_is_its_own_crop() -> None:
    pages = np.random.default_rng(0).integers(0, 255, (3, 32, 32)).astype(np.uint8)
    np.testing.assert_array_equal(crop(pages, centre=(15.5, 15.5), side=32), pages)


def test_a_crop_beyond_the_canvas_is_black() -> None:
    assert not crop(np.ones((8, 8), np.uint8), centre=(100.0, 100.0), side=4).any()


def test_pages_return_from_the_file(tmp_path: Path) -> None:
    pages = np.random.default_rng(0).integers(0, 255, (5, 16, 16)).astype(np.uint8)
    write_pages(tmp_path / "a.tif", pages)
    np.testing.assert_array_equal(read_pages(tmp_path / "a.tif"), pages)
    np.testing.assert_array_equal(read_pages(tmp_path / "a.tif", [3, 0]), pages[[3, 0]])


def test_the_same_pages_are_the_same_bytes_without_a_word_on_their_maker(tmp_path: Path) -> None:
    pages = np.zeros((2, 16, 16), np.uint8)
    write_pages(tmp_path / "a.tif", pages)
    write_pages(tmp_path / "b.tif", pages)
    content = (tmp_path / "a.tif").read_bytes()
    assert content == (tmp_path / "b.tif").read_bytes()
    assert b"tifffile" not in content


def test_a_page_that_is_not_there_is_refused(tmp_path: Path) -> None:
    write_pages(tmp_path / "a.tif", np.zeros((2, 16, 16), np.uint8))
    with pytest.raises(SourceError, match=r"expected pages of the cine, got \[0, 2\] of 2"):
        read_pages(tmp_path / "a.tif", [0, 2])


def test_a_canvas_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="run the stage prepare"):
        read_pages(tmp_path / "a.tif")
