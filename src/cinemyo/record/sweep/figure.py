"""Validation accuracy of the jobs of a sweep against what an answer costs; same jobs, same bytes."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cinemyo.record.figures import BLUE, GREY, ORANGE, TEXT, canvas, headline, png

MARKS: Final = "osD^vP*Xhp<>"
HUES: Final = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", GREY, "#000000")
"""Of Okabe and Ito's palette."""
NAMED: Final = 12
"""More jobs than these are told apart by backbone alone; the table beside it names them."""


def accuracy_against_cost(ranked: pd.DataFrame, *, title: str, note: str) -> bytes:
    """Mean accuracy over the inner validation parts, bars of one standard deviation over folds, against GFLOP a cine.

    A panel per target; a mark and colour per backbone; the numbers are ranks. Jobs that no other one beats at lower or
    equal cost are joined by a line.
    """
    known = ranked[ranked["rank"].notna()]
    targets = list(dict.fromkeys(known["target"])) or ["pathology"]
    figure = canvas(7.5 * len(targets), 4.8)
    for place, target in enumerate(targets):
        axes = figure.add_subplot(1, len(targets), place + 1)
        _draw(axes, known[known["target"] == target])
        axes.set_title(target, fontsize=10)
    headline(figure, title, note=note)
    return png(figure)


def front(gflop: np.ndarray, *, accuracy: np.ndarray) -> np.ndarray:
    """Positions of the jobs that are better than every cheaper one, in order of their cost."""
    order = np.lexsort((-accuracy, gflop))
    best = np.concatenate([[-np.inf], np.maximum.accumulate(accuracy[order])[:-1]])
    return np.asarray(order[accuracy[order] > best])


def _draw(axes: Axes, jobs: pd.DataFrame) -> None:
    gflop, accuracy = (jobs[name].to_numpy(float) for name in ("gflop", "validation_accuracy"))
    spread = jobs["validation_accuracy_sd"].astype(float).fillna(0).to_numpy()
    for index, backbone in enumerate(sorted(jobs["backbone"].unique())):
        own = (jobs["backbone"] == backbone).to_numpy()
        axes.errorbar(
            gflop[own],
            accuracy[own],
            yerr=spread[own],
            fmt=MARKS[index % len(MARKS)],
            color=HUES[index % len(HUES)],
            markersize=7,
            elinewidth=0.8,
            capsize=2,
            label=backbone,
        )
    leading = front(gflop, accuracy=accuracy)
    axes.plot(gflop[leading], accuracy[leading], "-", color=GREY, linewidth=1, zorder=0, label="best at its cost")
    for x, y, rank in zip(gflop[:NAMED], accuracy[:NAMED], jobs["rank"].tolist()[:NAMED], strict=True):
        axes.annotate(f"{rank}", (x, y), xytext=(5, 4), textcoords="offset points", fontsize=TEXT)
    if len(jobs):
        axes.set_xscale("log")
        axes.legend(fontsize=TEXT, frameon=False)
    axes.set_xlabel("GFLOP to answer one cine", fontsize=10)
    axes.set_ylabel("accuracy, inner validation", fontsize=10)
    axes.tick_params(labelsize=TEXT)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
