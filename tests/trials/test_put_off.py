"""Crops of a cine whose preparation was put off."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cinemyo.config import Recipe, Robustness
from cinemyo.measures import PREPARATIONS
from cinemyo.preparation.canvas import Region, crop, make_canvas, read_pages, write_pages
from cinemyo.sources.images import write_cine
from cinemyo.trials.put_off import Subject, preparations, turned, widened
from tests.training import tiny

HEART = Recipe(pixel_mm=2.0, canvas_px=64, window="heart")
RAW = Recipe(pixel_mm=None, canvas_px=64, window="full_range")
SETTINGS = Robustness(centre_mm=10, frames=1, window_share=0.1, rotation_degrees=15)
REGION = Region(centre_row_mm=60.0, centre_column_mm=66.0, window_low=100.0, window_high=900.0)
FRAMES = 12


def subject(folder: Path, *, recipe: Recipe = HEART, diastole: int = 0, systole: int = 5) -> Subject:
    """Frames of noise around a gray value of their own."""
    draw = np.random.default_rng(4)
    frames = draw.normal(size=(FRAMES, 64, 64)).astype(np.float32) * 200 + 400 + 20 * np.arange(FRAMES)[:, None, None]
    frames = np.rint(frames).astype(np.float32)
    canvas = make_canvas(frames, spacing=(2.0, 2.0), region=REGION, recipe=recipe)
    write_pages(folder / "canvas.tif", canvas.pages)
    write_cine(folder / "image.mha", frames, 2.0, 2.0)
    return Subject(
        canvas=folder / "canvas.tif",
        image=folder / "image.mha",
        region=REGION,
        centre=(canvas.centre_row_px, canvas.centre_column_px),
        pixel_mm=canvas.pixel_mm,
        n_frames=FRAMES,
        frames={"diastole": diastole, "systole": systole},
    )


def made(folder: Path, *, recipe: Recipe = HEART, crop_px: int | None = 32, **where: Any) -> dict[str, np.ndarray]:
    own = subject(folder, recipe=recipe, **where)
    return dict(preparations(own, arm=tiny.arm(crop_px=crop_px), recipe=recipe, settings=SETTINGS))


def test_every_preparation_applies_to_a_crop_around_the_heart(tmp_path: Path) -> None:
    assert set(made(tmp_path)) == set(PREPARATIONS)


def test_neither_centre_nor_window_apply_to_a_raw_full_view(tmp_path: Path) -> None:
    names = set(made(tmp_path, recipe=RAW, crop_px=None))
    assert names == {"as_is", "frame_before", "frame_after", "turned_left", "turned_right"}


def test_the_crop_moves_by_the_distance_in_pixels(tmp_path: Path) -> None:
    found = made(tmp_path)
    kept = found["as_is"]
    assert np.array_equal(found["centre_up"][:, 5:], kept[:, :-5])
    assert np.array_equal(found["centre_down"][:, :-5], kept[:, 5:])
    assert np.array_equal(found["centre_left"][:, :, 5:], kept[:, :, :-5])
    assert np.array_equal(found["centre_right"][:, :, :-5], kept[:, :, 5:])


def test_frames_go_round_the_cycle_both_phases_together(tmp_path: Path) -> None:
    found = made(tmp_path)
    whole = [crop(subject(tmp_path).pages(tiny.arm(), later=later), centre=(30.0, 33.0), side=32) for later in (-1, 1)]
    assert np.array_equal(found["frame_before"], whole[0])
    assert np.array_equal(found["frame_after"], whole[1])
    last = read_pages(tmp_path / "canvas.tif", [FRAMES - 1, 4])
    assert np.array_equal(found["frame_before"], crop(last, centre=(30.0, 33.0), side=32))


@pytest.mark.parametrize(("diastole", "systole"), [(0, 3), (11, 2), (5, 0)])
def test_a_frame_is_put_off_by_less_than_half_the_way_to_the_other_phase(
    tmp_path: Path, diastole: int, systole: int
) -> None:
    assert "frame_after" in made(tmp_path, diastole=diastole, systole=systole)


@pytest.mark.parametrize(("diastole", "systole"), [(0, 2), (11, 1), (0, 11)])
def test_phases_so_near_that_a_frame_would_be_another_phase_are_left(
    tmp_path: Path, diastole: int, systole: int
) -> None:
    assert not {"frame_before", "frame_after"} & set(made(tmp_path, diastole=diastole, systole=systole))


def test_the_window_as_it_is_makes_the_same_canvas(tmp_path: Path) -> None:
    own = subject(tmp_path)
    again = own.rewindowed(tiny.arm(), recipe=HEART, shares=[0.0])[0]
    assert np.array_equal(again, own.pages(tiny.arm()))


def test_a_window_is_widened_about_its_middle() -> None:
    wider = widened(REGION, share=0.1)
    assert (wider.window_low, wider.window_high) == pytest.approx((60.0, 940.0))
    assert wider.centre_row_mm == REGION.centre_row_mm


@pytest.mark.parametrize(("name", "share"), [("window_narrower", -0.1), ("window_wider", 0.1)])
def test_gray_values_spread_about_the_middle_also_beyond_the_old_window(
    tmp_path: Path, name: str, share: float
) -> None:
    found = made(tmp_path)
    old, new = found["as_is"].astype(float), found[name].astype(float)
    inside = (old > 0) & (old < 255) & (new > 0) & (new < 255)
    expected = 127.5 + (old - 127.5) / (1 + share)
    assert np.abs(new - expected)[inside].max() <= 1.1
    # what a wider window shows was black or white before, so it cannot come from the 8-bit canvas
    clipped = np.isin(old, (0, 255))
    assert (len(set(new[clipped])) > 2) == (share > 0)


def picture(side: int = 65) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 255, (2, side, side)).astype(np.uint8)


@pytest.mark.parametrize("side", [31, 32])
def test_turned_by_nothing_is_the_crop(side: int) -> None:
    pages = picture()
    found = turned(pages, centre=(30.2, 33.8), side=side, degrees=0)
    assert np.array_equal(found, crop(pages, centre=(30.2, 33.8), side=side))


@pytest.mark.parametrize("side", [31, 32])
def test_turned_to_the_left_is_against_the_clock(side: int) -> None:
    pages = picture()
    found = turned(pages, centre=(30.0, 33.0), side=side, degrees=90)
    kept = crop(pages, centre=(30.0, 33.0), side=side)
    assert np.array_equal(found, np.rot90(kept, axes=(1, 2)))


def test_the_whole_canvas_turns_about_its_middle() -> None:
    pages = picture()
    assert np.array_equal(turned(pages, centre=(3.0, 50.0), side=None, degrees=180), pages[:, ::-1, ::-1])


def test_a_turned_crop_takes_its_corners_from_the_canvas() -> None:
    pages = np.full((1, 65, 65), 200, np.uint8)
    assert (turned(pages, centre=(32.0, 32.0), side=32, degrees=15) == 200).all()


def test_beyond_the_canvas_it_is_black() -> None:
    pages = np.full((1, 33, 33), 200, np.uint8)
    found = turned(pages, centre=(16.0, 16.0), side=None, degrees=45)
    assert found[0, 0, 0] == 0
    assert found[0, 16, 16] == 200
