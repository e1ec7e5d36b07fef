"""A search in MLflow: one parent, a run per settled trial, a pruned one marked as such, none twice."""

import sqlite3
from pathlib import Path

import pytest

from cinemyo.record.tuning.runs import keep, write_files
from cinemyo.tuning.search import Tuning
from cinemyo.tuning.study import Study
from cinemyo.tuning.trial import Outcome
from tests.training import study
from tests.tuning import tiny

FIGURES = {"accuracy": 0.5, "nll": 1.0, "brier": 0.5, "ece": 0.1, "gflops": 1.0}
CURVE = ((0.5, 0.4), (1.0, 0.5))


def filled(tuning: Tuning) -> Study:
    """A study with a trial of each kind of end, one of them interrupted."""
    path = tuning.folder / "study.db"
    Study(path, search=tuning.search, seed=1).ask()
    found = Study(path, search=tuning.search, seed=1)
    found.recover()
    outcomes = [
        Outcome("complete", 1.0, CURVE, FIGURES),  # type: ignore[arg-type]
        Outcome("pruned", 1.0, CURVE, {}),
        Outcome("failed", 0.0, (), {}, "the loss is no number"),
    ]
    for outcome in outcomes:
        found.tell(found.ask()[0], outcome, seconds=1.5)
    return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tuning, Study]:
    base = tmp_path_factory.mktemp("project")
    tuning = tiny.tuning(study.write(base, patients=15))
    found = filled(tuning)
    keep(tuning, study=found, trials=found.trials()[:2], status=None)
    for _ in range(2):
        keep(tuning, study=found, trials=found.trials(), status="FINISHED")
    return tuning, found


def rows(tuning: Tuning, query: str) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(tuning.layout.base / "mlruns" / "mlflow.db")
    return connection.execute(query).fetchall()


def test_each_settled_trial_is_one_run_under_the_search(kept: tuple[Tuning, Study]) -> None:
    found = rows(kept[0], "SELECT name, status FROM runs WHERE lifecycle_stage = 'active' ORDER BY name")
    assert found == [
        ("rate", "FINISHED"),
        ("rate trial 1", "FINISHED"),
        ("rate trial 2", "KILLED"),
        ("rate trial 3", "FAILED"),
    ]


def test_a_run_says_how_its_trial_ended(kept: tuple[Tuning, Study]) -> None:
    found = rows(kept[0], "SELECT t.value FROM tags t JOIN runs r USING (run_uuid) WHERE key = 'state' ORDER BY r.name")
    assert [value for (value,) in found] == ["complete", "pruned", "failed"]


def test_every_run_says_what_was_not_read(kept: tuple[Tuning, Study]) -> None:
    found = rows(kept[0], "SELECT key, value FROM tags WHERE key IN ('reserved_part', 'selected_on_parts')")
    assert set(found) == {("reserved_part", "0"), ("selected_on_parts", "1, 2")}


def test_plots_are_files_of_the_parent(kept: tuple[Tuning, Study]) -> None:
    ((run_id,),) = rows(kept[0], "SELECT run_uuid FROM runs WHERE name = 'rate'")
    folder = kept[0].layout.base / "mlruns" / "artifacts" / run_id / "artifacts"
    names = {path.name for path in folder.iterdir()}
    assert {"history.png", "importances.png", "front.png", "trials.csv"} <= names


def test_the_table_has_a_row_per_settled_trial(kept: tuple[Tuning, Study]) -> None:
    lines = (kept[0].folder / "trials.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["1", "complete"], ["2", "pruned"], ["3", "failed"]]


def test_a_search_of_one_objective_has_no_front(tmp_path: Path) -> None:
    tuning = tiny.tuning(study.write(tmp_path, patients=15), objectives=["accuracy"])
    write_files(tuning, study=filled(tuning))
    names = {path.name for path in tuning.folder.glob("*.png")}
    assert names == {"history.png", "importances.png"}
