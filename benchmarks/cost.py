"""Time and peak memory of a fold-epoch by the size of the cohort: 100, 1,000 and 10,000 cines.

    python -m benchmarks.cost [CINES ...]

The demo's network; random 8-bit crops in a file that is mapped into memory, each size in a process of its own. Images
are not ingested for it: what the stages before cost is linear in the cines, see `cinemyo plan`.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.result import keep, machine
from cinemyo import config
from cinemyo.folds import FoldSplit
from cinemyo.labels import CLASSES
from cinemyo.training.data import Samples
from cinemyo.training.fit import fit
from cinemyo.training.task import Task

SIZES = (100, 1000, 10_000)
ARM = "dual"
BUDGET_GIB = 2.0
"""What a fit of 10,000 cines may hold in all."""


def one(cines: int) -> dict[str, Any]:
    """Seconds and peak memory of one epoch on one fold of this many cines, in this process."""
    arm = config.load().arms[ARM]
    arm = arm.model_copy(update={"fit": arm.fit.model_copy(update={"epochs": 1})})
    side, names = arm.crop_px or 160, [str(number) for number in range(cines)]
    with tempfile.TemporaryDirectory() as folder:
        shape = (cines, len(arm.phases), side, side)
        crops = np.memmap(Path(folder) / "crops.bin", dtype=np.uint8, mode="w+", shape=shape)
        draw = np.random.default_rng(0)
        for start in range(0, cines, 100):
            crops[start : start + 100] = draw.integers(0, 255, crops[start : start + 100].shape, dtype=np.uint8)
        targets = torch.arange(cines) % len(CLASSES[arm.target])
        samples = Samples(torch.from_numpy(crops), targets, tuple(names))
        sixth = cines // 6
        own, digests = {name: name for name in names}, {name: f"{int(name):064x}" for name in names}
        sides = tuple(names[2 * sixth :]), tuple(names[:sixth]), tuple(names[sixth : 2 * sixth])
        began = time.perf_counter()
        fit(Task(arm, ARM, samples, FoldSplit("honest", 0, *sides, own, digests), 0, Path(folder)))
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return {
        "cines": cines,
        "seconds": round(seconds, 2),
        "peak_gib": round(peak / 2**30, 2),
        "data_bytes": crops.nbytes,
    }


def main() -> None:
    """Measures each size in a process of its own, prints and keeps."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(int(sys.argv[2]))))
        return
    sizes = [int(said) for said in sys.argv[1:]] or list(SIZES)
    print(f"{machine()['cpu']}, one thread; one epoch of one fold\n   cines      time  per cine  peak memory")
    rows = []
    for cines in sizes:
        command = [sys.executable, "-m", "benchmarks.cost", "--one", str(cines)]
        row = json.loads(subprocess.check_output(command, text=True).splitlines()[-1])
        row["ms_per_cine"] = round(1000 * row["seconds"] / cines, 2)
        print(f"{cines:8d} {row['seconds']:7.1f} s {row['ms_per_cine']:6.1f} ms {row['peak_gib']:8.2f} GiB", flush=True)
        rows.append(row)
    within = rows[-1]["peak_gib"] <= BUDGET_GIB
    print(f"budget {BUDGET_GIB} GiB: {'held' if within else 'exceeded'}; ratio of memory {ratio(rows):.2f}")
    keep("cost", {"budget_gib": BUDGET_GIB, "within": within, "rows": rows}, command="python -m benchmarks.cost")
    sys.exit(0 if within else 1)


def ratio(rows: list[dict[str, Any]]) -> float:
    """Peak memory of the largest cohort over that of the smallest."""
    return float(rows[-1]["peak_gib"] / rows[0]["peak_gib"])


if __name__ == "__main__":
    main()
