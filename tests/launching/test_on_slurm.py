"""Slurm's way with processes of this machine, and controllers that do not answer."""

import os
from pathlib import Path

import pytest

from cinemyo.errors import ConfigError
from cinemyo.launching import on_slurm
from cinemyo.launching.jobs import each
from tests.launching import work
from tests.launching.here import SLURM

REAL = SLURM.model_copy(update={"cluster": "slurm"})


def commands(folder: Path, monkeypatch: pytest.MonkeyPatch, *, scontrol: str) -> None:
    """Puts an sbatch and such a scontrol on the path, alone."""
    for name, body in {"sbatch": "exit 1", "scontrol": scontrol}.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_a_machine_without_slurm_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="launcher slurm at this machine: expected a Slurm controller, got no sbatch"):
        list(each(work.double, [1], launcher=REAL))


def test_a_controller_that_is_down_is_told_with_its_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands(tmp_path, monkeypatch, scontrol="echo 'Slurmctld(primary) at head01 is DOWN'")
    with pytest.raises(ConfigError, match=r"got Slurmctld\(primary\) at head01 is DOWN; run it on a node from which"):
        list(each(work.double, [1], launcher=REAL))


def test_a_controller_that_does_not_answer_is_told_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands(tmp_path, monkeypatch, scontrol="exec sleep 60")
    monkeypatch.setattr(on_slurm, "_ANSWERED_S", 0.5)
    with pytest.raises(ConfigError, match=r"got no answer in 0\.5 s"):
        list(each(work.double, [1], launcher=REAL))


def test_a_controller_that_is_up_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands(tmp_path, monkeypatch, scontrol="echo 'Slurmctld(primary) at head01 is UP'")
    on_slurm._check()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that jobs run in; they import these tests."""
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'cinemyo[slurm]'")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_jobs_have_outcomes_and_leave_no_pickle(project: Path) -> None:
    found = {item.job: item for item in each(work.mixed, range(4), launcher=SLURM)}
    assert [found[0].value, found[1].value] == [0, None]
    assert [type(found[job].error).__name__ for job in (1, 2, 3)] == ["TrainingError", "SetupError", "SetupError"]
    assert [path for path in project.rglob("*") if path.is_file()] == []


@pytest.mark.slow
def test_a_job_whose_node_is_lost_is_submitted_again(project: Path) -> None:
    (outcome,) = each(work.parent_dies_once, [project], launcher=SLURM)
    assert (outcome.value, outcome.error) == ("done", None)


def test_a_job_put_into_the_queue_again_is_the_same_job() -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'cinemyo[slurm]'")
    queued = on_slurm.Requeued(on_slurm.Errand(work.double, Path("/")))
    again = queued.checkpoint(21)
    assert (again.function, again.args) == (queued, (21,))
