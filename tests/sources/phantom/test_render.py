"""Images and masks."""

import numpy as np
import pytest

from cinemyo.sources.phantom.cohort import draw_patient
from cinemyo.sources.phantom.planes import Plane, Pose
from cinemyo.sources.phantom.render import Receiver, Scene, draw_signal, masks, received
from cinemyo.sources.phantom.surfaces import points_of, septal_radius
from cinemyo.sources.phantom.torso import Tissue, draw_torso

UPRIGHT = Pose(np.zeros(3), np.eye(3))
PATIENT = draw_patient(3, seed=5, max_cines=6)
HEART = PATIENT.heart
CURVE = np.array([0.0, 0.5, 1.0])
SCENE = Scene(
    HEART,
    UPRIGHT,
    draw_torso(np.random.default_rng(0), middle=np.array([0.0, 0, 40]), radius=septal_radius(HEART)),
    Tissue(muscle=0.36, right_blood=0.8),
    effusion=False,
)


def _short_axis(depth: float, pixel: float = 1.0) -> Plane:
    corner = np.array([-75.0, -60.0, depth])
    return Plane(corner, np.array([1.0, 0, 0]), np.array([0.0, 1, 0]), pixel, int(150 / pixel), 8.0)


def _long_axis() -> Plane:
    return Plane(np.array([-75.0, 0, -60]), np.array([1.0, 0, 0]), np.array([0.0, 0, 1]), 1.0, 180, 8.0)


def test_the_area_of_a_slice_is_the_one_in_closed_form() -> None:
    level = 0.4
    area = int((masks(SCENE, _short_axis(level * HEART.length, 0.5), emptied=CURVE[:1])[0] == 3).sum()) * 0.25
    assert area == pytest.approx(np.pi * HEART.radius**2 * float(HEART.profile(np.array(level))), rel=0.02)


def test_masks_of_a_stack_give_the_ejection_fraction() -> None:
    stack = [masks(SCENE, _short_axis(depth), emptied=CURVE[[0, 2]]) for depth in np.arange(0.5, 110, 2)]
    full, empty = (np.stack(stack) == 3).sum(axis=(0, 2, 3))
    assert 1 - empty / full == pytest.approx(HEART.ejection, abs=0.02)


def test_masks_of_a_stack_give_the_volume() -> None:
    stack = [masks(SCENE, _short_axis(depth), emptied=CURVE[:1]) for depth in np.arange(0.5, 110, 2)]
    assert (np.stack(stack) == 3).sum() * 2 / 1000 == pytest.approx(HEART.diastolic_ml, rel=0.03)


@pytest.mark.parametrize("plane", [_short_axis(35), _long_axis()])
def test_masks_hold_all_parts(plane: Plane) -> None:
    assert set(np.unique(masks(SCENE, plane, emptied=CURVE))) == {0, 1, 2, 3}


def test_blood_is_brighter_than_muscle_under_its_mask() -> None:
    plane = _short_axis(35)
    frames = draw_signal(SCENE, plane, emptied=CURVE, rng=np.random.default_rng(1))
    labels = masks(SCENE, plane, emptied=CURVE)
    assert np.median(frames[labels == 3]) > 2 * np.median(frames[labels == 2])


def test_the_image_follows_the_mask_through_the_beat() -> None:
    plane = _long_axis()
    frames = draw_signal(SCENE, plane, emptied=CURVE, rng=np.random.default_rng(1))
    labels = masks(SCENE, plane, emptied=CURVE)
    assert all(np.median(frame[mask == 3]) > 0.9 for frame, mask in zip(frames, labels, strict=True))


def test_nothing_but_heart_and_aorta_moves() -> None:
    frames = draw_signal(SCENE, _short_axis(35), emptied=CURVE, rng=np.random.default_rng(1))
    assert np.array_equal(frames[0][-12:, :12], frames[2][-12:, :12])


def test_in_a_plane_without_heart_the_aorta_alone_moves() -> None:
    frames = draw_signal(SCENE, _short_axis(400), emptied=CURVE, rng=np.random.default_rng(1))
    assert 0 < np.mean(np.ptp(frames, axis=0) > 0.01) < 0.01


def _received(receiver: Receiver) -> np.ndarray:
    signal = np.ones((3, 150, 150), np.float32)
    signal[1] = 0
    rng = np.random.default_rng(2)
    return received(signal, _short_axis(0).points(), pose=UPRIGHT, receiver=receiver, rng=rng)


def test_noise_is_rician() -> None:
    stored = _received(Receiver(noise=0.05, shading=0, sideways=0, blur=0, gain=1000))
    assert stored[1].mean() == pytest.approx(50 * np.sqrt(np.pi / 2), rel=0.02)


def test_the_coil_is_brighter_in_front() -> None:
    stored = _received(Receiver(noise=0.01, shading=0.5, sideways=0, blur=0, gain=1000))
    assert stored[0][:10].mean() > 1.3 * stored[0][-10:].mean()


def test_irregular_beats_mix_neighbouring_phases() -> None:
    stored = _received(Receiver(noise=0.01, shading=0, sideways=0, blur=0.3, gain=1000))
    assert stored[1].mean() == pytest.approx(300, rel=0.05)


def test_stored_values_fit_twelve_bits() -> None:
    assert _received(Receiver(noise=0.01, shading=0, sideways=0, blur=0, gain=9000)).max() == 4095


def test_points_know_their_angle() -> None:
    assert points_of(np.array([[[0.0, 5.0, 0.0]]])).angle[0, 0] == pytest.approx(np.pi / 2)
