"""The study of a search in its file: asked, told, interrupted, resumed, locked."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cinemyo.errors import SetupError
from cinemyo.tuning import study as door
from cinemyo.tuning.space import Search
from cinemyo.tuning.study import Study
from cinemyo.tuning.trial import Outcome
from tests.tuning import tiny

FIGURES = {"accuracy": 0.5, "nll": 1.0, "brier": 0.5, "ece": 0.1, "gflops": 1.0}


def search(**changes: Any) -> Search:
    return Search.model_validate({**tiny.SEARCH, **changes})


def opened(folder: Path, **changes: Any) -> Study:
    return Study(folder / "study.db", search=search(**changes), seed=1)


def complete(study: Study, accuracy: float = 0.5) -> dict[str, Any]:
    number, point = study.ask()
    figures: Any = {**FIGURES, "accuracy": accuracy, "brier": 1 - point["fit.learning_rate"]}
    study.tell(number, Outcome("complete", 1.0, ((1.0, accuracy),), figures), seconds=1.0)
    return point


def test_what_was_told_is_read_again(tmp_path: Path) -> None:
    point = complete(opened(tmp_path), 0.7)
    (trial,) = opened(tmp_path).settled()
    assert (trial.state, trial.point, trial.figures["accuracy"], trial.curve) == ("complete", point, 0.7, ((1.0, 0.7),))


@pytest.mark.parametrize("objectives", [["accuracy"], ["accuracy", "gflops"]])
def test_a_pruned_trial_is_marked_so(tmp_path: Path, objectives: list[str]) -> None:
    study = opened(tmp_path, objectives=objectives)
    number, _ = study.ask()
    study.tell(number, Outcome("pruned", 1.0, ((0.5, 0.1), (1.0, 0.2)), {}), seconds=1.0)
    assert study.settled()[0].state == "pruned"
    rows = sqlite3.connect(tmp_path / "study.db").execute("SELECT state FROM trials").fetchall()
    assert rows == [("PRUNED",)]


def test_a_failed_trial_counts_and_says_why(tmp_path: Path) -> None:
    study = opened(tmp_path)
    number, point = study.ask()
    study.tell(number, Outcome("failed", 0.0, (), {}, "the loss is no number"), seconds=1.0)
    assert study.settled()[0].fault == "the loss is no number"
    assert study.ask()[1] != point


def test_the_point_of_an_interrupted_trial_comes_again(tmp_path: Path) -> None:
    first, point = opened(tmp_path).ask()
    study = opened(tmp_path)
    study.recover()
    second, again = study.ask()
    assert (again, first, second) == (point, 0, 1)
    assert [trial.state for trial in study.trials()] == ["interrupted"]
    assert study.settled() == []


def test_an_outcome_that_was_kept_is_told_after_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = opened(tmp_path)
    monkeypatch.setattr(study, "_settle", lambda *_: None)
    complete(study, 0.8)
    assert study.settled() == []
    resumed = opened(tmp_path)
    resumed.recover()
    assert [trial.figures["accuracy"] for trial in resumed.settled()] == [0.8]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_an_interrupted_search_asks_for_the_points_of_an_undisturbed_one(tmp_path: Path, sampler: str) -> None:
    calm = opened(tmp_path / "calm", sampler=sampler)
    wanted = [complete(calm, accuracy=index / 10) for index in range(7)]
    found = []
    for index in range(7):
        study = opened(tmp_path / "disturbed", sampler=sampler)
        study.recover()
        if index in (0, 3, 6):
            study.ask()
            study = opened(tmp_path / "disturbed", sampler=sampler)
            study.recover()
        found.append(complete(study, accuracy=index / 10))
    assert found == wanted


def test_the_front_holds_what_nothing_beats(tmp_path: Path) -> None:
    study = opened(tmp_path, objectives=["accuracy", "nll"])
    for accuracy in (0.5, 0.7, 0.6):
        complete(study, accuracy)
    assert study.front() == [1]


def test_importances_of_few_trials_are_not_told(tmp_path: Path) -> None:
    study = opened(tmp_path)
    complete(study)
    assert study.importances() == {}


def test_importances_add_up_to_one(tmp_path: Path) -> None:
    study = opened(tmp_path)
    for index in range(6):
        complete(study, index / 10)
    found = study.importances()
    assert set(found) == set(tiny.SEARCH["space"])
    assert sum(found.values()) == pytest.approx(1)


def test_a_file_that_another_process_writes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "WAIT_S", 0.1)
    study = opened(tmp_path)
    other = sqlite3.connect(tmp_path / "study.db")
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(SetupError, match=r"study.db: expected a study that can be written, got database is locked"):
            study.ask()
    finally:
        other.close()


def test_a_file_that_is_no_study_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(SetupError, match="file is not a database"):
        opened(tmp_path)
