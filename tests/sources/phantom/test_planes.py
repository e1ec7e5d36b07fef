"""Where images are taken."""

import numpy as np
import pytest

from cinemyo.labels import VIEWS, View
from cinemyo.sources.phantom.cohort import Plan, draw_patient
from cinemyo.sources.phantom.planes import Plane, draw_plane, draw_pose, scout_planes

PATIENTS = [draw_patient(number, seed=3, max_cines=6) for number in range(25)]


def _plane(number: int, view: View) -> Plane:
    patient = PATIENTS[number]
    plan = Plan(0, view, 0.4, 0, typical=True)
    return draw_plane(patient, plan, pose=draw_pose(patient), matrix=160, field_of_view_mm=320)


@pytest.mark.parametrize("number", range(25))
def test_the_apex_is_on_the_right_where_the_view_says_so(number: int) -> None:
    assert _plane(number, "vla_right").right @ draw_pose(PATIENTS[number]).apex > 0.2


@pytest.mark.parametrize("number", range(25))
def test_the_apex_is_on_the_left_where_the_view_says_so(number: int) -> None:
    assert _plane(number, "vla_left").right @ draw_pose(PATIENTS[number]).apex < -0.2


@pytest.mark.parametrize("view", VIEWS)
def test_directions_are_orthonormal(view: View) -> None:
    plane = _plane(0, view)
    frame = np.stack([plane.right, plane.down, plane.normal])
    assert np.allclose(frame @ frame.T, np.eye(3), atol=1e-9)


def test_short_axes_are_square_to_the_long_axis() -> None:
    assert all(abs(_plane(n, "short_axis").normal @ draw_pose(PATIENTS[n]).apex) > 0.95 for n in range(25))


@pytest.mark.parametrize("view", ["vla_left", "vla_right", "four_chamber"])
def test_long_axes_hold_the_long_axis(view: View) -> None:
    assert all(abs(_plane(n, view).normal @ draw_pose(PATIENTS[n]).apex) < 0.35 for n in range(25))


@pytest.mark.parametrize("view", VIEWS)
def test_every_plane_meets_the_left_ventricle(view: View) -> None:
    for number, patient in enumerate(PATIENTS):
        plane, pose = _plane(number, view), draw_pose(patient)
        middle = pose.origin + 0.4 * patient.heart.length * pose.apex
        assert abs((middle - plane.position) @ plane.normal) < 12


def test_planes_of_a_patient_intersect_in_the_left_ventricle() -> None:
    for number, patient in enumerate(PATIENTS):
        planes = [_plane(number, view) for view in ("vla_right", "four_chamber", "short_axis")]
        normals = np.stack([plane.normal for plane in planes])
        meeting = np.linalg.solve(normals, [plane.normal @ plane.position for plane in planes])
        across, down, along = draw_pose(patient).local(meeting)
        assert np.hypot(across, down) < 14
        assert 0.2 < along / patient.heart.length < 0.6


def test_views_follow_the_simple_rule_of_their_normals() -> None:
    for number in range(25):
        assert np.argmax(np.abs(_plane(number, "four_chamber").normal)) == 2
        vertical, short = _plane(number, "vla_right").normal, _plane(number, "short_axis").normal
        assert vertical[0] * vertical[1] > 0 > short[0] * short[1]


def test_the_first_point_is_the_position() -> None:
    plane = _plane(0, "short_axis")
    assert np.allclose(plane.points()[0, 0], plane.position)


def test_columns_grow_to_the_right() -> None:
    plane = _plane(0, "four_chamber")
    points = plane.points()
    assert np.allclose(points[0, 1] - points[0, 0], plane.right * plane.pixel_mm)


def test_a_localiser_has_three_orthogonal_planes() -> None:
    planes = scout_planes(draw_pose(PATIENTS[0]), PATIENTS[0].heart, matrix=96, field_of_view_mm=320)
    normals = np.stack([plane.normal for plane in planes])
    assert np.allclose(np.abs(normals @ normals.T), np.eye(3))
