"""Figures of calibration as PNG: reliability diagrams, accuracy against the share answered; same rows, same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from cinemyo.config import Params
from cinemyo.evaluation.calibration import claim, reliabilities
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.levels import hits_of
from cinemyo.evaluation.reliability import calibration_error, reliability
from cinemyo.evaluation.scoring import Scored
from cinemyo.evaluation.selective import curve, share_rows, unit_rows
from cinemyo.record.figures import BLUE, GREY, ORANGE, TEXT, canvas, headline, png

COLOURS: Final = (BLUE, ORANGE, "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
"""Of Okabe and Ito's palette; beyond them lines change their dashes."""
DASHES: Final = ("-", "--", ":", "-.")
CELLS: Final = 20
"""Of the histogram of confidence, from 0 to 1."""


@dataclass(frozen=True)
class Diagram:
    """One panel of a reliability figure."""

    title: str
    bins: pd.DataFrame
    """As `evaluation.reliability.reliability` makes them."""
    confidence: Float[np.ndarray, " row"]
    chance: float | None = None
    """Calibration error that a perfectly calibrated model would show at this n."""


def reliability_figure(diagrams: Sequence[Diagram], *, unit: str, title: str, note: str) -> bytes:
    """Accuracy against confidence by bin, with intervals by patient, over the histogram of confidence.

    `unit` is what a row is, in the plural: patients or cines.
    """
    figure = canvas(4.3 * len(diagrams) + 0.4, 5.6)
    grid = figure.add_gridspec(2, len(diagrams), height_ratios=[3.4, 1])
    for column, diagram in enumerate(diagrams):
        axes = figure.add_subplot(grid[0, column])
        _draw_bins(axes, diagram)
        below = figure.add_subplot(grid[1, column], sharex=axes)
        _draw_histogram(below, diagram, unit=unit)
    key = "dots: bins of as many rows, intervals by patient; straight line: perfectly calibrated"
    headline(figure, title, note="; ".join(filter(None, [key, note])))
    return png(figure)


def arm_reliability(scored: Scored, *, predictions: pd.DataFrame, params: Params) -> bytes:
    """The reliability diagram of an arm before and, where it has validation cines, after its temperatures.

    By patient; of views by cine.
    """
    level, rows = unit_rows(scored)
    measured = reliabilities(scored, predictions=predictions, params=params, level=level)
    diagrams = [Diagram(name, bins, confidence, chance) for name, (bins, confidence, chance) in measured.items()]
    words = f"n = {len(rows)} {level}s"
    note = "; ".join(
        filter(None, [words, claim(rows, evaluate=params.evaluate), standing(scored.arm, study=params.study)])
    )
    return reliability_figure(diagrams, unit=f"{level}s", title=f"{scored.name}: reliability by {level}", note=note)


def arms_selective(arms: Sequence[Scored], *, params: Params) -> bytes:
    """Accuracy against the share answered of these arms, with intervals of the primary one where it is among them."""
    curves, bands = {}, {}
    for scored in arms:
        _, rows = unit_rows(scored)
        confidence = scored.probabilities(rows).max(axis=1)
        name = f"{scored.name} (n = {len(rows)})"
        curves[name] = curve(hits_of(rows), confidence=confidence)
        if scored.name == params.study.primary:
            bands[name] = pd.DataFrame(share_rows(scored, rows=rows, level=params.evaluate.level))
    words = ["by patient, views by cine", "dots: intervals by patient" if bands else ""]
    words += ["synthetic phantoms" if params.study.synthetic else "", params.study.notice]
    note = "; ".join(filter(None, words))
    return selective_figure(curves, bands=bands, title="Accuracy against the share answered", note=note)


def fold_reliability(tested: pd.DataFrame, *, classes: Sequence[str], least: int, title: str, note: str) -> bytes:
    """The reliability diagram of the labelled test cines of one fold, for its run.

    `tested` has cine_id, patient_id, truth (class names) and p_<class>.
    """
    known = tested.dropna(subset="truth")
    shares = known[[f"p_{name}" for name in classes]].to_numpy(float)
    truth = known["truth"].map({name: index for index, name in enumerate(classes)}).to_numpy(int)
    clusters = known["patient_id"].to_numpy(object)
    if not len(known):
        return _empty_figure("No labelled test cine.", title=title, note=note)
    bins = reliability(shares, truth=truth, clusters=clusters, least=least)
    diagram = Diagram(f"by cine (n = {len(known)})", bins, shares.max(axis=1))
    return reliability_figure([diagram], unit="cines", title=title, note=note)


