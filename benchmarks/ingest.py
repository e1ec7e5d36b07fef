"""How fast a folder of DICOM files is ingested, beside reading its bytes and beside what everybody writes by hand.

    python -m benchmarks.ingest [--files 30000] [--data FOLDER]

Each program runs in a process of its own, the files in the page cache: (a) reading the bytes, (b) a loop of pydicom
with `pixel_array`, (c) SimpleITK's series reader, and ingest on one core and on two: headers, hashes, grouping, pixels,
images and tables, without identity. Times leave imports out. Parallel efficiency is the time on one core, divided by
twice the time on two; beside it stands one worker on two cores, where the process that feeds it has one of its own.
Memory is the largest sum of the proportional set sizes of a program and its workers.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.ingest_files import write_files
from benchmarks.ingest_programs import PROGRAMS
from benchmarks.result import keep

SUNNYBROOK = Path(__file__).resolve().parents[2] / "shared" / "data" / "sunnybrook"
WANTED = {"ratio_b": 1.5, "efficiency": 0.85, "growth": 0.10}
_EVERY_S = 0.5
_OFTEN_S = 0.05
"""As often as memory is looked at where no time is taken."""


def measured(
    program: str, root: Path, *, work: Path, workers: int = 1, cores: int = 2, every_s: float = _EVERY_S
) -> dict[str, Any]:
    """Seconds by the clock and of all cores, files and peak memory of one run of a program."""
    out = work / "out"
    arguments = [str(value) for value in (program, root, out, workers, cores)]
    command = [sys.executable, "-m", "benchmarks.ingest_programs", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watch = _Memory(process.pid, every_s=every_s)
        watch.start()
        said = process.communicate()[0]
        watch.join()
    if process.returncode:
        sys.exit(f"benchmarks.ingest: {program} failed")
    shutil.rmtree(out, ignore_errors=True)
    return json.loads(said) | {"peak_mb": round(watch.peak / 2**20)}


class _Memory(threading.Thread):
    """The peak of the memory of a process and its children, while it lives."""

    def __init__(self, pid: int, *, every_s: float) -> None:
        super().__init__(daemon=True)
        self._every_s = every_s
        self._process = psutil.Process(pid)
        self.peak = 0

    def run(self) -> None:
        """Looks until the process has ended."""
        while True:
            try:
                family = [self._process, *self._process.children(recursive=True)]
                self.peak = max(self.peak, sum(_pss(one) for one in family))
                if self._process.status() == psutil.STATUS_ZOMBIE:
                    return
            except psutil.Error:
                return
            time.sleep(self._every_s)


def _pss(process: psutil.Process) -> int:
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        return 0
    return 0


RUNS = {
    "bytes": ("bytes", 1, 2),
    "pydicom": ("pydicom", 1, 2),
    "ingest_core": ("ingest", 1, 1),
    "ingest_1": ("ingest", 1, 2),
    "ingest_2": ("ingest", 2, 2),
    "simpleitk": ("simpleitk", 1, 2),
}
"""Program, its workers, and the cores that it may use."""
PAIRED = ("pydicom", "ingest_core", "ingest_2")
PASSES = 5


def compared(root: Path, *, work: Path) -> dict[str, Any]:
    """All programs on one folder, one after the other, and those that are compared again: best runs, and ratios.

    A ratio is the median over the passes, each of its two runs beside the other: the speed of a machine that others use
    too changes by the minute.
    """
    passes = [
        {
            name: measured(program, root, work=work, workers=workers, cores=cores)
            for name, (program, workers, cores) in RUNS.items()
            if not again or name in PAIRED
        }
        for again in range(PASSES)
    ]
    runs = {name: min((one[name] for one in passes if name in one), key=lambda run: run["seconds"]) for name in RUNS}
    for name, run in runs.items():
        run |= {f"{key}ms_per_file": round(1000 * run[f"{key}seconds"] / run["files"], 4) for key in ("", "cpu_")}
        print(
            f"  {name:12} {run['files']:6} files {run['seconds']:8.2f} s {run['ms_per_file']:8.3f} ms/file,"
            f" of all cores {run['cpu_ms_per_file']:8.3f} {run['peak_mb']:6} MB",
            flush=True,
        )
    figures: dict[str, Any] = {"runs": runs, "passes": PASSES}
    figures["ratio_b"] = _spread([one["pydicom"]["seconds"] / one["ingest_2"]["seconds"] for one in passes])
    figures["ratio_b_of_cores"] = _spread(
        [2 * one["pydicom"]["cpu_seconds"] / one["ingest_2"]["cpu_seconds"] for one in passes]
    )
    figures["efficiency"] = _spread(
        [one["ingest_core"]["seconds"] / (2 * one["ingest_2"]["seconds"]) for one in passes]
    )
    first = passes[0]
    figures |= {
        f"ratio_{letter}": round(first[name]["seconds"] / first["ingest_2"]["seconds"], 3)
        for letter, name in (("a", "bytes"), ("c", "simpleitk"))
    }
    figures["efficiency_of_workers"] = round(first["ingest_1"]["seconds"] / (2 * first["ingest_2"]["seconds"]), 3)
    print(f"  two workers: {_said(figures['ratio_b'])} x (b), {figures['ratio_c']} x (c), {figures['ratio_a']} x (a)")
    print(f"  {_said(figures['ratio_b_of_cores'])} x (b) by the time of the cores")
    print(f"  efficiency of two cores {_said(figures['efficiency'])}")
    print(f"  of two workers, beside one that shares two cores with its feeder, {figures['efficiency_of_workers']}")
    return figures


def _spread(values: list[float]) -> dict[str, float]:
    return {name: round(of(values), 3) for name, of in (("median", median), ("least", min), ("most", max))}


def _said(spread: dict[str, float]) -> str:
    return f"{spread['median']} ({spread['least']} to {spread['most']})"


def main() -> None:
    """Measures, prints and keeps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=30_000)
    parser.add_argument("--data", type=Path, default=SUNNYBROOK)
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"wanted": WANTED, "load_before": psutil.getloadavg()[0]}
    with tempfile.TemporaryDirectory(prefix="cinemyo-bench-") as folder:
        work = Path(folder)
        series = sorted(path for path in arguments.data.glob("SCD*") if path.is_dir())
        if series:
            print(f"Sunnybrook, {len(series)} series")
            copied = work / "sunnybrook"
            for path in series:
                shutil.copytree(path, copied / path.name)
            figures["sunnybrook"] = compared(copied, work=work)
        few, many = work / "few", work / "many"
        write_files(few, count=arguments.files // 10)
        write_files(many, count=arguments.files)
        print(f"{arguments.files} phantom files")
        figures["phantom"] = compared(many, work=work)
        small, large = (measured("ingest", one, work=work, workers=2, every_s=_OFTEN_S) for one in (few, many))
        growth = large["peak_mb"] / small["peak_mb"] - 1
        peaks = [small["peak_mb"], large["peak_mb"]]
        figures["memory"] = {"files": [small["files"], large["files"]], "peak_mb": peaks, "growth": round(growth, 3)}
        print(
            f"  peak memory from {small['files']} to {large['files']} files: {peaks[0]} to {peaks[1]} MB, {growth:+.1%}"
        )
        figures["profile_ms_per_file"] = measured("profile", few, work=work)["split"]
    for name, value in figures["profile_ms_per_file"].items():
        print(f"  {name:24} {value:7.3f} ms/file")
    keep("ingest", figures, command=f"python -m benchmarks.ingest --files {arguments.files}")


if __name__ == "__main__":
    assert set(PROGRAMS) >= {"bytes", "pydicom", "simpleitk", "ingest", "profile"}
    main()
