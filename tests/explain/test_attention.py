"""Measures of a heat map against areas known by construction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.explain.attention import NO_HEAT, Heart, centred, disc, hotness, measure

SIDE = 20


def square(low: int, high: int) -> np.ndarray:
    area = np.zeros((SIDE, SIDE), bool)
    area[low:high, low:high] = True
    return area


HEART = Heart(square(8, 12), square(5, 15), (9.5, 9.5), "mask")


def measured(heat: np.ndarray, *, cell_mm: float = 10.0):
    return measure(heat, heart=HEART, pixel_mm=2.0, cell_mm=cell_mm, too_coarse_mm=30)


def test_even_heat_has_the_share_of_the_area() -> None:
    assert measured(np.ones((SIDE, SIDE))).lv_share == pytest.approx(16 / 400)


def test_even_heat_has_a_concentration_of_one() -> None:
    found = measured(np.ones((SIDE, SIDE)))
    assert (found.lv_concentration, found.heart_concentration) == pytest.approx((1, 1))


def test_heat_inside_the_ventricle_alone_has_a_share_of_one() -> None:
    assert measured(square(8, 12).astype(float)).lv_share == pytest.approx(1)


def test_heat_outside_the_heart_has_a_share_of_none() -> None:
    assert measured((~square(5, 15)).astype(float)).heart_share == 0


def test_heat_of_the_right_ventricle_counts_for_the_heart_alone() -> None:
    found = measured((square(5, 15) & ~square(8, 12)).astype(float))
    assert (found.lv_share, found.heart_share) == (0, pytest.approx(1))


def test_the_distance_is_in_mm() -> None:
    heat = np.zeros((SIDE, SIDE))
    heat[9, 14] = 1
    assert measured(heat).centroid_distance_mm == pytest.approx(2 * np.hypot(0.5, 4.5))


def test_no_heat_is_a_code_without_numbers() -> None:
    assert measured(np.zeros((SIDE, SIDE))) == NO_HEAT


def test_nan_is_no_heat() -> None:
    assert measured(np.full((SIDE, SIDE), np.nan)).code == "no_heat"


def test_a_coarse_map_is_measured_and_marked() -> None:
    found = measured(np.ones((SIDE, SIDE)), cell_mm=31)
    assert found.code == "too_coarse"
    assert found.lv_share is not None


def test_a_cell_at_the_limit_is_not_too_coarse() -> None:
    assert measured(np.ones((SIDE, SIDE)), cell_mm=30).code == "ok"


def test_a_heart_beyond_the_crop_has_no_concentration() -> None:
    away = disc(side=SIDE, centre=(100, 100), lv_radius_px=3, heart_radius_px=5)
    found = measure(np.ones((SIDE, SIDE)), heart=away, pixel_mm=2.0, cell_mm=10, too_coarse_mm=30)
    assert (found.lv_share, found.lv_concentration) == (0, None)


def test_a_disc_has_the_area_of_its_radius() -> None:
    found = disc(side=101, centre=(50, 50), lv_radius_px=20, heart_radius_px=30)
    assert found.left_ventricle.sum() == pytest.approx(np.pi * 400, rel=0.02)
    assert found.origin == "disc"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.001, 1000))
def test_the_unit_of_heat_does_not_matter(seed: int, factor: float) -> None:
    heat = np.random.default_rng(seed).random((SIDE, SIDE))
    one, other = measured(heat), measured(heat * factor)
    assert one.lv_share == pytest.approx(other.lv_share)
    assert one.centroid_distance_mm == pytest.approx(other.centroid_distance_mm)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_ventricle_never_holds_more_than_the_heart(seed: int) -> None:
    found = measured(np.random.default_rng(seed).random((SIDE, SIDE)))
    assert 0 <= found.lv_share <= found.heart_share <= 1


def test_the_peak_is_in_the_heart_or_not() -> None:
    inside, outside = np.ones((SIDE, SIDE)), np.ones((SIDE, SIDE))
    inside[6, 6], outside[1, 1] = 2, 2
    assert (measured(inside).peak_in_heart, measured(outside).peak_in_heart) == (True, False)


def hottest(*heat: np.ndarray, cell_mm: float = 0.0) -> float | None:
    return hotness(np.stack(heat), hearts=(HEART,) * len(heat), pixel_mm=2.0, cell_mm=cell_mm)


def test_a_peak_in_the_heart_is_all_of_the_heat() -> None:
    assert hottest(square(8, 12).astype(float)) == 1


def test_a_peak_elsewhere_is_what_the_heart_is_measured_by() -> None:
    heat = square(8, 12) * 3.0
    heat[0, 0] = 4
    assert hottest(heat) == pytest.approx(0.75)


def test_phases_share_one_scale() -> None:
    cold, hot = square(8, 12) * 1.0, square(0, 2) * 4.0
    assert hottest(cold, hot) == pytest.approx(0.25)


def test_a_peak_within_half_a_cell_counts_as_the_hearts() -> None:
    heat = np.zeros((SIDE, SIDE))
    heat[9, 16] = 1
    # two pixels of 2 mm beyond the edge
    assert (hottest(heat, cell_mm=8.0), hottest(heat, cell_mm=6.0)) == (1, 0)


def test_without_heat_in_any_phase_there_is_no_hotness() -> None:
    assert hottest(np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))) is None


def test_without_a_heart_in_the_crop_none_of_it_is_hot() -> None:
    away = disc(side=SIDE, centre=(100, 100), lv_radius_px=3, heart_radius_px=5)
    assert hotness(np.ones((1, SIDE, SIDE)), hearts=(away,), pixel_mm=2.0, cell_mm=10.0) == 0


def test_half_the_weight_of_the_gaussian_lies_within_the_disc_of_the_heart() -> None:
    heat = centred(401, pixel_mm=1.0, width_mm=47)
    heart = disc(side=401, centre=(200, 200), lv_radius_px=35, heart_radius_px=55)
    assert heat[heart.whole].sum() / heat.sum() == pytest.approx(0.5, abs=0.01)
