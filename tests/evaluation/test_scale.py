"""100,000 answers of 20,000 patients, scored and tabulated within a minute and 2 GB."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.large import CINES, PATIENTS, SKILLS

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """Figures of a process of its own, so that what other tests hold in memory is not counted."""
    command = [sys.executable, "-m", "tests.evaluation.large"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_answer_is_counted(measured: dict[str, Any]) -> None:
    assert measured["rows"] == [PATIENTS * CINES] * len(SKILLS)


def test_it_takes_less_than_a_minute(measured: dict[str, Any]) -> None:
    assert measured["seconds"] < 60


def test_it_takes_less_than_two_gigabytes(measured: dict[str, Any]) -> None:
    assert measured["gigabytes"] < 2
