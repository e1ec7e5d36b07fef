"""A page of images under their heat, placed by inches; what all drawings of heat maps share."""

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from contourpy import contour_generator
from jaxtyping import Float, UInt8
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from cinemyo.explain.attention import Heart

COLOURS: Final = "inferno"
OPACITY: Final = 0.65
OUTLINE: Final = "#4dd0ff"
INK: Final = "#111111"
RED: Final = "#b00020"
DPI: Final = 100
GAP: Final = 0.06
"""Between two images, inches, as all lengths here."""


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
        """Outlines left ventricle and, thinner, heart: solid where a mask shows them, dashed where discs stand in."""
        style = "solid" if heart.origin == "mask" else "dashed"
        for area, width in ((heart.left_ventricle, 0.9), (heart.whole, 0.5)):
            if not area.any() or area.all():
                continue
            middles = (np.arange(area.shape[0]) + 0.5) * side / area.shape[0]
            # a tenth of the time of the axes' own contours
            lines: Any = contour_generator(x + middles, y + middles, area.astype(float)).lines(0.5)
            self._axes.add_collection(LineCollection(lines, colors=OUTLINE, linewidths=width, linestyles=style))

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


def heated(
    sheet: Sheet,
    image: UInt8[np.ndarray, "y x"],
    *,
    heat: Float[np.ndarray, "y x"],
    peak: float,
    heart: Heart,
    at: tuple[float, float],
    side: float,
) -> None:
    """Places an image under its heat, with the outline of the left ventricle; `peak` is the heat of full colour."""
    x, y = at
    sheet.image(overlay(image, heat=heat, peak=peak), x=x, y=y, side=side)
    sheet.outline(heart, x=x, y=y, side=side)
    if not heat.max() > 0:
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
