"""How fast a folder of DICOM files is ingested, beside reading its bytes and beside what everybody writes by hand.

    python -m benchmarks.ingest [--files 30000] [--data FOLDER]

Each program runs in a process of its own, the files in the page cache: (a) reading the bytes, (b) a loop of pydicom
with `pixel_array`, (c) SimpleITK's series reader, and ingest with one and with two workers: headers, hashes, grouping,
pixels, images and tables, without identity. Times leave imports out. Memory is the largest sum of the proportional set
sizes of a program and its workers.
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
from typing import Any

import psutil

from benchmarks.ingest_files import write_files
from benchmarks.ingest_programs import PROGRAMS
from benchmarks.result import keep

SUNNYBROOK = Path(__file__).resolve().parents[2] / "shared" / "data" / "sunnybrook"
WANTED = {"ratio_b": 1.5, "efficiency": 0.85, "growth": 0.10}
_EVERY_S = 0.5


def measured(program: str, root: Path, *, work: Path, workers: int = 1) -> dict[str, Any]:
    """Seconds by the clock and of all cores, files and peak memory of one run of a program."""
    out = work / "out"
    command = [sys.executable, "-m", "benchmarks.ingest_programs", program, str(root), str(out), str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watch = _Memory(process.pid)
        watch.start()
        said = process.communicate()[0]
        watch.join()
    if process.returncode:
        sys.exit(f"benchmarks.ingest: {program} failed")
    shutil.rmtree(out, ignore_errors=True)
    return json.loads(said) | {"peak_mb": round(watch.peak / 2**20)}


class _Memory(threading.Thread):
    """The peak of the memory of a process and its children, while it lives."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
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
            time.sleep(_EVERY_S)


def _pss(process: psutil.Process) -> int:
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        return 0
    return 0


RUNS = {
    "bytes": ("bytes", 1),
    "pydicom": ("pydicom", 1),
    "ingest_1": ("ingest", 1),
    "ingest_2": ("ingest", 2),
    "simpleitk": ("simpleitk", 1),
}


def compared(root: Path, *, work: Path) -> dict[str, Any]:
    """All programs on one folder, one after the other and again (the slowest once): best runs and ratios."""
    every = [
        {
            name: measured(program, root, work=work, workers=count)
            for name, (program, count) in RUNS.items()
            if wanted(name)
        }
        for wanted in (lambda name: True, lambda name: name != "simpleitk")
    ]
    runs = {name: min((run[name] for run in every if name in run), key=lambda run: run["seconds"]) for name in RUNS}
    for name, run in runs.items():
        run |= {f"{key}ms_per_file": round(1000 * run[f"{key}seconds"] / run["files"], 4) for key in ("", "cpu_")}
        print(
            f"  {name:12} {run['files']:6} files {run['seconds']:8.2f} s {run['ms_per_file']:8.3f} ms/file,"
            f" of all cores {run['cpu_ms_per_file']:8.3f} {run['peak_mb']:6} MB",
            flush=True,
        )
    ours = runs["ingest_2"]
    ratios = {name: round(runs[name]["seconds"] / ours["seconds"], 3) for name in ("bytes", "pydicom", "simpleitk")}
    on_idle = round(2 * runs["pydicom"]["cpu_seconds"] / ours["cpu_seconds"], 3)
    efficiency = round(runs["ingest_1"]["seconds"] / (2 * ours["seconds"]), 3)
    print(f"  ingest with two workers: {ratios['pydicom']} x (b), {ratios['simpleitk']} x (c), {ratios['bytes']} x (a)")
    print(f"  {on_idle} x (b) by the time of the cores, as on a machine that does nothing else")
    print(f"  efficiency of the second worker {efficiency}")
    return {"runs": runs, "ratios": ratios, "ratio_b_by_cores": on_idle, "efficiency": efficiency}


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
        small = measured("ingest", few, work=work, workers=2)
        growth = figures["phantom"]["runs"]["ingest_2"]["peak_mb"] / small["peak_mb"] - 1
        figures["memory"] = {"files": [small["files"], arguments.files], "growth": round(growth, 3), "small": small}
        print(f"  peak memory from {small['files']} to {arguments.files} files: {growth:+.1%}")
        figures["profile_ms_per_file"] = measured("profile", few, work=work)["split"]
    for name, value in figures["profile_ms_per_file"].items():
        print(f"  {name:24} {value:7.3f} ms/file")
    keep("ingest", figures, command=f"python -m benchmarks.ingest --files {arguments.files}")


if __name__ == "__main__":
    assert set(PROGRAMS) >= {"bytes", "pydicom", "simpleitk", "ingest", "profile"}
    main()
