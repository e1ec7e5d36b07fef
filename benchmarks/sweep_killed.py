"""Four backbones and three crops on the demo's cohort in one sweep that is killed twice and run again.

    python -m benchmarks.sweep_killed [OVERRIDES]

Needs the prepared study demo (`make repro`), which is copied into a folder of its own. No pretrained weights: the
networks start at random and train their last block for one epoch, which shows the machinery and no accuracy. Kills by
SIGKILL, the whole group of processes, once 3 and once 7 jobs are finished.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.result import keep, machine

GRID: Final = (
    "backbone=vgg16,resnet50v2,inception_resnet_v2,densenet201",
    "crop_px=80,96,128",
    "backbone.weights=none",
    "phases=[systole]",
    "fit=short",
    "fit.epochs=1",
)
"""80, 96 and 128 px of 3 mm, for the canvases of the demo are 128 px wide: 240, 288 and 384 mm."""
KILLS: Final = (3, 7)
_ROOT: Final = Path(__file__).resolve().parents[1]
_READ: Final = ("cines.csv", "labels.csv", "phases.csv", "folds.csv", "prepared")


def main() -> None:
    """Measures, checks, prints and keeps."""
    overrides = tuple(sys.argv[1:]) or GRID
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        make(base)
        began = time.monotonic()
        kept: dict[str, int] = {}
        for jobs in KILLS:
            killed_after(jobs, base=base, overrides=overrides)
            kept = finished(base) | kept
        status = subprocess.run(command(overrides), cwd=base, env=environment(base), check=False).returncode
        figures = {**checked(base, kept=kept), "status": status, "wall_s": round(time.monotonic() - began, 1)}
        ranked = pd.read_csv(base / "outputs" / "sweep" / "demo" / "ranking.csv")
    show(ranked, figures=figures)
    rows = ranked.drop(columns=["key", "reason"]).astype(object).where(ranked.notna(), None).to_dict("records")
    command_line = " ".join(["python -m benchmarks.sweep_killed", *sys.argv[1:]])
    keep("sweep_killed", {**figures, "overrides": list(overrides), "jobs": rows}, command=command_line)
    if status or figures["repeated"] or figures["runs"] != {"FINISHED": len(ranked) + 1}:
        sys.exit("the sweep did not come to its end as it should")


def make(base: Path) -> None:
    """Copies what a sweep of the demo reads, and links the code."""
    source = Path("data/demo")
    for name in _READ:
        if not (source / name).exists():
            sys.exit(f"expected the prepared study demo, got no {source / name}; run `make repro`")
        if (source / name).is_dir():
            shutil.copytree(source / name, base / source / name)
        else:
            (base / source).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, base / source / name)
    for name in ("src", "pipelines", "conf"):
        (base / name).symlink_to(_ROOT / name, target_is_directory=True)


def command(overrides: tuple[str, ...]) -> list[str]:
    """The sweep."""
    return [sys.executable, "-m", "pipelines.sweep", "-m", *overrides]


def environment(base: Path) -> dict[str, str]:
    """That of this process with the code of the folder and the embedded store."""
    own = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    return own | {"PYTHONPATH": f"{base}/src{os.pathsep}{base}"}


def finished(base: Path) -> dict[str, int]:
    """When each finished job was written, by key."""
    found = (base / "outputs" / "sweep" / "demo").glob("*/metrics.json")
    return {path.parent.name: path.stat().st_mtime_ns for path in found}


def killed_after(jobs: int, *, base: Path, overrides: tuple[str, ...]) -> None:
    """Runs the sweep until so many jobs are finished, and kills it with all that it has started."""
    process = subprocess.Popen(command(overrides), cwd=base, env=environment(base), start_new_session=True)
    while process.poll() is None and len(finished(base)) < jobs:
        time.sleep(0.1)
    if process.poll() is not None:
        sys.exit(f"the sweep ended with {process.returncode} before it could be killed")
    # into the middle of the next job
    time.sleep(2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    print(f"killed with {len(finished(base))} jobs finished", flush=True)


def checked(base: Path, *, kept: dict[str, int]) -> dict[str, Any]:
    """How many jobs there are, how many of those finished before a kill were done again, and the states in MLflow."""
    with closing(sqlite3.connect(base / "mlruns" / "mlflow.db")) as store:
        rows = store.execute("select status, count(*) from runs where lifecycle_stage = 'active' group by status")
        runs = dict(rows.fetchall())
    now = finished(base)
    repeated = sum(now[key] != written for key, written in kept.items())
    return {"finished": len(now), "finished_before_a_kill": len(kept), "repeated": repeated, "runs": runs}


def show(ranked: pd.DataFrame, *, figures: dict[str, Any]) -> None:
    """Prints the ranking and what became of the kills."""
    print(f"{machine()['cpu']}, {machine()['cores']} cores")
    print(f"{'rank':>4s} {'backbone':22s} {'crop':>5s} {'accuracy':>9s} {'GFLOP':>7s} {'seconds':>8s}")
    for row in ranked.to_dict("records"):
        seconds = "killed" if pd.isna(row["seconds"]) else f"{row['seconds']:.0f}"
        accuracy = f"{row['validation_accuracy']:.3f} {row['gflop']:9.2f}"
        print(f"{row['rank']:4.0f} {row['backbone']:22s} {row['crop_px']:5.0f} {accuracy} {seconds:>8s}")
    print(f"{figures['finished']} jobs finished, {figures['repeated']} of {figures['finished_before_a_kill']} repeated")
    print(f"MLflow: {figures['runs']}; {figures['wall_s']:.0f} s in three runs")


if __name__ == "__main__":
    main()
