"""Folds fitted elsewhere: the stage finds them finished, and what does not arrive is refused."""

import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from cinemyo.errors import ConfigError, TrainingError
from cinemyo.launching.choice import HERE
from cinemyo.launching.jobs import Outcome
from cinemyo.layout import Layout
from cinemyo.training import ahead
from cinemyo.training import fit as fitting
from cinemyo.training.ahead import Fold, fit_ahead, fit_fold
from cinemyo.training.arm import work_folder
from tests.launching.here import SLURM, Sent
from tests.training import study, tiny
from tests.training.test_arm import files, run

ARM = tiny.arm(fit={"epochs": 2})


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return study.write(tmp_path_factory.mktemp("study"))


def folds(layout: Layout) -> list[Fold]:
    return [Fold(ARM, "tiny", 4, layout, fold) for fold in range(3)]


def refused(*_: Any, **__: Any) -> None:
    raise AssertionError


def test_the_stage_trains_nothing_again_and_writes_the_same_bytes(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(layout, out=tmp_path / "here", arm=ARM)
    sent = Sent()
    monkeypatch.setattr(ahead, "each", sent.each)
    fit_ahead(folds(layout), launcher=SLURM)
    monkeypatch.setattr(fitting, "_train", refused)
    run(layout, out=tmp_path / "ahead", arm=ARM)
    assert files(tmp_path / "ahead") == files(tmp_path / "here")


def test_a_job_is_names_without_pixels(layout: Layout) -> None:
    assert max(len(pickle.dumps((fit_fold, fold))) for fold in folds(layout)) < 4000


def test_on_this_machine_nothing_is_done_ahead(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "each", refused)
    fit_ahead(folds(layout), launcher=HERE)
    assert not work_folder(layout).exists() or not list(work_folder(layout).glob("*"))


def test_a_fold_that_does_not_arrive_is_refused(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "prepare", lambda task: None)
    monkeypatch.setattr(ahead, "fit", lambda task: shutil.rmtree(task.folder, ignore_errors=True))
    monkeypatch.setattr(ahead, "each", Sent().each)
    with pytest.raises(ConfigError, match="got no such file here; put the project on storage that all nodes share"):
        fit_ahead(folds(layout), launcher=SLURM)


def test_a_fault_of_a_fold_is_that_of_the_stage(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = TrainingError("arm tiny, fold 0", expected="a", got="b", remedy="c")
    monkeypatch.setattr(ahead, "each", lambda work, jobs, **_: iter([Outcome(jobs[0], None, fault)]))
    with pytest.raises(TrainingError, match="fold 0"):
        fit_ahead(folds(layout), launcher=SLURM)
