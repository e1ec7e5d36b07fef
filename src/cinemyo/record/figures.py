"""Figures of an evaluation as PNG: confusion matrices, learning curves, accuracies; same figures, same bytes."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Int
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cinemyo.labels import DISPLAY

DPI: Final = 120
TEXT: Final = 9
"""Smallest text, points."""
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#555555"
"""Of Okabe and Ito's palette, told apart by the colour-blind."""


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix with the title of its panel."""

    title: str
    counts: Int[np.ndarray, "truth predicted"]


def canvas(width: float, height: float) -> Figure:
    """An empty figure of that size in inches, outside of any global state."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as PNG without time or software in it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def headline(figure: Figure, title: str, *, note: str) -> None:
    """Writes the title, and under the figure what must be said of it (synthetic, leaky, ...)."""
    columns = int(figure.get_figwidth() * 13)
    figure.suptitle("\n".join(textwrap.wrap(title, columns)), fontsize=12, fontweight="bold")
    figure.supxlabel("\n".join(textwrap.wrap(note, columns)), fontsize=TEXT, color=GREY)


def confusion_figure(matrices: Sequence[Matrix], *, classes: Sequence[str], title: str, note: str) -> bytes:
    """Confusion matrices side by side: counts and, under them, per cent of the row; shade = that per cent.

    Source: Germain 2021, Table 3
    """
    side = 1.6 + 0.9 * len(classes)
    figure = canvas(side * len(matrices) + 0.6, side + 0.9)
    for index, matrix in enumerate(matrices):
        _draw_matrix(figure.add_subplot(1, len(matrices), index + 1), matrix, classes=classes)
    headline(figure, title, note=note)
    return png(figure)


def _draw_matrix(axes: Axes, matrix: Matrix, *, classes: Sequence[str]) -> None:
    rows = matrix.counts.sum(axis=1, keepdims=True)
    shares = matrix.counts / np.maximum(rows, 1)
    axes.imshow(shares, cmap=colormaps["Blues"], vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix.counts):
        ink = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row - 0.12, f"{count}", ha="center", va="center", color=ink, fontsize=13)
        axes.text(column, row + 0.22, f"{shares[row, column]:.0%}", ha="center", va="center", color=ink, fontsize=TEXT)
    names = [DISPLAY[name].replace(", ", ",\n") for name in classes]
    counted = [f"{name}\n(n = {n})" for name, n in zip(names, rows[:, 0], strict=True)]
    axes.set_xticks(range(len(classes)), names, fontsize=TEXT)
    axes.set_yticks(range(len(classes)), counted, fontsize=TEXT)
    axes.set_xlabel("predicted", fontsize=10)
    axes.set_ylabel("truth", fontsize=10)
    axes.set_title(matrix.title, fontsize=10)
    axes.tick_params(length=0)


def learning_curves(history: pd.DataFrame, *, title: str, note: str) -> bytes:
    """Loss and accuracy by epoch: a thin line per fold, a thick one for their mean.

    Source: Germain 2021, §2.5
    """
    figure = canvas(9, 3.9)
    for index, (measure, name) in enumerate({"loss": "Loss", "accuracy": "Accuracy"}.items()):
        axes = figure.add_subplot(1, 2, index + 1)
        for side, colour, style in (("train", BLUE, "-"), ("validation", ORANGE, "--")):
            _draw_curves(axes, history, column=f"{side}_{measure}", colour=colour, style=style)
        axes.set_xlabel("epoch", fontsize=10)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel(name, fontsize=10)
        axes.set_ylim(0, 1.02 if measure == "accuracy" else 1.05 * axes.get_ylim()[1])
        axes.set_xlim(0.5, float(history["epoch"].max()) + 0.5)
        axes.tick_params(labelsize=TEXT)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=TEXT, frameon=False)
    headline(figure, title, note=note)
    return png(figure)


def _draw_curves(axes: Axes, history: pd.DataFrame, *, column: str, colour: str, style: str) -> None:
    curves = history.pivot_table(index="epoch", columns="fold", values=column, dropna=False).astype(float)
    if curves.empty or curves.isna().all(axis=None):
        return
    side = column.partition("_")[0]
    mark = "o" if len(curves) == 1 else None
    for fold in curves.columns:
        axes.plot(curves.index, curves[fold], style, color=colour, linewidth=0.7, alpha=0.45, marker=mark)
    axes.plot(curves.index, curves.mean(axis=1), style, color=colour, linewidth=2.2, marker=mark, label=side)


def accuracy_figure(arms: Mapping[str, Mapping[str, Any]], *, title: str, note: str) -> bytes:
    """Accuracy of every arm by cine and by patient with the interval by patient, over the dots of its folds.

    `arms` is that of `metrics.json`.

    Source: Germain 2021, Table 2
    """
    figure = canvas(8, 1.9 + 0.62 * len(arms))
    axes = figure.add_subplot()
    for index, figures in enumerate(arms.values()):
        _draw_accuracies(axes, figures, row=index)
    names = [f"{name}\n{'leaky: by input' if own['leaky'] else own['target']}" for name, own in arms.items()]
    axes.set_yticks(range(len(arms)), names, fontsize=TEXT)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    ends = [own["accuracy_folds"] + own["accuracy_interval"] + own.get("patient_interval", []) for own in arms.values()]
    axes.set_xlim(min([0.5, *(min(own) for own in ends)]) - 0.03, 1.01)
    axes.set_xlabel("accuracy", fontsize=10)
    axes.tick_params(labelsize=TEXT)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    legend = axes.legend(
        unique.values(), unique.keys(), fontsize=TEXT, ncols=3, loc="lower right", bbox_to_anchor=(1, 1)
    )
    legend.set_frame_on(False)
    headline(figure, title, note=note)
    return png(figure)


def _draw_accuracies(axes: Axes, figures: Mapping[str, Any], *, row: int) -> None:
    folds = figures["accuracy_folds"]
    axes.plot(folds, [row - 0.15] * len(folds), "o", color=GREY, markersize=3, alpha=0.6, label="folds, by cine")
    levels = [("accuracy", "accuracy_interval", "by cine", "o", BLUE, -0.15)]
    levels += [("patient_accuracy", "patient_interval", "by patient", "D", ORANGE, 0.18)]
    for value, interval, label, mark, colour, shift in levels:
        if figures.get(value) is None:
            continue
        axes.plot(figures[interval], [row + shift] * 2, "-", color=colour, linewidth=2)
        axes.plot(figures[value], row + shift, mark, color=colour, markersize=7, label=label)
