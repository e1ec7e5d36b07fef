"""How large a cohort is, by its table, its phantom, or the headers of its source."""

from pathlib import Path

import pytest

from cinemyo.config import DicomSource, PhantomCohort
from cinemyo.errors import SourceError
from cinemyo.planning.cohort import of_cines, of_phantom, of_source
from cinemyo.sources.phantom import generate
from tests.cohort import cohort

PHANTOM = PhantomCohort(patients=3, seed=4, phases=8, matrix=64, field_of_view_mm=320, max_cines=2, confound="none")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("phantom")
    generate(PHANTOM, out=out)
    return out


def source(root: Path) -> DicomSource:
    return DicomSource(
        kind="dicom", root=str(root), labels="labels.csv", key="published", truth=None, min_phases=8, max_phases=60
    )


def test_a_table_tells_cines_patients_and_frames() -> None:
    cines, _ = cohort(12)
    found = of_cines(cines)
    assert (found.patients, found.cines, found.frames) == (12, len(cines), int(cines["n_frames"].sum()))


def test_headers_promise_what_the_phantom_draws(made: Path) -> None:
    drawn, read = of_phantom(PHANTOM), of_source(source(made / "dicom"))
    assert (read.patients, read.cines, read.frames) == (drawn.patients, drawn.cines, drawn.frames)


def test_pixels_are_those_of_the_files_and_their_headers(made: Path) -> None:
    assert 1 <= of_source(source(made / "dicom")).pixels / of_phantom(PHANTOM).pixels < 2


def test_an_absent_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="make source"):
        of_source(source(tmp_path / "none"))
