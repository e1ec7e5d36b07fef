from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from cinemyo import tables
from cinemyo.config import PhantomCohort
from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.sources.heart_frame import PlaneFacts
from cinemyo.sources.phantom.export import generate
from cinemyo.sources.view_geometry import SHORT_AXIS_DEGREES
from tests.shared import SUNNYBROOK, needs
from tests.sources.dicom_files import write_cine
from tests.sources.planes import long_axis, stack
from tests.sources.reading import codes, read


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantoms")
    generate(
        PhantomCohort(patients=8, seed=5, phases=10, matrix=64, field_of_view_mm=320, max_cines=4, confound="none"),
        out=folder,
    )
    return folder


def write_plane(folder: Path, plane: PlaneFacts, *, series: int) -> None:
    """A cine in a plane."""

    def place(image: Dataset, phase: int) -> None:
        image.ImageOrientationPatient = [round(float(value), 6) for value in (*plane.right, *plane.down)]
        image.ImagePositionPatient = [round(float(value), 4) for value in plane.centre]

    write_cine(folder / str(series), series=series, z_mm=float(series), edit=place)


def test_view_of_every_phantom_is_that_of_its_plan(phantoms: Path) -> None:
    cines, _ = read(phantoms / "dicom")
    truth = tables.read(phantoms / "labels.csv", table=tables.SHEET)
    meant = {
        pseudonym("series", str(series), key=load_key("published")): view
        for series, view in zip(truth["series"], truth["view"], strict=True)
    }
    assert [cine.geometry_view for cine in cines] == [meant[cine.series_id] for cine in cines]
    assert len({cine.geometry_view for cine in cines}) == 4


def test_phantoms_are_sure_cines_and_their_localisers_scouts(phantoms: Path) -> None:
    cines, exclusions = read(phantoms / "dicom")
    assert min(cine.cine_score or 0 for cine in cines) > 0.99
    assert set(codes(exclusions)) == {"scout"}


def test_stack_of_the_exam_tells_the_axis_of_its_long_axis_planes(tmp_path: Path) -> None:
    planes = [long_axis("vla_right"), long_axis("four_chamber"), long_axis("other"), *stack(6)]
    for number, plane in enumerate(planes, start=1):
        write_plane(tmp_path, plane, series=number)
    cines, _ = read(tmp_path)
    assert Counter(cine.geometry_view for cine in cines) == {
        "short_axis": 6,
        "vla_right": 1,
        "four_chamber": 1,
        "other": 1,
    }


def test_margin_is_told_in_degrees(tmp_path: Path) -> None:
    write_plane(tmp_path, stack(1)[0], series=1)
    (cine,), _ = read(tmp_path)
    assert cine.geometry_margin_degrees == pytest.approx(SHORT_AXIS_DEGREES, abs=3)


def test_transverse_cine_is_no_view_of_the_heart(tmp_path: Path) -> None:
    write_cine(tmp_path)
    (cine,), _ = read(tmp_path)
    assert cine.geometry_view == "other"


def test_planes_of_another_exam_are_of_no_account(tmp_path: Path) -> None:
    write_plane(tmp_path, long_axis("four_chamber"), series=1)
    (alone,), _ = read(tmp_path)
    sideways = PlaneFacts(np.array([0.0, 1, 0]), np.array([0.0, 0, -1]), np.zeros(3))
    write_cine(tmp_path / "later", study=2, edit=lambda image, phase: _lay(image, sideways))
    cines, _ = read(tmp_path)
    assert [cine.geometry_margin_degrees for cine in cines if cine.exam_order == 1] == [alone.geometry_margin_degrees]


def _lay(image: Dataset, plane: PlaneFacts) -> None:
    image.ImageOrientationPatient = [float(value) for value in (*plane.right, *plane.down)]


@needs(SUNNYBROOK)
@pytest.mark.parametrize("series", ["SCD0000101", "SCD0000201"])
def test_nameless_sunnybrook_stacks_are_sure_cines_in_short_axis(series: str) -> None:
    cines, _ = read(SUNNYBROOK / series)
    assert {cine.geometry_view for cine in cines} == {"short_axis"}
    assert min(cine.cine_score or 0 for cine in cines) > 0.99
    assert "no_name" in (cines[0].cine_evidence or "").split()


@needs(SUNNYBROOK)
def test_sunnybrook_scouts_are_refused_as_scouts() -> None:
    cines, exclusions = read(SUNNYBROOK / "localizer_SCD0003501")
    assert cines == []
    assert codes(exclusions) == {"scout": 30}
