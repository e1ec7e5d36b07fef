"""The flow figure of a study, as CONSORT draws it: what went on at the left, what left at the right."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cinemyo.labels import DISPLAY
from cinemyo.record.figures import DPI, GREY, TEXT
from cinemyo.record.flow import Flow, Units, is_analysed

WIDTH: Final = 7.2
"""Inches: the text of an A4 or letter page."""
MAIN, SIDE = (0.1, 3.5), (3.75, 7.1)
"""Left and right edges of the two columns, inches."""
LINE: Final = TEXT * 1.45 / 72
PAD: Final = 0.09
GAP: Final = 0.3
MAIN_COLUMNS, SIDE_COLUMNS = 44, 44
"""Characters that fit a line of a box."""
CODES_SHOWN: Final = 12
EDGE: Final = "#222222"
SCHEME_WORDS: Final = {
    "honest": "by patient, hold-out drawn first",
    "paper": "by patient, nothing chosen on the folds",
    "paper_by_input": "by cine: patients in training and test (leaky)",
    "paper_holdout": "60 % training, 20 % validation, 20 % hold-out",
}


@dataclass(frozen=True)
class Box:
    """A box of the figure: lines of text, the first of them bold; edges in inches from the lower left corner."""

    lines: tuple[str, ...]
    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True)
class Step:
    """What goes on to the next step, and what leaves after it."""

    goes_on: tuple[str, ...]
    leaves: tuple[str, ...] = ()


def steps_of(flow: Flow) -> list[Step]:
    """The steps of a flow in words and counts."""
    analysed = [part for name, part in flow.parts.items() if is_analysed(name)]
    folds = sum(part.patients for part in analysed), sum(part.cines for part in analysed)
    named = f"In the {len(analysed)} folds" if len(analysed) > 1 else "In the test part"
    classes = [f"{DISPLAY.get(name, name)}: {counted(units)}" for name, units in flow.analysed_by_class.items()]
    return [
        Step((f"Files found: {flow.files}",), _files_out(flow)),
        Step(
            (f"Ingested: {counted(flow.found)}", f"made of {flow.files_used} files"),
            (f"Without a label: {counted(flow.unlabelled)}",),
        ),
        Step((f"Labelled: {counted(flow.labelled)}",), _parts_out(flow)),
        Step((f"{named}: {folds[1]} cines of {folds[0]} patients", SCHEME_WORDS[flow.scheme]), _answers_out(flow)),
        Step((f"Analysed, arm {flow.arm}: {counted(flow.analysed)}", *classes)),
    ]


def counted(units: Units) -> str:
    """`217 cines of 96 patients`."""
    cines, patients = "cine" if units.cines == 1 else "cines", "patient" if units.patients == 1 else "patients"
    return f"{units.cines} {cines} of {units.patients} {patients}" if units.cines else "0 cines"


def _files_out(flow: Flow) -> tuple[str, ...]:
    codes = list(flow.files_excluded.items())
    shown = codes if len(codes) <= CODES_SHOWN else codes[: CODES_SHOWN - 1]
    lines = [f"{code.replace('_', ' ')}: {count}" for code, count in shown]
    rest = codes[len(shown) :]
    lines += [f"{len(rest)} other codes: {sum(count for _, count in rest)}"] if rest else []
    return (f"Files excluded, by code: {sum(flow.files_excluded.values())}", *lines)


def _parts_out(flow: Flow) -> tuple[str, ...]:
    words = {"holdout": "Hold-out", "train": "Training part", "validation": "Validation part"}
    lines = [f"{words.get(name, name)}: {counted(part)}" for name, part in flow.parts.items() if not is_analysed(name)]
    lines += [f"In no part of this split: {counted(flow.unsplit)}"] if flow.unsplit.cines or not lines else []
    return tuple(lines)


def _answers_out(flow: Flow) -> tuple[str, ...]:
    head = f"Not answered: {counted(flow.unanswered)}"
    lines = [f"no canvas of recipe {flow.recipe}, or no label"]
    for recipe, count in flow.prepared.items():
        lost = flow.unprepared[recipe]
        codes = f" ({_codes(lost)})" if lost else ""
        lines.append(f"canvases {recipe}: {count} of {flow.found.cines}, excluded: {sum(lost.values())}{codes}")
    return (head, *lines)


def _codes(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{code.replace('_', ' ')}: {count}" for code, count in counts.items())


def boxes_of(steps: Sequence[Step]) -> tuple[list[tuple[Box, Box | None]], float]:
    """Boxes of each step with what leaves after it, none touching another, and the height of them all in inches."""
    placed: list[tuple[Box, Box | None]] = []
    top = 0.0
    for step in steps:
        lines = _wrapped(step.goes_on, columns=MAIN_COLUMNS)
        bottom = top - _height(lines)
        main = Box(lines, *MAIN, bottom, top)
        side, gap = None, GAP
        if step.leaves:
            out = _wrapped(step.leaves, columns=SIDE_COLUMNS)
            gap = _height(out) + 2 * PAD
            side = Box(out, *SIDE, bottom - PAD - _height(out), bottom - PAD)
        placed.append((main, side))
        top = bottom - gap
    height = -placed[-1][0].bottom
    return [(_raised(main, by=height), side and _raised(side, by=height)) for main, side in placed], height


def _raised(box: Box, *, by: float) -> Box:
    return Box(box.lines, box.left, box.right, box.bottom + by, box.top + by)


def _height(lines: Sequence[str]) -> float:
    return len(lines) * LINE + 2 * PAD


def _wrapped(lines: Sequence[str], *, columns: int) -> tuple[str, ...]:
    return tuple(part for line in lines for part in textwrap.wrap(line, columns, subsequent_indent="   "))


def flow_figure(flow: Flow, *, note: str) -> Figure:
    """The flow as a figure of the width of a page; text of 9 points and nothing smaller.

    Source: CONSORT 2010, flow diagram
    """
    return steps_figure(steps_of(flow), note=note)


def steps_figure(steps: Sequence[Step], *, note: str) -> Figure:
    """Steps as boxes: what goes on under one another, what leaves beside them."""
    placed, height = boxes_of(steps)
    under = textwrap.wrap(note, 96)
    foot = len(under) * LINE + 0.15 if under else 0.05
    figure = Figure(figsize=(WIDTH, height + foot + 0.05), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(-foot, height + 0.05)
    axes.axis("off")
    middle = sum(MAIN) / 2
    for (main, side), following in zip(placed, [*placed[1:], None], strict=True):
        _draw(axes, main)
        if following:
            _arrow(axes, (middle, main.bottom), (middle, following[0].top))
        if side:
            _draw(axes, side)
            level = (side.bottom + side.top) / 2
            _arrow(axes, (middle, level), (side.left, level))
    for row, line in enumerate(under):
        axes.text(MAIN[0], -0.1 - row * LINE, line, fontsize=TEXT, color=GREY, va="top")
    return figure


def _draw(axes: Axes, box: Box) -> None:
    size = box.right - box.left, box.top - box.bottom
    axes.add_patch(Rectangle((box.left, box.bottom), *size, facecolor="white", edgecolor=EDGE, linewidth=1))
    for row, line in enumerate(box.lines):
        weight = "bold" if row == 0 else "normal"
        axes.text(box.left + PAD, box.top - PAD - row * LINE, line, fontsize=TEXT, weight=weight, va="top")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": EDGE, "linewidth": 1, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def svg(figure: Figure) -> bytes:
    """The figure as SVG whose letters are paths; same figure, same bytes."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "cinemyo", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def alt_text(flow: Flow) -> str:
    """The flow in sentences, for those who do not see the figure."""
    said = []
    for step in steps_of(flow):
        said.append("; ".join(step.goes_on))
        said += [f"left out: {'; '.join(step.leaves)}"] if step.leaves else []
    return ". ".join(said) + "."
