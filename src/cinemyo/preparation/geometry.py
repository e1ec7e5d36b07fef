"""Square grids with the image centre in the middle: where a pixel lies, and the image resampled onto it."""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813
from jaxtyping import Bool, Float


@dataclass(frozen=True)
class Grid:
    """A square grid over an image, its centre on the image's centre (at most half a pixel off where nothing moves)."""

    shape: tuple[int, int]
    """Rows and columns of the image."""
    spacing: tuple[float, float]
    """Distance between rows and between columns of the image, mm."""
    pixel_mm: float | None
    """Side of the grid's pixels; None keeps the image's own, and no value is interpolated."""
    side: int

    @property
    def step_mm(self) -> tuple[float, float]:
        """Distance between rows and between columns of the grid."""
        return self.spacing if self.pixel_mm is None else (self.pixel_mm, self.pixel_mm)

    @property
    def origin_mm(self) -> tuple[float, float]:
        """Centre of the grid's first pixel, from the centre of the image's first pixel, down and to the right."""
        if self.pixel_mm is None:
            offsets = [(size - self.side) // 2 for size in self.shape]
            return offsets[0] * self.spacing[0], offsets[1] * self.spacing[1]
        middles = [(size - 1) / 2 * step for size, step in zip(self.shape, self.spacing, strict=True)]
        half = (self.side - 1) / 2 * self.pixel_mm
        return middles[0] - half, middles[1] - half

    def to_pixels(self, row_mm: float, column_mm: float) -> tuple[float, float]:
        """Row and column in grid pixels of a point given in mm from the centre of the image's first pixel."""
        (top, left), (down, right) = self.origin_mm, self.step_mm
        return (row_mm - top) / down, (column_mm - left) / right

    def to_mm(self, row: float, column: float) -> tuple[float, float]:
        """Point in mm from the centre of the image's first pixel of a row and column in grid pixels."""
        (top, left), (down, right) = self.origin_mm, self.step_mm
        return top + row * down, left + column * right

    @property
    def inside(self) -> Bool[np.ndarray, "side side"]:
        """Which grid pixels have their centre on the image, whose outer pixels reach half a pixel beyond theirs."""
        axes = []
        for axis in range(2):
            index = (self.origin_mm[axis] + np.arange(self.side) * self.step_mm[axis]) / self.spacing[axis]
            axes.append((index >= -0.5) & (index <= self.shape[axis] - 0.5))
        return np.logical_and.outer(axes[0], axes[1])


def resample(frames: Float[np.ndarray, "t y x"], *, grid: Grid) -> Float[np.ndarray, "t side side"]:
    """Frames on the grid, bilinear between pixel centres; zero outside the image.

    Source: Germain 2021, §2.3
    """
    if grid.pixel_mm is None:
        return _placed(frames, grid=grid)
    image = sitk.GetImageFromArray(np.ascontiguousarray(np.moveaxis(frames, 0, -1)), isVector=True)
    image.SetSpacing((grid.spacing[1], grid.spacing[0]))
    resampler = sitk.ResampleImageFilter()
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.SetSize((grid.side, grid.side))
    resampler.SetOutputSpacing((grid.step_mm[1], grid.step_mm[0]))
    resampler.SetOutputOrigin((grid.origin_mm[1], grid.origin_mm[0]))
    resampler.SetDefaultPixelValue(0)
    resampled = sitk.GetArrayFromImage(resampler.Execute(image))
    return np.moveaxis(resampled.reshape(grid.side, grid.side, len(frames)), -1, 0)


def _placed(frames: Float[np.ndarray, "t y x"], *, grid: Grid) -> Float[np.ndarray, "t side side"]:
    placed = np.zeros((len(frames), grid.side, grid.side), frames.dtype)
    to, source = [], []
    for size in grid.shape:
        offset = (size - grid.side) // 2
        to.append(slice(max(-offset, 0), max(-offset, 0) + min(size, grid.side)))
        source.append(slice(max(offset, 0), max(offset, 0) + min(size, grid.side)))
    placed[:, to[0], to[1]] = frames[:, source[0], source[1]]
    return placed
