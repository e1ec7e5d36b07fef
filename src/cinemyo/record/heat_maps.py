"""Drawings of heat maps: one sheet per case, and an overview per arm."""

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cinemyo.config import Study
from cinemyo.explain.arm import Case
from cinemyo.explain.attention import Heart
from cinemyo.labels import DISPLAY, LEAKY_SCHEMES, Phase, Scheme

COLOURS: Final = "inferno"
OPACITY: Final = 0.65
OUTLINE: Final = "#4dd0ff"
DPI: Final = 100
CELL_IN: Final = 1.5
"""Side of one image on a sheet, inches."""
MAX_WRONG: Final = 12
"""Misclassified cines on an overview; each has a sheet of its own."""


def draw_case(case: Case, *, phases: Sequence[Phase], standing: str) -> bytes:
    """PNG of one cine: a row per phase with its image, then the heat for the true and the predicted class."""
    heads = ["image", *(_role(case, name) for name in case.answer.classes)]
    figure, axes = _grid(len(phases), len(heads), cell=2.6, left=0.35, top=1.15)
    for row, phase in enumerate(phases):
        _label(axes[row][0], DISPLAY[phase])
        _draw_row(axes[row], case, index=row)
    for axis, head in zip(axes[0], heads, strict=True):
        axis.set_title(head, fontsize=9)
    _title(figure, [_verdict(case), _note(case), standing])
    return _png(figure)


def draw_overview(cases: Sequence[Case], *, arm: str, phases: Sequence[Phase], standing: str) -> bytes:
    """PNG of an arm: a line per case; the misclassified first (at most 12), then the sample of correct ones."""
    wrong = [case for case in cases if not case.answer.correct]
    right = [case for case in cases if case.answer.correct]
    shown = [*wrong[:MAX_WRONG], *right]
    n = len(phases)
    figure, axes = _grid(max(len(shown), 1), 3 * n, cell=CELL_IN, left=1.55, top=1.15)
    for line, case in enumerate(shown):
        _overview_line(axes[line], case, n=n)
    for axis in axes.flat:
        axis.set_axis_off() if not axis.has_data() else None
    for column, axis in enumerate(axes[0]):
        axis.set_title(
            f"{('image', 'true class', 'predicted class')[column // n]}\n{DISPLAY[phases[column % n]]}", fontsize=8
        )
    count = f"{min(len(wrong), MAX_WRONG)} of {len(wrong)} misclassified cines, then {len(right)} correct ones"
    _title(figure, [f"Grad-CAM, arm {arm}", f"{count}; {_legend(shown)}; brighter = more heat", standing])
    return _png(figure)


def _overview_line(axes: Any, case: Case, *, n: int) -> None:
    answer = case.answer
    said = f"{DISPLAY[answer.predicted]} {answer.probability:.2f}"
    text = f"{answer.cine_id[:8]}…\ntrue {DISPLAY[answer.truth]}\npred. {said}"
    colour = "#111111" if answer.correct else "#b00020"
    axes[0].annotate(text, (-0.08, 0.5), xycoords="axes fraction", ha="right", va="center", fontsize=7.5, color=colour)
    for index in range(n):
        _image(axes[index], case.images[index])
        for place, name in enumerate(case.answer.classes, start=1):
            _heated(axes[place * n + index], case, name=name, index=index)


def _draw_row(axes: Any, case: Case, *, index: int) -> None:
    _image(axes[0], case.images[index])
    for axis, name in zip(axes[1:], case.answer.classes, strict=True):
        _heated(axis, case, name=name, index=index)


def _heated(axis: Axes, case: Case, *, name: str, index: int) -> None:
    peak = float(case.heat[name].max())
    axis.imshow(overlay(case.images[index], heat=case.heat[name][index], peak=peak), interpolation="nearest")
    _outline(axis, case.hearts[index])
    if not case.heat[name][index].max() > 0:
        axis.text(0.5, 0.06, "no heat", transform=axis.transAxes, ha="center", color="white", fontsize=8)


