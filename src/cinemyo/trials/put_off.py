"""The crops of one cine with its preparation put off, one thing at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8
from scipy import ndimage

from cinemyo.config import Arm, Recipe, Robustness
from cinemyo.preparation.canvas import Region, crop, make_canvas, read_pages
from cinemyo.sources.images import read_cine

Crops = Mapping[str, UInt8[np.ndarray, "phase y x"]]


@dataclass(frozen=True)
class Subject:
    """One cine as it was prepared, and where its canvas and image lie."""

    canvas: Path
    image: Path
    region: Region
    centre: tuple[float, float]
    """Of the left ventricle, canvas pixels, row and column."""
    pixel_mm: float
    n_frames: int
    frames: Mapping[str, int]
    """Index of diastole and systole."""

    @cached_property
    def reach(self) -> int:
        """Frames from diastole to systole, the shorter way round the cycle."""
        apart = abs(self.frames["systole"] - self.frames["diastole"])
        return min(apart, self.n_frames - apart)

    def pages(self, arm: Arm, *, later: int = 0) -> UInt8[np.ndarray, "phase y x"]:
        """The canvas at the arm's phases, or so many frames later in the cycle."""
        return read_pages(self.canvas, self._indices(arm, later=later))

    def rewindowed(self, arm: Arm, *, recipe: Recipe, shares: Sequence[float]) -> list[UInt8[np.ndarray, "phase y x"]]:
        """The canvases made again from the image, with windows wider by these shares, about their middle."""
        frames, *spacing = read_cine(self.image)
        wanted = frames[self._indices(arm)]
        return [
            make_canvas(
                wanted, spacing=(spacing[0], spacing[1]), region=widened(self.region, share=share), recipe=recipe
            ).pages
            for share in shares
        ]

    def _indices(self, arm: Arm, *, later: int = 0) -> list[int]:
        return [(self.frames[phase] + later) % self.n_frames for phase in arm.phases]


def preparations(subject: Subject, *, arm: Arm, recipe: Recipe, settings: Robustness) -> Crops:
    """The arm's crops by the name of the preparation (`measures.PREPARATIONS`), those that apply to this cine.

    The centre moves where there is a crop around it, the window where the recipe takes the region's. A frame is put
    off only by less than half the way to the other phase: beyond that it would be another phase, as in a source that
    holds diastole and systole alone.
    """
    return {
        **dict(_in_place(subject, arm=arm, settings=settings)),
        **dict(_in_time(subject, arm=arm, settings=settings)),
        **dict(_in_gray(subject, arm=arm, recipe=recipe, settings=settings)),
    }


def _in_place(
    subject: Subject, *, arm: Arm, settings: Robustness
) -> Iterator[tuple[str, UInt8[np.ndarray, "phase y x"]]]:
    pages = subject.pages(arm)
    yield "as_is", seen(pages, centre=subject.centre, side=arm.crop_px)
    if arm.crop_px is not None:
        (row, column), away = subject.centre, settings.centre_mm / subject.pixel_mm
        moved = {"up": (-away, 0.0), "down": (away, 0.0), "left": (0.0, -away), "right": (0.0, away)}
        for name, (down, right) in moved.items():
            yield f"centre_{name}", seen(pages, centre=(row + down, column + right), side=arm.crop_px)
    for name, degrees in (("turned_left", settings.rotation_degrees), ("turned_right", -settings.rotation_degrees)):
        yield name, turned(pages, centre=subject.centre, side=arm.crop_px, degrees=degrees)


def _in_time(
    subject: Subject, *, arm: Arm, settings: Robustness
) -> Iterator[tuple[str, UInt8[np.ndarray, "phase y x"]]]:
    if 2 * settings.frames >= subject.reach:
        return
    for name, later in (("frame_before", -settings.frames), ("frame_after", settings.frames)):
        yield name, seen(subject.pages(arm, later=later), centre=subject.centre, side=arm.crop_px)


def _in_gray(
    subject: Subject, *, arm: Arm, recipe: Recipe, settings: Robustness
) -> Iterator[tuple[str, UInt8[np.ndarray, "phase y x"]]]:
    if recipe.window != "heart":
        return
    shares = (-settings.window_share, settings.window_share)
    made = subject.rewindowed(arm, recipe=recipe, shares=shares)
    for name, pages in zip(("window_narrower", "window_wider"), made, strict=True):
        yield name, seen(pages, centre=subject.centre, side=arm.crop_px)


def widened(region: Region, *, share: float) -> Region:
    """The region with a window wider by this share of its width, about its middle."""
    half = (region.window_high - region.window_low) * share / 2
    return replace(region, window_low=region.window_low - half, window_high=region.window_high + half)


def seen(
    pages: UInt8[np.ndarray, "phase y x"], *, centre: tuple[float, float], side: int | None
) -> UInt8[np.ndarray, "phase side side"]:
    """The square around a centre, or the whole canvas."""
    return pages if side is None else crop(pages, centre=centre, side=side)


def turned(
    pages: UInt8[np.ndarray, "phase y x"], *, centre: tuple[float, float], side: int | None, degrees: float
) -> UInt8[np.ndarray, "phase side side"]:
    """The square with the image turned to the left about its middle, bilinear.

    It is taken from the canvas, so that no corner is missing that the canvas holds.
    """
    length = side or pages.shape[-1]
    middle = (length - 1) / 2
    # where `crop` puts the middle of the square
    tops = [int(np.floor(value + 0.5)) - length // 2 if side else 0 for value in centre]
    down, right = np.indices((length, length)) - middle
    sine, cosine = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    rows = tops[0] + middle + cosine * down + sine * right
    columns = tops[1] + middle - sine * down + cosine * right
    return np.stack([_sampled(page.astype(np.float32), rows=rows, columns=columns) for page in pages])


def _sampled(
    page: Float32[np.ndarray, "y x"], *, rows: Float[np.ndarray, "side side"], columns: Float[np.ndarray, "side side"]
) -> UInt8[np.ndarray, "side side"]:
    values = ndimage.map_coordinates(page, [rows, columns], order=1, mode="grid-constant", cval=0)
    sampled: UInt8[np.ndarray, "side side"] = np.rint(values).astype(np.uint8)
    return sampled
