"""A tiny cohort, generated once for the tests of the phantom."""

from pathlib import Path

import pytest

from cinemyo.config import PhantomCohort
from cinemyo.sources.phantom import generate

TINY = PhantomCohort(patients=6, seed=4, phases=8, matrix=96, field_of_view_mm=320, max_cines=3)


@pytest.fixture(scope="session")
def tiny_phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("phantom")
    generate(TINY, out=out)
    return out
