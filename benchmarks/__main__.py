"""Runs the measurements that are short and whose data are here, and says which it left out: what `make bench` calls.

make bench [KERAS=/path/to/python]     an interpreter with TensorFlow, else its script is left out
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KERAS: Final = "KERAS"
"""Names an interpreter with TensorFlow, for the Keras script of `benchmarks.training`."""
ACDC: Final = "the ACDC release at data/source (make source ROOT=...)"


@dataclass(frozen=True)
class Measurement:
    """One module of benchmarks/, and why it may be left out."""

    command: tuple[str, ...]
    possible: bool = True
    needs: str = ""


LONG: Final = {
    "benchmarks.coverage": "about half an hour",
    "benchmarks.fuzz": "a quarter of an hour; shorter as `python -m benchmarks.fuzz 2000`",
    "benchmarks.permuted_labels": "about ten minutes, once a study is prepared",
    "benchmarks.ingest": "four minutes",
    "benchmarks.training equality": "eight minutes",
    "benchmarks.bank_accuracy": "about a quarter of an hour",
    "benchmarks.sweep_killed": "about half an hour",
}
"""Run apart, by hand."""


def wanted() -> list[Measurement]:
    """The short measurements, the quickest first."""
    truth = Path("data/phantom/demo/truth.csv")
    acdc = sorted(Path("data/source").rglob("patient*/Info.cfg"))
    root = acdc[0].parents[1].as_posix() if acdc else ""
    keras = [python] if (python := os.environ.get(KERAS)) else []
    return [
        Measurement(("benchmarks.evaluation",)),
        Measurement(("benchmarks.heat_maps",)),
        Measurement(("benchmarks.oracle", "data/phantom/demo"), truth.is_file(), "the study demo"),
        Measurement(("benchmarks.cost",)),
        Measurement(("benchmarks.repro", "30", "4")),
        Measurement(("benchmarks.training", "speed", *keras)),
        Measurement(("benchmarks.localisation", root), bool(acdc), ACDC),
    ]


def main() -> None:
    """Runs each measurement in a process of its own."""
    status, began = 0, time.monotonic()
    for one in wanted():
        if one.possible:
            print(f"== {one.command[0]}", flush=True)
            status |= subprocess.run([sys.executable, "-m", *one.command], check=False).returncode
        else:
            print(f"== {one.command[0]} left out: it needs {one.needs}", flush=True)
    for name, length in LONG.items():
        print(f"== {name} left out: run it apart, {length}", flush=True)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    sys.exit(status)


if __name__ == "__main__":
    main()
