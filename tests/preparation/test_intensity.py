"""The gray window, on discs of known brightness."""

import numpy as np
import pytest

from cinemyo.preparation.intensity import disc, heart_window, tissue_thresholds
from tests.preparation.hearts import BLOOD, SPACING, away, heart
from tests.preparation.test_region import CONFIG

CENTRE = (118.0, 136.0)
FRAMES = heart(CENTRE, np.array([26.0, 16.0]))


def _window(frames: np.ndarray) -> tuple[float, float, float]:
    window = heart_window(frames, spacing=SPACING, centre=CENTRE, config=CONFIG)
    return window.low, window.high, window.confidence


def test_blood_becomes_white() -> None:
    low, high, confidence = _window(FRAMES)
    assert low <= 20
    assert high == pytest.approx(BLOOD, rel=0.02)
    assert confidence > 0.95


def test_fat_brighter_than_blood_does_not_widen_the_window_without_limit() -> None:
    fat = np.where(np.abs(away(CENTRE) - 55) < 6, 8 * BLOOD, FRAMES).astype(np.float32)
    _, high, confidence = _window(fat)
    assert high <= 1.6 * BLOOD
    assert confidence < 0.5


def test_the_window_is_of_all_phases() -> None:
    bright = FRAMES.copy()
    bright[1] *= 1.3
    assert _window(bright)[1] > 1.2 * BLOOD


@pytest.mark.parametrize("gain", [0.1, 30.0])
def test_the_window_scales_with_the_image(gain: float) -> None:
    np.testing.assert_allclose(_window(FRAMES * np.float32(gain))[:2], np.array(_window(FRAMES)[:2]) * gain, rtol=0.03)


def test_an_image_of_one_value_has_an_empty_window_without_confidence() -> None:
    assert _window(np.full((2, 120, 130), 7, np.float32)) == (7.0, 7.0, 0.0)


def test_a_dark_ventricle_falls_back_to_the_extremes() -> None:
    frames = np.where(away(CENTRE) < 22, 0.0, 100.0).astype(np.float32)[None]
    window = heart_window(frames, spacing=SPACING, centre=CENTRE, config=CONFIG)
    assert (window.method, window.confidence) == ("extremes", 0.0)


def test_three_tissues_are_parted_between_their_values() -> None:
    values = np.repeat([10.0, 60.0, 200.0], [500, 300, 200])
    thresholds = tissue_thresholds(values)
    assert thresholds is not None
    assert 10 < thresholds[0] <= 60 < thresholds[1] <= 200


def test_a_disc_has_its_area() -> None:
    assert disc((120, 130), spacing=SPACING, centre=CENTRE, radius_mm=40.0).sum() * 4 == pytest.approx(
        np.pi * 1600, rel=0.02
    )


def test_a_disc_smaller_than_a_pixel_holds_the_nearest_one() -> None:
    assert disc((5, 5), spacing=(2.0, 2.0), centre=(4.3, 0.2), radius_mm=0.1).sum() == 1
