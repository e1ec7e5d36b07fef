"""Gray values of blood: thresholds between tissues, and the window in which the brightest blood is white."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from cinemyo.config import Locate

CAVITY_MM: Final = 20.0
"""A disc of this radius round the centre holds blood of the left ventricle in any phase, and little fat."""
BRIGHTEST_BLOOD: Final = 1.5
"""Blood near the coil against the blood of the left ventricle: what is brighter yet is fat, fluid or an artefact."""
BINS: Final = 128


@dataclass(frozen=True)
class Window:
    """Stored values that become 0 and 255, with method and confidence."""

    low: float
    high: float
    method: str
    confidence: float


def disc(
    shape: tuple[int, int], *, spacing: tuple[float, float], centre: tuple[float, float], radius_mm: float
) -> Bool[np.ndarray, "y x"]:
    """Pixels within a radius of a centre in mm from the first pixel; at least the nearest pixel."""
    away = [(np.arange(size) * step - middle) ** 2 for size, step, middle in zip(shape, spacing, centre, strict=True)]
    square = away[0][:, None] + away[1][None]
    return np.asarray(square <= max(radius_mm**2, float(square.min())))


def tissue_thresholds(values: Float[np.ndarray, " n"]) -> tuple[float, float] | None:
    """The two values that part dark, middle and bright pixels best, or None where all are alike.

    Source: Otsu 1979, three classes
    """
    capped = np.minimum(values, np.percentile(values, 99.5))
    if capped.max() <= capped.min():
        return None
    counts, edges = np.histogram(capped, BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    mass = np.concatenate([[0], np.cumsum(counts)])
    moment = np.concatenate([[0], np.cumsum(counts * middles)])
    first, second = np.meshgrid(np.arange(1, BINS), np.arange(1, BINS), indexing="ij")
    cuts = [np.zeros_like(first), first, second, np.full_like(first, BINS)]
    spread = np.zeros(first.shape)
    for start, end in pairwise(cuts):
        spread += (moment[end] - moment[start]) ** 2 / np.maximum(mass[end] - mass[start], 1)
    row, column = np.unravel_index(np.where(second > first, spread, -np.inf).argmax(), spread.shape)
    return float(edges[first[row, column]]), float(edges[second[row, column]])


def heart_window(
    frames: Float[np.ndarray, "t y x"], *, spacing: tuple[float, float], centre: tuple[float, float], config: Locate
) -> Window:
    """The window of the heart over all phases: a percentile of the blood round the left ventricle becomes 255.

    The brightest pixels in the disc may be fat or fluid: they count up to a multiple of the ventricle's own blood.

    Departs from §2.3: there by hand; the aim is the same, brightest cardiac structures at 255.
    """
    shape = (frames.shape[1], frames.shape[2])
    heart = frames[:, disc(shape, spacing=spacing, centre=centre, radius_mm=config.window_radius_mm)].ravel()
    cavity = frames[:, disc(shape, spacing=spacing, centre=centre, radius_mm=CAVITY_MM)].ravel()
    tissues, inner = tissue_thresholds(heart), tissue_thresholds(cavity)
    low = float(np.percentile(heart, 100 - config.window_percentile))
    if tissues is None or inner is None:
        return Window(low, float(heart.max()), "extremes", 0.0)
    brightest = float(np.percentile(heart[heart >= tissues[1]], config.window_percentile))
    blood = float(np.median(cavity[cavity >= inner[0]]))
    high = min(brightest, low + BRIGHTEST_BLOOD * (blood - low))
    if high <= low:
        return Window(low, float(heart.max()), "extremes", 0.0)
    return Window(low, high, "blood_percentile", (high - low) / (brightest - low))
