"""Stages killed with SIGKILL at moments drawn by chance, and run again: the same bytes, nothing made twice or left."""

import hashlib
import multiprocessing
import os
import random
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd
import pytest
import yaml

from cinemyo import provenance, tables
from cinemyo.layout import Layout
from cinemyo.sources import finished, pool
from cinemyo.sources.finished import Finished
from pipelines import ingest, prepare
from tests.pipelines.project import CODE, ROOT
from tests.pipelines.test_bad_source_and_sheet import params
from tests.sources.dicom_files import write_cine

PATIENTS, POSITIONS = 4, 5
PARTS = PATIENTS * POSITIONS
KILLS = 30
RECIPE = {"pixel_mm": 1.5, "canvas_px": 32, "window": "heart"}
SOURCE = {
    "kind": "dicom",
    "root": "data/source",
    "labels": "labels.csv",
    "key": "published",
    "truth": None,
    "min_phases": 8,
    "max_phases": 60,
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers end with their parent on Linux alone")


@dataclass(frozen=True)
class Project:
    """A project folder, and where its runs tell what they did."""

    base: Path
    told: Path

    def records(self) -> int:
        """How many finished items lie in the work in progress."""
        return len(list(self.base.glob(".cache/cinemyo/*/*/finished/*.json")))

    def told_so_far(self) -> int:
        """How many items the run in progress has finished."""
        return len(self._lines("kept"))

    def kept(self) -> int:
        """How many items have been finished since the last time this was asked."""
        return self._taken("kept")

    def workers(self) -> list[int]:
        return [int(line) for line in self._lines("workers")]

    def content(self) -> dict[str, str]:
        """Digests of all files but the source's and the log of runs, to which each adds."""
        found = {}
        for folder, inner, names in os.walk(self.base):
            inner[:] = [name for name in inner if name not in {"audit", "source", *CODE}]
            for name in names:
                path = Path(folder, name)
                found[str(path.relative_to(self.base))] = hashlib.sha256(path.read_bytes()).hexdigest()
            for name in inner:
                found.setdefault(str(Path(folder, name).relative_to(self.base)), "a folder")
        return found

    def _lines(self, name: str) -> list[str]:
        path = self.told / name
        return path.read_text().split() if path.is_file() else []

    def _taken(self, name: str) -> int:
        count = len(self._lines(name))
        (self.told / name).unlink(missing_ok=True)
        return count


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    base, told, scratch = tmp_path / "project", tmp_path / "told", tmp_path / "scratch"
    for folder in (base, told, scratch):
        folder.mkdir()
    for name in CODE:
        # a copy: nobody changes the code meanwhile
        shutil.copytree(ROOT / name, base / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(finished, "code_digest", cache(finished.code_digest))
    monkeypatch.setattr(provenance, "code_closure", cache(provenance.code_closure))
    values = params() | {"source": SOURCE, "recipes": {"coarse": RECIPE}}
    (base / "params.yaml").write_text(yaml.safe_dump(values))
    for patient in range(PATIENTS):
        for position in range(POSITIONS):
            folder = base / "data" / "source" / f"patient{patient}"
            write_cine(folder, patient=f"P{patient}", study=patient + 1, z_mm=10.0 * position, name=f"{position}_")
    monkeypatch.chdir(base)
    _warm_up()
    monkeypatch.setenv("CINEMYO_WORKERS", "2")
    monkeypatch.setenv("SQLITE_TMPDIR", str(scratch))
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    _listen(told, monkeypatch)
    return Project(base, told)


def _warm_up() -> None:
    """What each run would do anew, done before they are forked."""
    finished.code_digest()
    for stage in ("ingest", "prepare"):
        provenance.code_closure(Path("pipelines", f"{stage}.py"))
    tables.check(tables.from_rows([], table=tables.CINES), table=tables.CINES, where="warming up")


def _listen(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets forked runs tell what they finish, and which processes they start."""
    keep, bounded = Finished.keep, pool.bounded

    def tell(name: str, line: object) -> None:
        with (told / name).open("a") as file:
            file.write(f"{line}\n")

    def kept(self: Finished, content: str, *arguments: object, **options: object) -> None:
        keep(self, content, *arguments, **options)
        tell("kept", content)

    def started(size: int, *, parent: int) -> None:
        tell("workers", os.getpid())
        bounded(size, parent=parent)

    monkeypatch.setattr(Finished, "keep", kept)
    monkeypatch.setattr(pool, "bounded", started)


def started(stage: Callable[[], None], *arguments: str) -> BaseProcess:
    """A stage that runs in a process of its own."""
    sys.argv = ["stage", *arguments]
    process = multiprocessing.get_context("fork").Process(target=stage)
    process.start()
    return process


def run(stage: Callable[[], None], *arguments: str) -> float:
    """Seconds of a stage that nothing disturbs."""
    start = time.monotonic()
    process = started(stage, *arguments)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - start


def killed(stage: Callable[[], None], *arguments: str, when: Callable[[], bool]) -> None:
    """Runs a stage and kills it as soon as this holds; what has come to its end by then is left alone."""
    process = started(stage, *arguments)
    while process.is_alive() and not when():
        time.sleep(0.0005)
    process.kill()
    process.join()


def write_regions(layout: Layout) -> None:
    """Regions by rule, as the stage locate would write them."""
    cines = tables.read(layout.cines, table=tables.CINES)
    facts = {
        **{"centre_row_mm": 15.0, "centre_column_mm": 12.0, "centre_method": "rule", "centre_confidence": 1.0},
        **{"centre_annotated": False, "window_low": 0.0, "window_high": 4000.0, "window_method": "rule"},
        **{"window_confidence": 1.0, "window_annotated": False, "review": False},
    }
    frame = pd.DataFrame({"cine_id": cines["cine_id"], **facts})
    tables.write(frame, table=tables.REGIONS, path=layout.regions)


def wait_for_end(pids: list[int]) -> None:
    """Waits until none of these processes is there."""
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.01)


def moment(kill: int, *, took: float, drawn: random.Random, project: Project) -> Callable[[], bool]:
    """When to kill: half of the kills by the clock, the others amid the items, however short that part of a run is."""
    if kill % 2:
        finished_items = drawn.randrange(1, PARTS - 1)
        return lambda: project.told_so_far() >= finished_items
    end = time.monotonic() + drawn.uniform(0, took)
    return lambda: time.monotonic() >= end


def trial(project: Project, stage: Callable[[], None], *arguments: str) -> None:
    """Kills the stage thirty times and runs it again each time."""
    took = min(run(stage, *arguments) for _ in range(2))
    undisturbed, _ = project.content(), project.kept()
    drawn = random.Random(7)
    interrupted = 0
    for kill in range(KILLS):
        killed(stage, *arguments, when=moment(kill, took=took, drawn=drawn, project=project))
        wait_for_end(project.workers())
        done, _ = project.records(), project.kept()
        interrupted += 0 < done < PARTS
        run(stage, *arguments)
        assert project.kept() == PARTS - done
        assert project.content() == undisturbed
    wait_for_end(project.workers())
    assert interrupted >= 3
    assert list((project.base.parent / "scratch").iterdir()) == []


@pytest.mark.slow
def test_ingest_killed_at_any_moment_gives_the_same_bytes_and_repeats_nothing(project: Project) -> None:
    trial(project, ingest.main)


@pytest.mark.slow
def test_prepare_killed_at_any_moment_gives_the_same_bytes_and_repeats_nothing(project: Project) -> None:
    run(ingest.main)
    write_regions(Layout("tiny"))
    trial(project, prepare.main, "coarse")
