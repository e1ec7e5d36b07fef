"""A sweep that a launcher carries out elsewhere: Ray that loses a node, and the way of Slurm."""

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from cinemyo.launching.choice import VARIABLE
from cinemyo.sweeping.job import told
from pipelines import sweep
from tests.pipelines.test_sweep import runs
from tests.sweeping.tiny_sweep import offline, project

ARM = (
    *("study.name=tiny", "workers=1", "backbone.cam_layer=layer3", "backbone.options.channels=[8,8,8,8]"),
    *("backbone.options.stem_width=8", "fit.epochs=8", "crop_px=24,28,32"),
)
JOBS = 3
STORE = 80 << 20


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the jobs write, run one after the other by the process of the command."""
    base = tmp_path_factory.mktemp("here")
    assert swept(base) == ""
    return written(base)


def swept(base: Path, *overrides: str) -> str:
    """What a sweep in a process of its own said at its end; nothing where all went well."""
    project(base)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_sweep, args=(base, overrides, theirs))
    process.start()
    said: str = ours.recv()
    process.join()
    return said


def _sweep(base: Path, overrides: tuple[str, ...], pipe: Connection) -> None:
    with pytest.MonkeyPatch.context() as patch:
        offline(patch, base)
        patch.delenv(VARIABLE, raising=False)
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setattr(sys, "argv", ["sweep", "-m", *ARM, *overrides])
        try:
            sweep.main()
            said = ""
        except SystemExit as error:
            said = str(error.code)
    pipe.send(said)


def folders(base: Path) -> list[Path]:
    return sorted(path.parent for path in (base / "outputs" / "sweep" / "tiny").glob("*/job.json"))


def written(base: Path) -> dict[str, bytes]:
    """Predictions and history of each job."""
    files = ("predictions.csv", "history.csv")
    return {f"{folder.name}/{name}": (folder / name).read_bytes() for folder in folders(base) for name in files}


def attempts(base: Path) -> list[int]:
    return sorted(told(folder / "job.json")["attempts"] for folder in folders(base))


def finished_once(base: Path) -> bool:
    """Whether MLflow holds one finished run per job below one parent."""
    found = runs(base, "select status, count(*) from runs where lifecycle_stage = 'active' group by status")
    return found == [("FINISHED", JOBS + 1)] and all((folder / "metrics.json").is_file() for folder in folders(base))


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 1500
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head and a second node, each of one core, on the loopback interface."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        # other tests run beside this one, and Ray's workers would stand back for them
        patch.setenv("RAY_worker_niceness", "0")
        pytest.importorskip("ray", reason="ray is not installed: pip install 'cinemyo[ray]'")
        from ray.cluster_utils import Cluster

        # where the class leaves the cluster's address for others
        Path("/tmp/ray").mkdir(exist_ok=True)
        node = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": STORE}
        made = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
        second = made.add_node(**node)
        yield made, second
        made.shutdown()


@pytest.mark.slow
def test_ray_loses_a_node_and_each_job_is_finished_once_with_the_bytes_of_here(
    cluster: Any, here: dict[str, bytes], tmp_path: Path
) -> None:
    made, second = cluster

    def lose() -> None:
        # each node has one core, so that one of two jobs that go on is on the second
        soon(lambda: sum(not (folder / "metrics.json").is_file() for folder in folders(tmp_path)) == 2)
        made.remove_node(second, allow_graceful=False)

    loss = threading.Thread(target=lose)
    loss.start()
    assert swept(tmp_path, "launcher=ray", f"launcher.address={made.address}") == ""
    loss.join()
    assert attempts(tmp_path) == [1, 1, 2]
    assert finished_once(tmp_path)
    assert written(tmp_path) == here


@pytest.mark.slow
def test_the_way_of_slurm_gives_the_bytes_of_here_and_leaves_no_pickle(here: dict[str, bytes], tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'cinemyo[slurm]'")
    where = ("launcher=slurm", "launcher.cluster=local", "launcher.gpus=0", "launcher.cpus=1", "launcher.at_once=2")
    assert swept(tmp_path, *where) == ""
    assert finished_once(tmp_path)
    assert written(tmp_path) == here
    assert list((tmp_path / ".cache").rglob("*.pkl")) == []
