"""Jobs of this machine: each in a process of its own, each with an outcome of its own."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from cinemyo import cores
from cinemyo.errors import SetupError, TrainingError
from cinemyo.launching.choice import HERE, Local
from cinemyo.launching.jobs import Outcome, each
from tests.launching import work

TWO = Local(kind="local", at_once=2)


@pytest.fixture(scope="module")
def outcomes() -> dict[int, Outcome[int, int]]:
    """Outcomes of four jobs: one is refused, one fails, one dies."""
    return {item.job: item for item in each(work.mixed, range(4), launcher=TWO, name=lambda job: f"job {job}")}


def test_a_job_gives_its_value(outcomes: dict[int, Outcome[int, int]]) -> None:
    assert (outcomes[0].value, outcomes[0].error) == (0, None)


def test_a_fault_of_ours_arrives_as_it_was(outcomes: dict[int, Outcome[int, int]]) -> None:
    assert isinstance(outcomes[1].error, TrainingError)
    assert str(outcomes[1].error) == "job 1: expected a, got b; c"


def test_another_exception_arrives_under_the_name_of_its_job(outcomes: dict[int, Outcome[int, int]]) -> None:
    assert isinstance(outcomes[2].error, SetupError)
    assert "job 2: expected a job that comes to its end, got KeyError: 'no such thing'" in str(outcomes[2].error)


def test_a_death_costs_its_own_job_alone(outcomes: dict[int, Outcome[int, int]]) -> None:
    assert "got a process that ended by SIGKILL" in str(outcomes[3].error)
    assert len(outcomes) == 4


def test_jobs_side_by_side_share_the_cores_and_launch_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cores.VARIABLE, "4")
    found = [item.value for item in each(work.place, range(2), launcher=TWO)]
    assert {value[1:] for value in found if value} == {(str(Path.cwd()), "local", "2")}
    assert len({value[0] for value in found if value} | {os.getpid()}) == 3


def test_no_job_gives_no_outcome() -> None:
    assert list(each(work.double, [], launcher=HERE)) == []


def test_whoever_stops_listening_ends_what_runs(tmp_path: Path) -> None:
    outcomes = each(work.begun_or_slow, [tmp_path / "slow", None], launcher=TWO)
    assert next(outcomes).value == "quick"
    outcomes.close()
    assert multiprocessing.active_children() == []


def test_a_job_dies_with_the_process_that_launched_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    launching = context.Process(target=work.launch_slow, args=(tmp_path,))
    launching.start()
    began = tmp_path / "began"
    while not (began.is_file() and began.read_text()):
        time.sleep(0.05)
    assert launching.pid is not None
    os.kill(launching.pid, signal.SIGKILL)
    launching.join()
    job = int(began.read_text())
    deadline = time.monotonic() + 30
    while _lives(job) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(job)


def _lives(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
