"""Figures of the page: where each stands, its words, what made it, and the image itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cinemyo.layout import Layout
from cinemyo.record.embedding import embedded_bytes
from cinemyo.record.report.traces import Trace, trace

PLACES: Final = {
    "accuracy": ("performance", "Accuracy of the arms"),
    "confusion": ("performance", "Confusion matrices"),
    "figure_3": ("errors", "Figure 3 of the paper, remade from cases of this study"),
    "figure_4": ("errors", "Figure 4 of the paper, remade from cases of this study"),
    "learning": ("paper", "Learning curves"),
    "reliability": ("calibration", "Reliability"),
    "selective": ("calibration", "Selective prediction"),
}
"""Section and words by the beginning of a file's name; what is not here stands with the performance."""
OF_ARMS: Final = ("confusion_", "learning_", "reliability_")
"""Figures of which each arm has its own: those of an arm that was removed are none of the study."""
DRAWN_HERE: Final = "confusion"
"""Figures that the page shows as tables instead."""


@dataclass(frozen=True)
class Picture:
    """An image inside the page."""

    title: str
    source: str
    """A data URI."""
    trace: Trace
    section: str = ""
    arm: str = ""
    """The arm it is of; none for a figure of all."""


def pictures(layout: Layout, *, arms: Iterable[str]) -> list[Picture]:
    """The figures that evaluate drew, of the arms of the study alone, in the order of their names."""
    names = sorted(arms, key=len, reverse=True)
    found = []
    for path in sorted(layout.figures.glob("*.png")):
        section, words = place(path.stem)
        arm = next((name for name in names if path.stem.endswith(f"_{name}")), "")
        is_ghost = not arm and path.stem.startswith(OF_ARMS)
        if path.stem.startswith(DRAWN_HERE) or is_ghost:
            continue
        title = f"{words}, arm {arm}" if arm else words
        found.append(Picture(title, source(path), trace(path, layout=layout), section, arm))
    return found


def place(stem: str) -> tuple[str, str]:
    """The section and the words of a figure by the name of its file."""
    known = [prefix for prefix in PLACES if stem.startswith(prefix)]
    if known:
        return PLACES[max(known, key=len)]
    return "performance", stem.replace("_", " ").capitalize()


def picture(path: Path, *, title: str, layout: Layout, arm: str = "") -> Picture:
    """An image file as a picture of the page."""
    return Picture(title, source(path), trace(path, layout=layout), arm=arm)


def source(path: Path) -> str:
    """An image file as a data URI."""
    return embedded_bytes(path.read_bytes())
