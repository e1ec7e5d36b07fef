"""Drawings of heat maps: one sheet per case, and an overview per arm."""

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cinemyo.config import Study
from cinemyo.explain.arm import Case
from cinemyo.explain.attention import Heart
from cinemyo.labels import DISPLAY, LEAKY_SCHEMES, Phase, Scheme

COLOURS: Final = "inferno"
OPACITY: Final = 0.65
OUTLINE: Final = "#4dd0ff"
INK: Final = "#111111"
RED: Final = "#b00020"
DPI: Final = 100
GAP: Final = 0.06
"""Between two images, inches, as all lengths here."""
LARGE: Final = 2.6
SMALL: Final = 1.4
TOP: Final = 1.15
LABEL: Final = 1.35
"""Width of the words beside a case of an overview."""
MAX_WRONG: Final = 12
"""Misclassified cines on an overview; each has a sheet of its own."""


class Sheet:
    """A white page on which images and words are placed by inches from the upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self._figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._size = width, height

    def image(self, pixels: np.ndarray, *, x: float, y: float, side: float) -> None:
        """Places an image, gray of 8 bits or RGB from 0 to 1."""
        area = (x, x + side, y + side, y)
        self._axes.imshow(
            pixels, cmap="gray", vmin=0, vmax=255, extent=area, aspect="auto", interpolation="nearest", origin="upper"
        )

    def outline(self, heart: Heart, *, x: float, y: float, side: float) -> None:
        """Outlines a left ventricle: solid where a mask shows it, dashed where a disc stands for it."""
        area = heart.left_ventricle
        if not area.any() or area.all():
            return
        middles = (np.arange(area.shape[0]) + 0.5) * side / area.shape[0]
        style = "solid" if heart.origin == "mask" else "dashed"
        self._axes.contour(
            x + middles, y + middles, area.astype(float), levels=[0.5], colors=OUTLINE, linewidths=0.9, linestyles=style
        )

    def text(self, words: str, *, x: float, y: float, **style: Any) -> None:
        """Places words."""
        self._axes.text(x, y, words, **{"fontsize": 8, "color": INK, "va": "center", **style})

    def headline(self, lines: Sequence[str]) -> None:
        """Writes a bold title, what it shows, and what must be said of it, in red."""
        styles: tuple[dict[str, Any], ...] = ({"fontsize": 11, "fontweight": "bold"}, {}, {"color": RED})
        for index, (line, style) in enumerate(zip(lines, styles, strict=True)):
            self.text(line, x=0.1, y=0.2 + 0.2 * index, **style)

    def png(self) -> bytes:
        """The page; same content, same bytes."""
        width, height = self._size
        self._axes.set(xlim=(0, width), ylim=(height, 0))
        self._axes.set_axis_off()
        buffer = io.BytesIO()
        FigureCanvasAgg(self._figure)
        self._figure.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()


def draw_case(case: Case, *, phases: Sequence[Phase], standing: str) -> bytes:
    """PNG of one cine: a row per phase with its image, then the heat for the true and the predicted class."""
    heads = ["image", *(_role(case, name) for name in case.answer.classes)]
    step, left = LARGE + GAP, 0.4
    sheet = Sheet(max(left + len(heads) * step, 6.2), TOP + len(phases) * step)
    sheet.headline([_verdict(case), _note(case), standing])
    for column, head in enumerate(heads):
        sheet.text(head, x=left + column * step + LARGE / 2, y=TOP - 0.2, ha="center", fontsize=9)
    for row, phase in enumerate(phases):
        y = TOP + row * step
        sheet.text(DISPLAY[phase], x=0.2, y=y + LARGE / 2, ha="center", rotation=90, fontsize=10)
        sheet.image(case.images[row], x=left, y=y, side=LARGE)
        for column, name in enumerate(case.answer.classes, start=1):
            _heated(sheet, case, name=name, index=row, x=left + column * step, y=y, side=LARGE)
    return sheet.png()


def draw_overview(cases: Sequence[Case], *, arm: str, phases: Sequence[Phase], standing: str) -> bytes:
    """PNG of an arm: the 12 surest errors at most on the left, the sample of correct cines on the right."""
    surest = sorted(cases, key=lambda case: -case.answer.probability)
    wrong = [case for case in surest if not case.answer.correct]
    right = [case for case in cases if case.answer.correct]
    step, n = SMALL + GAP, len(phases)
    middle = LABEL + 3 * n * step
    lines = max(len(wrong[:MAX_WRONG]), len(right), 1)
    sheet = Sheet(max(middle + LABEL + 2 * n * step, 9.0), TOP + lines * step)
    count = f"the {MAX_WRONG} surest of {len(wrong)}" if len(wrong) > MAX_WRONG else str(len(wrong))
    shown = f"left: {count} misclassified cines; right: a sample of {len(right)} correct ones"
    sheet.headline([f"Grad-CAM, arm {arm}", f"{shown}; {_legend(cases)}; brighter = more heat", standing])
    for block, heads, x in (
        (wrong[:MAX_WRONG], ("image", "true class", "predicted class"), LABEL),
        (right, ("image", "true class"), middle + LABEL),
    ):
        _heads(sheet, heads if block else (), phases=phases, x=x)
        for line, case in enumerate(block):
            _overview_line(sheet, case, n=n, x=x, y=TOP + line * step)
    return sheet.png()


def _heads(sheet: Sheet, heads: Sequence[str], *, phases: Sequence[Phase], x: float) -> None:
    step = SMALL + GAP
    for index, (head, phase) in enumerate((head, phase) for head in heads for phase in phases):
        sheet.text(f"{head}\n{DISPLAY[phase]}", x=x + index * step + SMALL / 2, y=TOP - 0.2, ha="center")


def _overview_line(sheet: Sheet, case: Case, *, n: int, x: float, y: float) -> None:
    answer, step = case.answer, SMALL + GAP
    said = f"{DISPLAY[answer.predicted]} {answer.probability:.2f}"
    words = f"{answer.cine_id[:8]}…\ntrue {DISPLAY[answer.truth]}\npred. {said}"
    colour = INK if answer.correct else RED
    sheet.text(words, x=x - 0.1, y=y + SMALL / 2, ha="right", fontsize=7.5, color=colour)
    for index in range(n):
        sheet.image(case.images[index], x=x + index * step, y=y, side=SMALL)
        for place, name in enumerate(answer.classes, start=1):
            _heated(sheet, case, name=name, index=index, x=x + (place * n + index) * step, y=y, side=SMALL)


def _heated(sheet: Sheet, case: Case, *, name: str, index: int, x: float, y: float, side: float) -> None:
    heat = case.heat[name]
    # one scale for all phases of a class, so that they can be compared
    sheet.image(overlay(case.images[index], heat=heat[index], peak=float(heat.max())), x=x, y=y, side=side)
    sheet.outline(case.hearts[index], x=x, y=y, side=side)
    if not heat[index].max() > 0:
        sheet.text("no heat", x=x + side / 2, y=y + 0.92 * side, ha="center", color="white")


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


def banner(study: Study, *, scheme: Scheme) -> str:
    """What every drawing must say of itself."""
    words = [study.notice] if study.notice else []
    words += ["Synthetic images"] if study.synthetic and not words else []
    words += ["Leaky split: patients in training and test"] if scheme in LEAKY_SCHEMES else []
    return ". ".join([*words, "Not for clinical use"])


def _verdict(case: Case) -> str:
    answer = case.answer
    outcome = "correct" if answer.correct else "misclassified"
    return f"{DISPLAY[answer.truth]} answered as {DISPLAY[answer.predicted]} ({answer.probability:.2f}): {outcome}"


def _note(case: Case) -> str:
    return f"{case.answer.cine_id}, fold {case.answer.fold}; {_legend([case])}; brighter = more heat"


def _legend(cases: Sequence[Case]) -> str:
    origins = {heart.origin for case in cases for heart in case.hearts}
    shown = {"mask": "left ventricle by mask (solid)", "disc": "assumed disc (dashed)"}
    return "outline: " + (", ".join(text for origin, text in shown.items() if origin in origins) or "none")


def _role(case: Case, name: str) -> str:
    if case.answer.correct:
        return f"heat for {DISPLAY[name]}\n(true and predicted)"
    return f"heat for {DISPLAY[name]}\n({'true' if name == case.answer.truth else 'predicted'})"
