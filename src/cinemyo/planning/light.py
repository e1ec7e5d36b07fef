"""What the other stages cost: measured once on a named machine, and scaled by how fast this one is."""

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from cinemyo.evaluation import bootstrap

_REFERENCE_S: Final = 0.245
"""Seconds of `_work` on the machine of the figures below: 2 cores of an AMD EPYC, otherwise idle."""


@dataclass(frozen=True)
class LightCost:
    """Seconds of parts of stages whose cost hangs little on the study."""

    start: float
    """Of a stage of tables: the interpreter, its imports, and what DVC does around it."""
    torch_start: float
    """The same of a stage that trains, explains or draws."""
    explained: float
    """Per cine, beside what its network computes."""
    drawn: float
    """Per cine whose heat maps are drawn."""
    put_off: float
    """Per cine: canvases where preparation was put off."""
    leakage: float
    """Per cine."""
    evaluated_arm: float
    evaluated_cine: float
    """Per arm and cine."""
    recorded: float
    """Per arm."""
    other: float
    """Label, split, contact sheet, holdout, report: each."""
    wrong: float = 0.2
    """Share of cines that are expected to be misclassified; their heat maps are drawn too."""
    drawn_bytes: int = 150_000
    """Of the picture of a cine."""
    evaluated_bytes: int = 40_000
    """Held per arm and cine."""


_DVC_S: Final = 2.5
"""What DVC takes around a stage: it hashes what was read and written and writes its lock."""


def light_cost() -> LightCost:
    """The costs on this machine."""
    slower = speed()
    around = _DVC_S * slower
    return LightCost(
        start=around + _import("cinemyo.tables"),
        torch_start=around + _import("cinemyo.training.arm, cinemyo.explain.gradcam, matplotlib.figure"),
        explained=0.005 * slower,
        drawn=0.08 * slower,
        put_off=0.005 * slower,
        leakage=0.04 * slower,
        evaluated_arm=3.4 * slower,
        evaluated_cine=0.004 * slower,
        recorded=1.5 * slower,
        other=2.0 * slower,
    )


def speed() -> float:
    """How many times longer a fixed piece of work takes here than on the machine of the figures; the best of five."""
    return min(_work() for _ in range(5)) / _REFERENCE_S


def _work() -> float:
    """Seconds of a bootstrap of the balanced accuracy, 300 patients and 500 draws."""
    generator = np.random.default_rng(0)
    truth = np.arange(300) % 3
    cells = np.zeros((300, 9), dtype=int)
    cells[np.arange(300), 3 * truth + generator.integers(0, 3, 300)] = 1
    began = time.perf_counter()
    for _ in range(6):
        times = bootstrap.cluster_draws(truth, draws=500, generator=generator)
        bootstrap.balanced_accuracies(bootstrap.confusion_draws(cells.reshape(-1, 3, 3), times))
    return time.perf_counter() - began


def _import(modules: str) -> float:
    """Seconds of a fresh interpreter that imports these."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {modules}"], check=True, capture_output=True)
    return time.perf_counter() - began
