"""The command that searches and promotes: composed, refused, killed and resumed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cinemyo.config import Selected
from cinemyo.errors import ConfigError
from cinemyo.provenance import sha256
from cinemyo.tuning.search import Tuning
from cinemyo.tuning.study import Study
from cinemyo.tuning.trial import Outcome
from pipelines import tune
from pipelines.grid import arm_of_file
from tests.pipelines.project import ROOT, link_code
from tests.training import study

SMALL = ["crop_px=32", "fit.epochs=1", "backbone.options.channels=[4,4,8,8]", "backbone.options.stem_width=4"]
FIGURES: dict[Any, float] = {"accuracy": 0.5, "nll": 1.0, "brier": 0.5, "ece": 0.1, "gflops": 1.0}


def project(base: Path) -> Path:
    """A folder with the code, a copy of `conf/`, and the tiny study under the name of the demo."""
    layout = study.write(base, patients=15)
    layout.data.rename(layout.data.with_name("demo"))
    subprocess.run(["cp", "-r", str(ROOT / "conf"), str(base / "conf")], check=True)
    link_code(base)
    return base


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("project"))


def planned(base: Path, *overrides: str) -> Tuning:
    return tune.planned(tune.composed([*SMALL, *overrides], conf=base / "conf"), base=base)


def searched(tuning: Tuning) -> None:
    """Leaves a study with one complete trial and one pruned, without fitting."""
    found = Study(tuning.folder / "study.db", search=tuning.search, seed=1)
    for outcome in (Outcome("complete", 1.0, ((1.0, 0.5),), FIGURES), Outcome("pruned", 1.0, ((0.5, 0.1),), {})):
        found.tell(found.ask()[0], outcome, seconds=1.0)
    tune.run_search(tuning)


@pytest.mark.parametrize("name", ["fit", "network", "paper"])
def test_every_search_of_conf_is_accepted(base: Path, name: str) -> None:
    overrides = ["search=paper", "~search.space.crop_px"] if name == "paper" else [f"search={name}"]
    assert planned(base, *overrides).search.name == name


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["search=fti"], "expected one of fit, network, paper"),
        (["+search.trails=3"], "near: trials"),
        (["study=demoo"], "expected one of acdc, demo"),
        (["crop_px=999"], "crop_px to be at most the canvas"),
    ],
)
def test_a_slip_on_the_command_line_is_refused(base: Path, overrides: list[str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        planned(base, *overrides)


def test_a_misspelt_key_of_a_search_file_is_refused_with_the_right_one(base: Path) -> None:
    text = (base / "conf" / "search" / "fit.yaml").read_text(encoding="utf-8")
    (base / "conf" / "search" / "slip.yaml").write_text(text.replace("learning_rate", "learning_rte"))
    try:
        with pytest.raises(ConfigError, match=r"fit.learning_rte: .*near: fit.learning_rate"):
            planned(base, "search=slip")
    finally:
        (base / "conf" / "search" / "slip.yaml").unlink()


def test_a_promoted_arm_is_that_of_its_trial_and_says_where_it_was_chosen(base: Path) -> None:
    tuning = planned(base, "search=network", "search.trials=2")
    searched(tuning)
    path = tune.promote(tuning, name="tuned", number=None, conf=base / "conf")
    arm = arm_of_file("tuned", study="demo", conf=base / "conf")
    (trial,) = [t for t in Study(tuning.folder / "study.db", search=tuning.search, seed=1).settled() if t.figures]
    assert arm.fit.learning_rate == trial.point["fit.learning_rate"]
    by = f"tune {tuning.folder.name}, trial 0"
    assert arm.selected_on == Selected(by=by, parts=(1, 2), folds=sha256(tuning.layout.folds))
    assert "Part 0 and the hold-out were not read" in path.read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="which exists"):
        tune.promote(tuning, name="tuned", number=None, conf=base / "conf")
    with pytest.raises(ConfigError, match=r"a complete trial \(0\), got trial 1"):
        tune.promote(tuning, name="other", number=1, conf=base / "conf")


def test_a_whole_group_is_promoted_by_its_name(base: Path) -> None:
    tuning = planned(base, "search=paper", "~search.space.crop_px", "search.trials=2")
    searched(tuning)
    path = tune.promote(tuning, name="grouped", number=0, conf=base / "conf")
    assert "override /backbone@backbone: " in path.read_text(encoding="utf-8")


def test_a_search_that_has_not_run_cannot_be_promoted(base: Path) -> None:
    with pytest.raises(ConfigError, match="a search fit that has run"):
        tune.promote(planned(base, "search=fit"), name="early", number=None, conf=base / "conf")


def settled(database: Path) -> int:
    """Trials that ended by themselves, read as another process would."""
    if not database.is_file():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            rows = connection.execute("SELECT count(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')").fetchone()
        except sqlite3.OperationalError:
            return 0
    return int(rows[0])


@pytest.mark.slow
def test_twenty_trials_killed_twice_are_twenty_trials(tmp_path: Path) -> None:
    base = project(tmp_path)
    own = ["search=fit", "search.objectives=[nll,brier]", "search.startup=4", "search.pruning.peers=3"]
    tuning = planned(base, *own)
    assert tuning.search.trials == 20
    command = [sys.executable, "-m", "pipelines.tune", *SMALL, *own]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    for enough in (5, 12):
        process = subprocess.Popen(command, cwd=base, env=environment, stderr=subprocess.DEVNULL)
        while process.poll() is None and settled(tuning.folder / "study.db") < enough:
            time.sleep(0.05)
        # somewhere within the next trial
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    subprocess.run(command, cwd=base, env=environment, check=True, capture_output=True)
    trials = Study(tuning.folder / "study.db", search=tuning.search, seed=1).trials()
    ended = [trial for trial in trials if trial.state in ("complete", "pruned")]
    assert len(ended) == 20
    assert len({tuple(trial.point.items()) for trial in ended}) == 20
    assert {trial.state for trial in ended} == {"complete", "pruned"}
    assert sum(trial.state == "interrupted" for trial in trials) <= 2
    with closing(sqlite3.connect(base / "mlruns" / "mlflow.db")) as connection:
        query = "SELECT name, status FROM runs WHERE lifecycle_stage = 'active'"
        runs = dict(connection.execute(query).fetchall())
    wanted = {f"fit trial {t.number}": "FINISHED" if t.state == "complete" else "KILLED" for t in ended}
    assert runs == {"fit": "FINISHED", **wanted}
