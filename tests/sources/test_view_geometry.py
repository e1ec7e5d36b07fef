from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.sources.heart_frame import PlaneFacts, typical
from cinemyo.sources.view_geometry import ASIDE_MM, views_from_geometry
from tests.sources.planes import LINES, flipped, long_axis, moved, phantom_planes, stack, turn

PATIENTS = 60
EXAMPLES = settings(max_examples=40, deadline=None, derandomize=True)
TYPICAL_VIEWS = {
    "short_axis": (0.66, -0.58, -0.48),
    "vertical": (0.64, 0.77, -0.05),
    "four_chamber": (0.40, -0.27, 0.88),
}


def views(planes: Sequence[PlaneFacts]) -> list[str]:
    return [sight.view for sight in views_from_geometry(planes)]


def share_right(*, degrees: float, slices: int) -> float:
    """Of the phantoms' planes, each heart turned about a random axis."""
    generator, right = np.random.default_rng(0), []
    for number in range(PATIENTS):
        drawn, by = phantom_planes(number), turn(generator, degrees)
        planes = [plane for plane, _ in drawn] + stack(slices)
        found = views([moved(plane, by) for plane in planes])
        right += [view == meant for view, (_, meant) in zip(found, drawn, strict=False)]
    return float(np.mean(right))


def nearest_typical(plane: PlaneFacts) -> str:
    """The view whose typical normal is nearest: what a table of normals without the patient's own axis would say."""
    cosines = {view: abs(float(plane.normal @ np.array(normal))) for view, normal in TYPICAL_VIEWS.items()}
    view = max(cosines, key=cosines.__getitem__)
    side = "vla_right" if plane.right @ np.array(TYPICAL_VIEWS["short_axis"]) > 0 else "vla_left"
    return side if view == "vertical" else view


@pytest.mark.parametrize("slices", [0, 9])
def test_every_phantom_plane_is_named(slices: int) -> None:
    assert share_right(degrees=0, slices=slices) == 1.0


@pytest.mark.parametrize(("degrees", "least"), [(10, 1.0), (20, 0.99), (25, 0.98)])
@pytest.mark.parametrize("slices", [0, 9])
def test_turned_hearts_are_still_named(degrees: float, least: float, slices: int) -> None:
    assert share_right(degrees=degrees, slices=slices) >= least


@pytest.mark.parametrize("degrees", [0, 30, 40])
def test_the_patients_own_axis_beats_typical_normals(degrees: float) -> None:
    generator, own, plain = np.random.default_rng(1), [], []
    for _ in range(60):
        by, offs = turn(generator, degrees), generator.normal(0, 6, 3)
        meant = list(LINES)
        planes = [long_axis(view, off=off) for view, off in zip(meant, offs, strict=True)] + stack()
        planes = [moved(plane, by) for plane in planes]
        own += [view == wanted for view, wanted in zip(views(planes), meant, strict=False)]
        plain += [nearest_typical(plane) == wanted for plane, wanted in zip(planes, meant, strict=False)]
    assert np.mean(own) > 0.88
    assert np.mean(own) > np.mean(plain) + 0.2


@pytest.mark.parametrize("view", LINES)
def test_a_lone_long_axis_plane_is_named(view: str) -> None:
    assert views([long_axis(view)]) == [view]


def test_three_chamber_view_is_none_of_the_four() -> None:
    planes = [*(long_axis(view) for view in LINES), *stack()]
    assert views(planes)[:3] == ["vla_right", "four_chamber", "other"]


def test_mirrored_image_of_a_vertical_long_axis_has_the_apex_on_the_other_side() -> None:
    plane = long_axis("vla_right")
    assert views([plane, flipped(plane)]) == ["vla_right", "vla_left"]


@EXAMPLES
@given(number=st.integers(0, 200), seed=st.integers(0, 1000))
def test_flipped_rows_and_columns_change_the_side_of_the_apex_alone(number: int, seed: int) -> None:
    drawn, generator = phantom_planes(number), np.random.default_rng(seed)
    signs = [generator.choice([-1.0, 1.0], 2) for _ in drawn]
    turned = [PlaneFacts(a * p.right, b * p.down, p.centre) for (p, _), (a, b) in zip(drawn, signs, strict=True)]
    other = {"vla_left": "vla_right", "vla_right": "vla_left"}
    expected = [other.get(view, view) if sign[0] < 0 else view for (_, view), sign in zip(drawn, signs, strict=True)]
    assert views(turned) == expected


@EXAMPLES
@given(number=st.integers(0, 200), seed=st.integers(0, 1000))
def test_order_of_planes_is_of_no_account(number: int, seed: int) -> None:
    planes = [plane for plane, _ in phantom_planes(number)] + stack(6)
    order = np.random.default_rng(seed).permutation(len(planes))
    assert views([planes[index] for index in order]) == [views(planes)[index] for index in order]


@pytest.mark.parametrize("straight", [(0, 1), (0, 2), (1, 2)])
def test_planes_along_the_scanner_are_no_view_of_the_heart(straight: tuple[int, int]) -> None:
    right, down = (np.eye(3)[axis] for axis in straight)
    planes = [PlaneFacts(right, down, 10.0 * index * np.cross(right, down)) for index in range(12)]
    assert set(views(planes)) == {"other"}


def test_plane_between_short_and_long_axis_is_none_of_the_four() -> None:
    anterior, lateral, apex = typical()
    normal = (apex + anterior) / np.sqrt(2)
    plane = PlaneFacts(lateral, np.cross(normal, lateral), np.zeros(3))
    assert views([plane, *stack()])[0] == "other"


def test_vertical_plane_through_the_right_ventricle_is_none_of_the_four() -> None:
    planes = [long_axis("vla_right"), long_axis("vla_right", aside_mm=ASIDE_MM + 10), *stack()]
    assert views(planes)[:2] == ["vla_right", "other"]


def test_heart_on_the_right_is_read_by_its_stack() -> None:
    mirrored = np.diag([-1.0, 1.0, 1.0])
    planes = [moved(plane, mirrored) for plane in (*(long_axis(view) for view in LINES), *stack())]
    assert views(planes) == ["vla_right", "four_chamber", "other", *["short_axis"] * 9]


def test_stack_of_four_chamber_slices_is_no_short_axis() -> None:
    plane = long_axis("four_chamber")
    planes = [PlaneFacts(plane.right, plane.down, plane.centre + 8 * index * plane.normal) for index in range(-3, 4)]
    assert set(views(planes)) == {"four_chamber"}


def test_margin_falls_as_the_plane_leaves_the_long_axis() -> None:
    plane, apex = long_axis("four_chamber"), typical()[2]
    sights = []
    for degrees in (0, 8, 16):
        right = np.cos(np.radians(degrees)) * apex + np.sin(np.radians(degrees)) * plane.normal
        sights.append(views_from_geometry([PlaneFacts(right, plane.down, plane.centre), *stack()])[0])
    assert [sight.view for sight in sights] == ["four_chamber"] * 3
    assert sights[0].margin_degrees > sights[1].margin_degrees > sights[2].margin_degrees > 0


def test_apex_straight_up_leaves_no_margin_between_left_and_right() -> None:
    plane = long_axis("vla_right")
    upright = PlaneFacts(plane.down, plane.right, plane.centre)
    assert views_from_geometry([upright])[0].margin_degrees == pytest.approx(0, abs=1e-6)


def test_no_plane_no_view() -> None:
    assert views_from_geometry([]) == []