def _draw_bins(axes: Axes, diagram: Diagram) -> None:
    bins = diagram.bins
    axes.plot([0, 1], [0, 1], "-", color=GREY, linewidth=1)
    reach = [bins["accuracy"] - bins["low"], bins["high"] - bins["accuracy"]]
    axes.errorbar(bins["confidence"], bins["accuracy"], reach, fmt="o-", color=BLUE, linewidth=1.2, markersize=5)
    axes.text(0.98, 0.03, "\n".join(_words(diagram)), transform=axes.transAxes, fontsize=TEXT, ha="right")
    axes.set_xlim(0.2, 1.02)
    axes.set_ylim(0, 1.04)
    axes.set_ylabel("accuracy", fontsize=10)
    axes.set_title(diagram.title, fontsize=10)
    axes.tick_params(labelsize=TEXT, labelbottom=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _words(diagram: Diagram) -> list[str]:
    """What a panel says of its bins."""
    fewest, most = int(diagram.bins["n_patients"].min()), int(diagram.bins["n_patients"].max())
    each = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    words = [f"calibration error {calibration_error(diagram.bins):.3f}"]
    words += [] if diagram.chance is None else [f"a calibrated model would show {diagram.chance:.3f}"]
    return [*words, f"{each} patients a bin"]


def _draw_histogram(axes: Axes, diagram: Diagram, *, unit: str) -> None:
    axes.hist(diagram.confidence, bins=np.linspace(0, 1, CELLS + 1).tolist(), color=BLUE, alpha=0.7)
    axes.set_xlabel("confidence: probability of the favoured class", fontsize=10)
    axes.set_ylabel(unit, fontsize=10)
    axes.tick_params(labelsize=TEXT)
    axes.spines[["top", "right"]].set_visible(False)


def selective_figure(
    curves: Mapping[str, pd.DataFrame], *, bands: Mapping[str, pd.DataFrame], title: str, note: str
) -> bytes:
    """Accuracy against the share answered, a line per arm, the most confident answered first.

    `curves` are those of `evaluation.selective.curve`; `bands` has, for some of the arms, the rows of
    `evaluation.selective.share_rows`, drawn as intervals.
    """
    figure = canvas(7.6, 4.8)
    axes = figure.add_subplot()
    least = 1.0
    for index, (name, steps) in enumerate(curves.items()):
        colour, dash = COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]
        shown = steps[steps["share"] >= 0.1]
        axes.step(shown["share"], shown["accuracy"], dash, where="mid", color=colour, linewidth=1.8, label=name)
        least = min([least, *shown["accuracy"]])
        if name in bands:
            least = min(least, _draw_intervals(axes, bands[name], colour=colour))
    axes.set_xlim(0.1, 1.02)
    axes.set_ylim(max(0.0, least - 0.03), 1.01)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("share answered, the most confident first", fontsize=10)
    axes.set_ylabel("accuracy of what is answered", fontsize=10)
    axes.tick_params(labelsize=TEXT)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=TEXT, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    headline(figure, title, note=note)
    return png(figure)


def _draw_intervals(axes: Axes, rows: pd.DataFrame, *, colour: str) -> float:
    """Draws the intervals; the lowest of their bounds."""
    reach = [rows["accuracy"] - rows["accuracy_low"], rows["accuracy_high"] - rows["accuracy"]]
    axes.errorbar(rows["share_answered"], rows["accuracy"], reach, fmt="o", color=colour, markersize=5, capsize=3)
    return float(rows["accuracy_low"].min())


def _empty_figure(words: str, *, title: str, note: str) -> bytes:
    figure: Figure = canvas(4.7, 2.4)
    figure.text(0.5, 0.5, words, fontsize=12, ha="center")
    headline(figure, title, note=note)
    return png(figure)
