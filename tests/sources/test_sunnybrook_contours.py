"""Contours of the Sunnybrook data."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.sources.base import SourceFile
from cinemyo.sources.nifti import UnusableError
from cinemyo.sources.sunnybrook_contours import (
    Contour,
    Phases,
    case_name,
    case_of,
    contour_of,
    enclosed,
    phases_of,
    polygon,
)

FILE = SourceFile("0" * 32, "0" * 64, 1)


def contour(image: int, kind: str) -> Contour:
    return Contour(Path("x"), FILE, "SC-N-1", image, kind)


@pytest.mark.parametrize("name", ["SC-HF-I-1", "SC-HF-I-01", "sc-hf-i-001", " SC-HF-I-1 "])
def test_a_case_has_one_spelling(name: str) -> None:
    assert case_name(name) == "SC-HF-I-1"


def test_zeros_within_a_number_are_kept() -> None:
    assert case_name("SC-N-040") == "SC-N-40"


def test_the_nearest_folder_named_as_a_case_is_the_case() -> None:
    assert case_of(Path("SC-N-1/SC-HYP-03/contours-manual/x.txt")) == "SC-HYP-3"


@pytest.mark.parametrize(
    ("name", "kind", "image"),
    [
        ("IM-0001-0048-icontour-manual.txt", "i", 48),
        ("IM-0003-0120-ocontour-manual.txt", "o", 120),
        ("IM-0001-0048-p1contour-manual.txt", "p", 48),
        ("IM-0001-0048-icontour-auto.txt", "auto", 48),
    ],
)
def test_kind_and_image_are_in_the_name(name: str, kind: str, image: int) -> None:
    made = contour_of(Path("SC-N-1") / name, file=FILE)
    assert made is not None
    assert (made.kind, made.image) == (kind, image)


@pytest.mark.parametrize("path", ["SC-N-1/readme.txt", "elsewhere/IM-0001-0048-icontour-manual.txt"])
def test_other_files_are_no_contours(path: str) -> None:
    assert contour_of(Path(path), file=FILE) is None


def test_the_phase_with_an_epicardium_is_diastole() -> None:
    drawn = [contour(1, "i"), contour(4, "i"), contour(4, "o")]
    assert phases_of(drawn, {image: image - 1 for image in range(1, 11)}) == Phases(diastole=3, systole=0)


def test_a_stray_contour_in_a_third_phase_decides_nothing() -> None:
    drawn = [
        *(contour(10 * n + 1, kind) for n in range(3) for kind in "io"),
        *(contour(10 * n + 5, "i") for n in range(3)),
    ]
    ranks = {10 * n + k: k - 1 for n in range(3) for k in range(1, 11)}
    assert phases_of([*drawn, contour(8, "i")], ranks) == Phases(diastole=0, systole=4)


@pytest.mark.parametrize("kinds", [("i",), ("i", "i"), ("io", "io"), ("o", "o")])
def test_contours_that_tell_no_two_phases_apart_tell_none(kinds: tuple[str, ...]) -> None:
    drawn = [contour(image, kind) for image, letters in enumerate(kinds, start=1) for kind in letters]
    assert phases_of(drawn, {1: 0, 2: 1}) is None


def test_a_square_encloses_as_many_centres_as_its_area() -> None:
    square = np.array([(2, 3), (7, 3), (7, 9), (2, 9)], dtype=float)
    inside = enclosed(square, rows=12, columns=10)
    rows, columns = np.nonzero(inside)
    assert (inside.sum(), rows.min(), rows.max(), columns.min(), columns.max()) == (30, 3, 8, 2, 6)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.floats(5, 12), st.floats(14, 18), st.floats(14, 18), st.integers(12, 60))
def test_a_disc_encloses_its_area(radius: float, x: float, y: float, points: int) -> None:
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    disc = np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)])
    area = 0.5 * points * radius**2 * np.sin(2 * np.pi / points)
    # a pixel is taken or left whole: along the outline, half of its length at most
    assert abs(enclosed(disc, rows=32, columns=32).sum() - area) < np.pi * radius + 1


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 19), st.floats(0, 14)), min_size=3, max_size=12))
def test_the_direction_and_the_first_point_decide_nothing(points: list[tuple[float, float]]) -> None:
    made = []
    for order in (points, points[::-1], points[1:] + points[:1]):
        try:
            made.append(enclosed(np.array(order), rows=15, columns=20).tobytes())
        except UnusableError:
            made.append(b"none")
    assert made[0] == made[1] == made[2]


def test_a_contour_outside_the_image_is_refused() -> None:
    with pytest.raises(UnusableError, match="leaves the image"):
        enclosed(np.array([(0, 0), (30, 0), (30, 9)], dtype=float), rows=10, columns=10)


def test_a_file_far_too_large_for_a_contour_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"1 2\n" * 300_000)
    with pytest.raises(UnusableError, match="far too large"):
        polygon(path)
