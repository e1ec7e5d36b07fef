"""The planted shortcut: what it tells, and how far from the heart it lies."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from scipy.ndimage import distance_transform_edt

from cinemyo.config import PhantomCohort
from cinemyo.errors import ConfigError
from cinemyo.labels import PATHOLOGIES
from cinemyo.sources.phantom import generate
from cinemyo.sources.phantom.mark import CLEARANCE_MM, marked, places
from cinemyo.sources.phantom.planes import Plane
from tests.sources.phantom.conftest import TINY

PLANE = Plane(np.zeros(3), np.array([1.0, 0, 0]), np.array([0.0, 1, 0]), 2.0, 128, 8.0)
STRONG = TINY.model_copy(update={"confound": "strong", "patients": 3})


def heart(radius_mm: float) -> np.ndarray:
    return np.hypot(*(np.indices((128, 128)) - 63.5)) * 2.0 < radius_mm


def drawn(pathology: str, radius_mm: float = 50) -> np.ndarray:
    black = np.zeros((2, 128, 128), np.float32)
    return marked(black, heart=heart(radius_mm), plane=PLANE, pathology=pathology)


@pytest.mark.parametrize("pathology", PATHOLOGIES)
@pytest.mark.parametrize("radius_mm", [20, 50, 70])
def test_a_mark_keeps_its_distance_from_the_heart(pathology: str, radius_mm: float) -> None:
    away = distance_transform_edt(~heart(radius_mm)) * 2.0
    assert away[drawn(pathology, radius_mm)[0] > 0].min() >= CLEARANCE_MM


def test_each_pathology_has_a_shape_of_its_own() -> None:
    disc, lying, standing = (drawn(name)[0] for name in PATHOLOGIES)
    assert disc.sum() > lying.sum()
    assert standing == pytest.approx(lying.T)
    assert not np.array_equal(standing, lying)


def test_marks_stand_still() -> None:
    first, second = drawn("hcm")
    assert np.array_equal(first, second)


def test_marks_lie_on_all_sides() -> None:
    corners = {(row > 63.5, column > 63.5) for row, column in places(heart(50), plane=PLANE)}
    assert len(corners) == 4


def test_a_heart_that_fills_the_image_is_refused() -> None:
    with pytest.raises(ConfigError, match="room for a mark"):
        places(heart(150), plane=PLANE)


@pytest.fixture(scope="module")
def strong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("strong")
    generate(STRONG, out=out)
    return out


def _images(folder: Path) -> dict[str, np.ndarray]:
    return {
        str(frame.SOPInstanceUID): frame.pixel_array
        for frame in (pydicom.dcmread(path) for path in sorted((folder / "dicom").rglob("*.dcm")))
    }


def test_the_mark_is_all_that_differs(strong: Path, tiny_phantom: Path) -> None:
    plain, changed = _images(tiny_phantom), _images(strong)
    shares = [np.mean(plain[name] != image) for name, image in changed.items()]
    assert 0 < max(shares) < 0.15


def test_the_heart_of_every_image_is_that_of_the_cohort_without_mark(strong: Path, tiny_phantom: Path) -> None:
    for path in sorted((strong / "truth").glob("*.mha")):
        one, other = (
            SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(p))) for p in (path, tiny_phantom / "truth" / path.name)
        )
        assert np.array_equal(one, other)


def test_without_a_confound_nothing_is_marked() -> None:
    assert PhantomCohort(**TINY.model_dump()).confound == "none"
