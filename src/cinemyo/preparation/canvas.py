"""Canvases: the whole cine resampled and windowed to 8 bit, full view, square; and the crops that models see."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from jaxtyping import Float, UInt8

from cinemyo.config import Recipe
from cinemyo.errors import SourceError
from cinemyo.preparation.geometry import Grid, resample
from cinemyo.tables import write_bytes


@dataclass(frozen=True)
class Region:
    """Where the left ventricle is, mm from the centre of the first pixel, and the gray window in stored values."""

    centre_row_mm: float
    centre_column_mm: float
    window_low: float
    window_high: float


@dataclass(frozen=True)
class Canvas:
    """One 8-bit page per phase, and how it lies to the image."""

    pages: UInt8[np.ndarray, "t side side"]
    pixel_mm: float
    """Side of a pixel; the geometric mean where native pixels are kept and are not square."""
    centre_row_px: float
    centre_column_px: float
    """Centre of the left ventricle, canvas pixels from the centre of the first."""
    padding_share: float
    """Share of the canvas outside the image."""
    clipped_share: float
    """Share of the image's pixels on the canvas above the window, over all phases."""


def make_canvas(
    frames: Float[np.ndarray, "t y x"], *, spacing: tuple[float, float], region: Region, recipe: Recipe
) -> Canvas:
    """The canvas of a cine by a recipe; spacing is the distance between rows and between columns in mm.

    Raises:
        SourceError: the gray window is empty, as for an image of one value.

    Source: Germain 2021, §2.3
    """
    low, high = window_of(frames, region=region, recipe=recipe)
    grid = Grid(
        shape=(frames.shape[1], frames.shape[2]), spacing=spacing, pixel_mm=recipe.pixel_mm, side=recipe.canvas_px
    )
    inside = grid.inside
    values = resample(frames.astype(np.float32, copy=False), grid=grid)
    row, column = grid.to_pixels(region.centre_row_mm, region.centre_column_mm)
    return Canvas(
        pages=to_bytes(values, low=low, high=high) * inside.astype(np.uint8),
        pixel_mm=float(np.sqrt(grid.step_mm[0] * grid.step_mm[1])),
        centre_row_px=row,
        centre_column_px=column,
        padding_share=float(1 - inside.mean()),
        clipped_share=float((values[:, inside] > high).mean()),
    )


def window_of(frames: Float[np.ndarray, "t y x"], *, region: Region, recipe: Recipe) -> tuple[float, float]:
    """Stored values that become 0 and 255: the region's for `heart`, the cine's extremes for `full_range`.

    Raises:
        SourceError: the two are equal, reversed or not finite.
    """
    if recipe.window == "heart":
        low, high = region.window_low, region.window_high
    else:
        low, high = float(frames.min()), float(frames.max())
    if np.isfinite(low) and np.isfinite(high) and low < high:
        return low, high
    got = f"{low:g} to {high:g}"
    remedy = "annotate the window or exclude the cine"
    raise SourceError("gray window", expected="low < high", got=got, remedy=remedy)


def to_bytes(values: Float[np.ndarray, "*shape"], *, low: float, high: float) -> UInt8[np.ndarray, "*shape"]:
    """Values as gray levels, low = 0 and high = 255, rounded, those beyond clipped."""
    return np.rint(np.clip((values - low) * (255 / (high - low)), 0, 255)).astype(np.uint8)


def crop(
    pages: UInt8[np.ndarray, "*lead y x"], *, centre: tuple[float, float], side: int
) -> UInt8[np.ndarray, "*lead side side"]:
    """The square of that side around a centre (row, column, pixels), zero beyond the canvas.

    Of an even side the pixel of the centre is the first of the second half.
    """
    top, left = (int(np.floor(value + 0.5)) - side // 2 for value in centre)
    height, width = pages.shape[-2:]
    cut = np.zeros((*pages.shape[:-2], side, side), pages.dtype)
    rows = slice(max(top, 0), min(top + side, height))
    columns = slice(max(left, 0), min(left + side, width))
    if rows.start < rows.stop and columns.start < columns.stop:
        cut[..., rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = pages[
            ..., rows, columns
        ]
    return cut


def write_pages(path: Path, pages: UInt8[np.ndarray, "t y x"]) -> None:
    """Writes a TIFF of one 8-bit page per phase; same pages, same bytes, and nothing else in the header."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as tiff:
        for page in pages:
            tiff.write(page, compression="adobe_deflate", metadata=None, software=False, contiguous=False)
    write_bytes(path, buffer.getvalue())


def read_pages(path: Path, indices: Sequence[int] | None = None) -> UInt8[np.ndarray, "n y x"]:
    """Pages of a TIFF by their index from 0, in the order asked for; all of them without indices.

    Raises:
        SourceError: no such file, or no such page in it.
    """
    if not path.is_file():
        raise SourceError(str(path), expected="a canvas", got="no file", remedy="run the stage prepare")
    with tifffile.TiffFile(path) as tiff:
        count = len(tiff.pages)
        chosen = range(count) if indices is None else indices
        if any(not 0 <= index < count for index in chosen):
            got = f"{list(chosen)} of {count}"
            raise SourceError(
                str(path), expected="pages of the cine", got=got, remedy="run the stages locate and prepare"
            )
        return np.stack([tiff.pages[index].asarray() for index in chosen])
