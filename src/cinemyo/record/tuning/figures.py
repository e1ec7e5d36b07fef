"""A search as figures: its history, what mattered, its front; same trials, same bytes."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cinemyo.record.figures import BLUE, GREY, ORANGE, TEXT, canvas, headline, png
from cinemyo.tuning.objectives import DIRECTIONS
from cinemyo.tuning.space import Objective
from cinemyo.tuning.study import Told

NAMES: Final[dict[Objective, str]] = {
    "accuracy": "accuracy, inner validation",
    "nll": "negative log likelihood",
    "brier": "Brier score",
    "ece": "expected calibration error",
    "gflops": "GFLOP to answer one cine",
}


def history(trials: Sequence[Told], *, primary: Objective, title: str, note: str) -> bytes:
    """The first objective of each trial in order and the best so far; of a pruned one, the figure when it ended."""
    figure = canvas(8, 4.2)
    axes = figure.add_subplot()
    complete = [(trial.number, trial.figures[primary]) for trial in trials if trial.state == "complete"]
    pruned = [(trial.number, trial.curve[-1][1]) for trial in trials if trial.state == "pruned"]
    failed = [trial.number for trial in trials if trial.state == "failed"]
    if complete:
        x, y = np.array(complete).T
        axes.plot(x, y, "o", color=BLUE, markersize=6, label="complete")
        best = np.maximum.accumulate(y) if DIRECTIONS[primary] == "maximize" else np.minimum.accumulate(y)
        axes.step(x, best, where="post", color=BLUE, linewidth=1.2, label="best so far")
    if pruned:
        axes.plot(*np.array(pruned).T, "x", color=ORANGE, markersize=6, label="pruned, when it ended")
    for number in failed:
        axes.axvline(number, color=GREY, linewidth=0.8, linestyle=":", label="failed" if number == failed[0] else None)
    axes.set_xlim(-0.5, max((trial.number for trial in trials), default=0) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("trial", fontsize=10)
    axes.set_ylabel(NAMES[primary], fontsize=10)
    _finish(axes)
    return _png(figure, title=title, note=note)


def importances(shares: Mapping[str, float], *, title: str, note: str) -> bytes:
    """Bars of the share of each field in reaching the front."""
    figure = canvas(8, 1.8 + 0.4 * max(len(shares), 1))
    axes = figure.add_subplot()
    if not shares:
        axes.text(0.5, 0.5, "too few complete trials", ha="center", va="center", transform=axes.transAxes)
    axes.barh(range(len(shares)), list(shares.values()), color=BLUE, height=0.6)
    for row, share in enumerate(shares.values()):
        axes.text(share + 0.01, row, f"{share:.2f}", va="center", fontsize=TEXT)
    axes.set_yticks(range(len(shares)), list(shares), fontsize=TEXT)
    axes.set_ylim(max(len(shares), 1) - 0.5, -0.5)
    axes.set_xlim(0, 1.1)
    axes.set_xlabel("share of importance (PED-ANOVA)", fontsize=10)
    axes.tick_params(labelsize=TEXT)
    axes.spines[["top", "right"]].set_visible(False)
    return _png(figure, title=title, note=note)


def front(
    trials: Sequence[Told], *, members: Sequence[int], objectives: Sequence[Objective], title: str, note: str
) -> bytes:
    """The first objective against each other one; trials that no other beats in all of them carry their number."""
    primary, *others = objectives
    figure = canvas(max(6.0, 4.6 * len(others)), 4.4)
    complete = [trial for trial in trials if trial.state == "complete"]
    for place, other in enumerate(others):
        axes = figure.add_subplot(1, len(others), place + 1)
        for trial in complete:
            is_member = trial.number in members
            x, y = trial.figures[other], trial.figures[primary]
            axes.plot(x, y, "D" if is_member else "o", color=ORANGE if is_member else GREY, markersize=6)
            if is_member:
                axes.annotate(f"{trial.number}", (x, y), xytext=(5, 4), textcoords="offset points", fontsize=TEXT)
        axes.set_xlabel(NAMES[other], fontsize=10)
        axes.set_ylabel(NAMES[primary], fontsize=10)
        _finish(axes)
    return _png(figure, title=title, note=note)


def _finish(axes: Axes) -> None:
    axes.tick_params(labelsize=TEXT)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(handles, labels, fontsize=TEXT, frameon=False)


def _png(figure: Figure, *, title: str, note: str) -> bytes:
    headline(figure, title, note=note)
    return png(figure)
