"""Sheets of the cines that an arm called wrong."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from cinemyo.config import Arm
from cinemyo.labels import DISPLAY, PHASES
from cinemyo.layout import Layout
from cinemyo.preparation.canvas import crop, read_pages
from cinemyo.record.figures import TEXT, canvas, headline, png

SHOWN: Final = 40
"""Cines on a sheet at most; the list beside it has all."""
ACROSS: Final = 4
CELL: Final = (2.08, 1.56)
"""Width and height of a pair with its caption, in sides of an image."""
CAPTION: Final = 0.52
"""Height of the caption above a pair."""


def read_pairs(
    cine_ids: Sequence[str], *, arm: Arm, layout: Layout, prepared: pd.DataFrame, phases: pd.DataFrame
) -> list[UInt8[np.ndarray, "2 side side"]]:
    """Diastole and systole of each cine as the arm saw them, whichever phases it used.

    Raises:
        SourceError: a canvas is absent.
    """
    centres, indices = (frame.set_index("cine_id").to_dict("index") for frame in (prepared, phases))
    pairs = []
    for cine in cine_ids:
        frames = [int(indices[cine][f"{phase}_index"]) for phase in PHASES]
        both = read_pages(layout.prepared(arm.recipe) / f"{cine}.tif", frames)
        centre = float(centres[cine]["centre_row_px"]), float(centres[cine]["centre_column_px"])
        pairs.append(both if arm.crop_px is None else crop(both, centre=centre, side=arm.crop_px))
    return pairs


def case_sheet(
    cases: pd.DataFrame, *, pairs: Sequence[UInt8[np.ndarray, "2 side side"]], title: str, note: str
) -> bytes:
    """The first cases with diastole and systole side by side, truth, call and its probability, and a review flag.

    Source: Germain 2021, §2.4 ("all errors looked at")
    """
    shown = cases.head(SHOWN)
    rows = max(1, -(-len(shown) // ACROSS))
    figure = canvas(2.9 * ACROSS, 2.15 * rows + 1)
    axes = figure.add_subplot()
    axes.axis("off")
    for index, (case, pair) in enumerate(zip(shown.to_dict("records"), pairs, strict=False)):
        row, column = divmod(index, ACROSS)
        left, top = column * CELL[0], row * CELL[1] + CAPTION
        axes.imshow(np.hstack(list(pair)), cmap="gray", vmin=0, vmax=255, extent=(left, left + 2, top + 1, top))
        caption = _caption({str(key): value for key, value in case.items()})
        axes.text(left + 1, top - 0.04, caption, fontsize=TEXT, ha="center", va="bottom")
    axes.set_xlim(0, ACROSS * CELL[0])
    axes.set_ylim(rows * CELL[1], 0)
    if shown.empty:
        figure.text(0.5, 0.5, "No cine was misclassified.", fontsize=12, ha="center")
    key = f"truth → call and its probability; diastole left, systole right; {len(shown)} of {len(cases)} cines"
    headline(figure, title, note=f"{key}, the most confident first; {note}")
    return png(figure)


def _caption(case: dict[str, object]) -> str:
    truth, predicted = str(case["truth"]), str(case["predicted"])
    flags = [name for name in ("region", "phase") if case[f"{name}_review"] is True]
    review = f"\nreview {' and '.join(flags)}" if flags else ""
    called = f"{DISPLAY[truth]} → {DISPLAY[predicted]} {case[f'p_{predicted}']:.2f}"
    return f"{called}\n{case['cine_id']}{review}"
