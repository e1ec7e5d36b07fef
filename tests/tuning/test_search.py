"""A search on the tiny study: counted, resumed, and blind to what it must not see."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cinemyo import tables
from cinemyo.errors import ConfigError, SetupError
from cinemyo.labels import PATHOLOGIES
from cinemyo.layout import Layout
from cinemyo.sweeping.lock import alone
from cinemyo.training.arm import work_folder
from cinemyo.tuning.search import Tuning, as_run, best, run_search
from cinemyo.tuning.study import Study
from tests.training import study
from tests.tuning import tiny

FEW = {"pruning": {"peers": 1, "warm_up": 0.0}}


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return study.write(tmp_path_factory.mktemp("study"), patients=15)


@pytest.fixture(scope="module")
def done(layout: Layout) -> tuple[Tuning, Study]:
    tuning = tiny.tuning(layout, **FEW)
    return tuning, run_search(tuning)


def results(found: Study) -> list[tuple[Any, ...]]:
    return [(told.state, dict(told.point), told.curve, dict(told.figures)) for told in found.settled()]


def test_a_search_ends_with_as_many_trials_as_it_wants(done: tuple[Tuning, Study]) -> None:
    assert len(done[1].settled()) == 3


def test_a_finished_search_fits_nothing_more(done: tuple[Tuning, Study], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cinemyo.tuning.search.run_trial", lambda _: pytest.fail("fitted again"))
    assert results(run_search(done[0])) == results(done[1])


def test_more_trials_go_on_in_the_same_study(done: tuple[Tuning, Study], layout: Layout) -> None:
    more = tiny.tuning(layout, **FEW, trials=4)
    assert more.folder == done[0].folder
    assert results(run_search(more))[:3] == results(done[1])[:3]


def test_another_space_is_another_study(done: tuple[Tuning, Study], layout: Layout) -> None:
    space = {"fit.learning_rate": tiny.SEARCH["space"]["fit.learning_rate"]}
    assert tiny.tuning(layout, **FEW, space=space).folder != done[0].folder


def test_a_search_is_found_again_after_the_code_has_changed(done: tuple[Tuning, Study]) -> None:
    moved = replace(done[0], folder=done[0].folder.with_name("rate-000000000000"))
    assert as_run(moved).folder == done[0].folder


def test_a_search_from_another_arm_is_another_search(done: tuple[Tuning, Study], layout: Layout) -> None:
    with pytest.raises(ConfigError, match="a search rate that has run"):
        as_run(tiny.tuning(layout, **FEW, base=tiny.arm(crop_px=40)))


def test_no_work_is_left_behind(done: tuple[Tuning, Study], layout: Layout) -> None:
    assert not list(work_folder(layout).glob("*"))


def test_the_best_trial_is_the_most_accurate(done: tuple[Tuning, Study]) -> None:
    complete = [told.figures["accuracy"] for told in done[1].settled() if told.state == "complete"]
    found = best(done[1])
    assert found is not None
    assert found.figures["accuracy"] == max(complete)


def test_a_point_that_comes_twice_is_fitted_once(tmp_path: Path) -> None:
    layout = study.write(tmp_path, patients=15)
    space = {"head.pool": {"kind": "categorical", "choices": ["average", "flatten"]}}
    tuning = tiny.tuning(layout, space=space, sampler="random", pruning=None, trials=4)
    seconds = [told.seconds for told in run_search(tuning).settled()]
    assert sum(value > 0 for value in seconds) <= 2


def test_a_search_that_another_process_runs_is_refused(layout: Layout) -> None:
    tuning = tiny.tuning(layout, name="held")
    with alone(tuning.folder / "lock"), pytest.raises(SetupError, match="lock"):
        run_search(tuning)


def test_what_is_kept_away_changes_nothing_of_the_study(done: tuple[Tuning, Study], tmp_path: Path) -> None:
    other = study.write(tmp_path, patients=15)
    folds = tables.read(other.folds, table=tables.FOLDS)
    own = folds[folds["scheme"] == "honest"]
    away = set(own["cine_id"][own["part"].isin(["holdout", "0"])])
    labels = tables.read(other.labels, table=tables.LABELS)
    turned = {one: PATHOLOGIES[(index + 1) % 3] for index, one in enumerate(PATHOLOGIES)}
    rows = labels["cine_id"].isin(away)
    assert rows.any()
    labels.loc[rows, "pathology"] = labels.loc[rows, "pathology"].map(turned)
    tables.write(labels, table=tables.LABELS, path=other.labels)
    for cine in away & set(study.cine_ids(other)):
        path = other.prepared("coarse") / f"{cine}.tif"
        path.write_bytes(path.read_bytes()[::-1])
    tuning = tiny.tuning(other, **FEW)
    assert tuning.folder.name == done[0].folder.name
    assert results(run_search(tuning))[:3] == results(done[1])[:3]


def test_an_interruption_between_trial_and_answer_repeats_no_epoch(
    done: tuple[Tuning, Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuning = tiny.tuning(study.write(tmp_path, patients=15), **FEW)
    monkeypatch.setattr(Study, "tell", _dying(Study.tell))
    with pytest.raises(ConnectionAbortedError):
        run_search(tuning)
    monkeypatch.undo()
    assert results(run_search(tuning))[:3] == results(done[1])[:3]
    states = sqlite3.connect(tuning.folder / "study.db").execute("SELECT state FROM trials ORDER BY number").fetchall()
    assert [state for (state,) in states].count("FAIL") == 1


def _dying(tell: Any) -> Any:
    """Tells the first trial and dies before the second answer."""

    def told(self: Study, number: int, outcome: Any, *, seconds: float) -> None:
        if number == 1:
            raise ConnectionAbortedError
        tell(self, number, outcome, seconds=seconds)

    return told