def overlay(
    image: UInt8[np.ndarray, "y x"], *, heat: Float[np.ndarray, "y x"], peak: float
) -> Float[np.ndarray, "y x 3"]:
    """A gray image under its heat, colours and opacity growing with heat; `peak` is the heat of full colour."""
    gray = np.repeat(image[..., None] / 255, 3, axis=-1)
    level = np.clip(heat / peak, 0, 1) if peak > 0 else np.zeros(heat.shape)
    colour = colormaps[COLOURS](level)[..., :3]
    alpha = (OPACITY * np.sqrt(level))[..., None]
    mixed: Float[np.ndarray, "y x 3"] = (1 - alpha) * gray + alpha * colour
    return mixed.clip(0, 1)


def _outline(axis: Axes, heart: Heart) -> None:
    area = heart.left_ventricle
    if not area.any() or area.all():
        return
    style = "solid" if heart.origin == "mask" else "dashed"
    axis.contour(area.astype(float), levels=[0.5], colors=OUTLINE, linewidths=0.9, linestyles=style)


def _image(axis: Axes, image: UInt8[np.ndarray, "y x"]) -> None:
    axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def _grid(rows: int, columns: int, *, cell: float, left: float, top: float) -> tuple[Figure, Any]:
    width, height = left + columns * (cell + 0.06) + 0.1, top + rows * (cell + 0.06) + 0.1
    figure = Figure(figsize=(max(width, 5.6), height), dpi=DPI, facecolor="white")
    axes = figure.subplots(rows, columns, squeeze=False)
    figure.subplots_adjust(
        left=left / max(width, 5.6),
        right=(width - 0.1) / max(width, 5.6),
        top=1 - top / height,
        bottom=0.1 / height,
        wspace=0.04,
        hspace=0.04,
    )
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    return figure, axes


def _label(axis: Axes, text: str) -> None:
    axis.annotate(text, (-0.04, 0.5), xycoords="axes fraction", ha="right", va="center", rotation=90, fontsize=10)


def _title(figure: Figure, lines: Sequence[str]) -> None:
    height = figure.get_figheight()
    kept = [line for line in lines if line]
    for index, line in enumerate(kept):
        last = index == len(kept) - 1 and len(kept) > 2
        figure.text(
            0.1 / figure.get_figwidth(),
            1 - (0.2 + 0.2 * index) / height,
            line,
            fontsize=11 if index == 0 else 8,
            fontweight="bold" if index == 0 else "normal",
            color="#b00020" if last else "#111111",
            va="center",
        )


def _verdict(case: Case) -> str:
    answer = case.answer
    outcome = "correct" if answer.correct else "misclassified"
    return f"{DISPLAY[answer.truth]} answered as {DISPLAY[answer.predicted]} ({answer.probability:.2f}): {outcome}"


def _note(case: Case) -> str:
    return f"{case.answer.cine_id}, fold {case.answer.fold}; {_legend([case])}; brighter = more heat"


def _legend(cases: Sequence[Case]) -> str:
    origins = {heart.origin for case in cases for heart in case.hearts}
    shown = {"mask": "left ventricle by mask (solid)", "disc": "assumed disc (dashed)"}
    return "outline: " + ", ".join(text for origin, text in shown.items() if origin in origins) if origins else ""


def banner(study: Study, *, scheme: Scheme) -> str:
    """What every drawing must say of itself."""
    words = [study.notice] if study.notice else []
    words += ["Synthetic images"] if study.synthetic and not words else []
    words += ["Leaky split: patients in training and test"] if scheme in LEAKY_SCHEMES else []
    return ". ".join([*words, "Not for clinical use"])


def _role(case: Case, name: str) -> str:
    if case.answer.correct:
        return f"heat for {DISPLAY[name]}\n(true and predicted)"
    return f"heat for {DISPLAY[name]}\n({'true' if name == case.answer.truth else 'predicted'})"


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    # no Software entry: same figure, same bytes
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
