"""100,000 cines and 1,000,000 file records: each question is answered within 30 s and 2 GB."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.audit.large import PATIENTS, USED, N
from tests.evaluation.large import name

ROOT = Path(__file__).resolve().parents[2]
METRIC = "reports/metrics.json:arms.dual.accuracy_mean"
QUESTIONS = {
    "trace": ["trace", METRIC],
    "trace --cines": ["trace", METRIC, "--cines"],
    "impact": ["impact", name("p", 7)],
    "flow": ["flow"],
    "verify": ["verify"],
}

pytestmark = pytest.mark.slow


def run(*arguments: str) -> str:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=ROOT).stdout


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, dict[str, Any]]]:
    """What each question was answered, with status, seconds of the processor and gigabytes; the first of all apart."""
    base = tmp_path_factory.mktemp("large")
    run("tests.audit.large", str(base))
    run("tests.audit.asking", str(base), "access")
    found = {}
    for question, arguments in QUESTIONS.items():
        said, _, told = run("tests.audit.asking", str(base), *arguments).rstrip().rpartition("\n")
        found[question] = said, json.loads(told)
    return found


def test_every_file_of_a_number_is_counted(measured: dict[str, tuple[str, dict[str, Any]]]) -> None:
    said, _ = measured["trace"]
    assert f"{N} cines of {PATIENTS} patients, made of {N * USED} source files" in said


def test_every_file_of_a_patient_is_counted(measured: dict[str, tuple[str, dict[str, Any]]]) -> None:
    assert f"5 cines, made of {5 * USED} source files" in measured["impact"][0]


def test_the_flow_balances(measured: dict[str, tuple[str, dict[str, Any]]]) -> None:
    assert measured["flow"][0].endswith("Every step balances at every level.")


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_takes_less_than_half_a_minute(measured: dict[str, tuple[str, dict[str, Any]]], question: str) -> None:
    assert (measured[question][1]["status"], measured[question][1]["seconds"] < 30) == (0, True)


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_takes_less_than_two_gigabytes(measured: dict[str, tuple[str, dict[str, Any]]], question: str) -> None:
    assert measured[question][1]["gigabytes"] < 2
