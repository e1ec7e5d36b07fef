"""A sweep as a command: killed and resumed, failing in part, refused before it starts."""

import multiprocessing
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra

from cinemyo.errors import ConfigError
from cinemyo.layout import Layout
from cinemyo.record.sweep.runs import keep
from cinemyo.record.tracking import Store
from cinemyo.sweeping.job import _begin, told
from pipelines import sweep
from pipelines.grid import name_of, planned
from tests.sweeping.tiny_sweep import offline, project

TINY = ("study.name=tiny", "fit.epochs=1", "workers=1", "backbone.cam_layer=layer3", "backbone.options.stem_width=8")
CHANNELS = "[8,8,8,8],[8,8,8,16],[8,8,16,16],[8,16,16,16]"
GRID = (f"backbone.options.channels={CHANNELS}", "crop_px=24,28,32")
JOBS = 12

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sweep")
    project(made)
    return made


@pytest.fixture(autouse=True)
def _inside(base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    offline(monkeypatch, base)
    yield
    GlobalHydra.instance().clear()


def started(*overrides: str) -> BaseProcess:
    """A sweep in a process of its own."""
    # spawn, not fork: this process may have trained, and its threads do not live on in a fork
    process = multiprocessing.get_context("spawn").Process(target=_alone, args=([*TINY, *overrides],))
    process.start()
    return process


def _alone(overrides: list[str]) -> None:
    # a group of its own, so that a kill takes whatever it has started
    os.setpgid(0, 0)
    sys.argv = ["sweep", "-m", *overrides]
    sweep.main()


def finished(base: Path) -> set[Path]:
    return set((base / "outputs" / "sweep" / "tiny").glob("*/metrics.json"))


def killed(base: Path, *overrides: str, when: Callable[[], bool]) -> None:
    process = started(*overrides)
    while process.is_alive() and not when():
        time.sleep(0.01)
    assert process.is_alive(), "it ended before it was killed"
    os.killpg(process.pid or 0, signal.SIGKILL)
    process.join()


def run(*overrides: str) -> int | None:
    process = started(*overrides)
    process.join()
    return process.exitcode


def runs(base: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(base / "mlruns" / "mlflow.db")) as connection:
        return connection.execute(query).fetchall()


def is_running(base: Path) -> bool:
    """Whether a job is amid its recording."""
    return bool(runs(base, "select 1 from runs where status = 'RUNNING'"))


def ranked(base: Path) -> pd.DataFrame:
    return pd.read_csv(base / "outputs" / "sweep" / "tiny" / "ranking.csv")


@pytest.fixture(scope="module")
def times(base: Path) -> dict[Path, int]:
    """When each of the twelve jobs was finished, in a sweep that was killed twice."""
    with pytest.MonkeyPatch.context() as patch:
        offline(patch, base)
        # the tables of a new store take seconds to make, and most kills would fall into them
        Store(base)
        killed(base, *GRID, when=lambda: len(finished(base)) >= 3)
        times = {path: path.stat().st_mtime_ns for path in finished(base)}
        killed(base, *GRID, when=lambda: len(finished(base)) >= 8 and is_running(base))
        times = {path: path.stat().st_mtime_ns for path in finished(base)} | times
        assert 8 <= len(times) < JOBS
        assert run(*GRID) == 0
        return times


def test_a_sweep_killed_twice_finishes_what_is_owed_and_repeats_nothing(base: Path, times: dict[Path, int]) -> None:
    assert len(finished(base)) == JOBS
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_jobs_that_no_kill_interrupted_were_tried_once(base: Path, times: dict[Path, int]) -> None:
    attempts = [told(path.parent / "job.json")["attempts"] for path in finished(base)]
    assert sum(attempts) <= JOBS + 2


def test_mlflow_holds_one_finished_run_per_job_under_one_parent(base: Path, times: dict[Path, int]) -> None:
    found = runs(base, "select status, count(*) from runs where lifecycle_stage = 'active' group by status")
    assert found == [("FINISHED", JOBS + 1)]
    nested = "select r.run_uuid from runs r join tags t on t.run_uuid = r.run_uuid and t.key = 'mlflow.parentRunId'"
    assert len(runs(base, f"{nested} where r.lifecycle_stage = 'active'")) == JOBS


def test_every_job_is_ranked_by_its_accuracy_on_validation(base: Path, times: dict[Path, int]) -> None:
    table = ranked(base)
    assert table["rank"].tolist() == list(range(1, JOBS + 1))
    assert table["validation_accuracy"].is_monotonic_decreasing


def test_the_ranking_is_in_the_parent_run(base: Path, times: dict[Path, int]) -> None:
    ((parent,),) = runs(base, "select run_uuid from tags where key = 'level' and value = 'sweep'")
    kept = base / "mlruns" / "artifacts" / parent / "artifacts"
    assert {path.name for path in kept.iterdir()} == {"ranking.csv", "ranking.html", "accuracy_against_cost.png"}
    assert (kept / "ranking.csv").read_bytes() == (base / "outputs" / "sweep" / "tiny" / "ranking.csv").read_bytes()


def test_nothing_of_the_sweep_names_this_machine(base: Path, times: dict[Path, int]) -> None:
    written = [path for path in (base / "outputs" / "sweep" / "tiny").rglob("*") if path.suffix != ".png"]
    told = b"".join(path.read_bytes() for path in [*written, base / "mlruns" / "mlflow.db"] if path.is_file())
    assert str(base.parent).encode() not in told


def test_a_crash_stops_no_other_job_and_the_end_names_it(
    base: Path, times: dict[Path, int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("backbone.options.channels=[8,8,8,8]", "crop_px=24,30", "backbone.name=resnet10t,resnet_unheard_of") == 1
    said = capfd.readouterr().err
    assert "2 of 4 jobs failed:" in said
    assert "backbone.name=resnet_unheard_of,backbone.options.channels=[8,8,8,8],backbone.options.stem_width=8" in said
    table = ranked(base)
    assert (table["state"] == "finished").sum() == JOBS + 1
    assert table["reason"].dropna().str.startswith("ConfigError: backbone resnet_unheard_of: expected a network").all()
    states = runs(base, "select status, count(*) from runs where lifecycle_stage = 'active' group by status")
    assert states == [("FAILED", 2 + 1), ("FINISHED", JOBS + 1)]


def test_a_worker_that_dies_without_a_word_is_a_failure(base: Path, times: dict[Path, int]) -> None:
    ((job, params),) = planned([*TINY, "crop_px=20"], conf=Path("conf"))
    _begin(job, layout=Layout("tiny"))
    (reason,) = sweep.conclude([(job, params)])
    assert reason.endswith("its process ended without a word, as one does that is killed for its memory")
    assert job.state == "failed"


def test_what_a_broken_launcher_did_not_begin_is_owed_and_no_failure(base: Path, times: dict[Path, int]) -> None:
    ((job, params),) = planned([*TINY, "crop_px=22"], conf=Path("conf"))
    (line,) = sweep.conclude([(job, params)])
    assert line.endswith("crop_px=22,fit.epochs=1,study.name=tiny: not begun, for the launcher ended before")
    assert job.state == "owed"


def test_jobs_of_older_tables_are_not_ranked(base: Path, times: dict[Path, int]) -> None:
    layout = Layout("tiny")
    before = layout.labels.read_bytes()
    layout.labels.write_bytes(before.replace(b"hcm", b"dcm", 1))
    ((job, params),) = planned([*TINY, "crop_px=24"], conf=Path("conf"))
    layout.labels.write_bytes(before)
    assert keep([job], params=params, layout=layout, status=None).empty


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("backbone=vgg17", r"job .*backbone=vgg17.*: expected one of compact, .*vgg16, got .*'backbone/vgg17'"),
        ("crop_px=24,160", r"job .*crop_px=160.*: expected crop_px to be at most the canvas of 128, got 160"),
        ("fit.epoch=1", r"expected a composition, got Could not override 'fit.epoch'"),
        ("fit.epochs=0", r"fit.epochs: expected input should be greater than or equal to 1, got 0"),
        ("study=nowhere", r"expected one of acdc, .*, got .*'study/nowhere'"),
        ("crop_px", r"the overrides: expected a composition"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(override: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        planned([*TINY, override], conf=Path("conf"))


def test_a_job_is_named_by_what_makes_it_another() -> None:
    given = ["crop_px=64", "study=demo", "backbone=vgg16", "workers=1", "hydra/launcher=basic", "launcher=ray"]
    assert name_of(given) == "backbone=vgg16,crop_px=64"
    assert name_of(["study=demo"]) == "base"
