"""Masks brought onto crops, and the discs that stand in for them."""

import numpy as np
import pytest

from cinemyo.config import Params, Recipe
from cinemyo.explain.hearts import Hearts, nearest, of_mask
from cinemyo.layout import Layout
from tests.tiny_study import SIDE, identifier

STUDY = tuple[Params, Layout]


def hearts_of(tiny: STUDY, **changes: object) -> Hearts:
    params, layout = tiny
    return Hearts(params, arm=params.arms["dual"].model_copy(update=changes), layout=layout)


def test_a_mask_lies_where_its_image_lies(tiny: STUDY) -> None:
    diastole, _ = hearts_of(tiny).of(identifier("c", 0))
    # a disc of 14 pixels of 2 mm, around the centre of the crop
    assert diastole.left_ventricle.sum() * 9 == pytest.approx(np.pi * 28**2, rel=0.06)
    assert diastole.centre == pytest.approx((15.5, 15.5), abs=0.6)


def test_each_phase_has_its_own_mask(tiny: STUDY) -> None:
    diastole, systole = hearts_of(tiny).of(identifier("c", 0))
    assert systole.left_ventricle.sum() < diastole.left_ventricle.sum()


def test_systole_alone_takes_the_second_mask(tiny: STUDY) -> None:
    both = hearts_of(tiny).of(identifier("c", 0))
    (alone,) = hearts_of(tiny, phases=("systole",)).of(identifier("c", 0))
    assert np.array_equal(alone.left_ventricle, both[1].left_ventricle)


def test_a_cine_without_a_mask_gets_discs(tiny: STUDY) -> None:
    assert [heart.origin for heart in hearts_of(tiny).of(identifier("c", 1))] == ["disc", "disc"]


def test_a_disc_has_the_configured_radius(tiny: STUDY) -> None:
    heart = hearts_of(tiny).of(identifier("c", 1))[0]
    assert heart.left_ventricle.sum() * 9 == pytest.approx(np.pi * 30**2, rel=0.06)


def test_the_centre_moves_with_the_crop(tiny: STUDY) -> None:
    assert hearts_of(tiny).placed(identifier("c", 1)).centre == (15.5, 15.5)


def test_the_whole_canvas_keeps_the_centre(tiny: STUDY) -> None:
    placed = hearts_of(tiny, crop_px=None).placed(identifier("c", 1))
    assert (placed.side, placed.centre) == (48, (23.5, 23.5))


def test_masks_on_the_whole_canvas_are_as_wide_as_it(tiny: STUDY) -> None:
    heart = hearts_of(tiny, crop_px=None).of(identifier("c", 0))[0]
    assert heart.left_ventricle.shape == (48, 48)
    assert SIDE < 48


def test_an_empty_mask_shows_no_heart() -> None:
    assert of_mask(np.zeros((4, 4), np.uint8)) is None


def test_a_mask_of_the_right_ventricle_alone_shows_no_left_one() -> None:
    assert of_mask(np.ones((4, 4), np.uint8)) is None


def test_the_centre_is_that_of_the_cavity() -> None:
    mask = np.zeros((9, 9), np.uint8)
    mask[2:8, 2:8] = 2
    mask[3, 3] = 3
    heart = of_mask(mask)
    assert heart is not None
    assert heart.centre == (3, 3)


def test_without_a_cavity_the_centre_is_that_of_the_myocardium() -> None:
    mask = np.zeros((9, 9), np.uint8)
    mask[2:5, 2:5] = 2
    heart = of_mask(mask)
    assert heart is not None
    assert heart.centre == (3, 3)


def test_native_pixels_are_placed_without_change() -> None:
    mask = np.arange(16, dtype=np.uint8).reshape(1, 4, 4) % 4
    recipe = Recipe(pixel_mm=None, canvas_px=6, window="full_range")
    assert np.array_equal(nearest(mask, spacing=(1.3, 1.3), recipe=recipe)[0, 1:5, 1:5], mask[0])


def test_labels_are_never_mixed() -> None:
    mask = np.random.default_rng(0).choice([0, 3], (2, 40, 40)).astype(np.uint8)
    found = nearest(mask, spacing=(1.1, 0.9), recipe=Recipe(pixel_mm=1.5, canvas_px=32, window="heart"))
    assert set(np.unique(found)) <= {0, 3}
