"""Real whole series with their annotated phases, read in place, for tests that need them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import nibabel
import numpy as np
import pydicom

from cinemyo.preparation.planes import Plane
from cinemyo.preparation.region import View, locate_exam
from tests.preparation.test_region import CONFIG
from tests.shared import ACDC_CINE, SUNNYBROOK

SUNNYBROOK_PHASES = {"SCD0000101": (18, 7), "SCD0000201": (19, 6)}
FRAMES = 20


@dataclass(frozen=True, eq=False)
class Series:
    """A stack (t, slice, y, x) with its annotated frames from 0 and the centres that `locate_exam` finds."""

    frames: np.ndarray
    spacing: tuple[float, float]
    diastole: int
    systole: int

    @property
    def centres(self) -> list[tuple[float, float]]:
        extent = tuple((size - 1) * step for size, step in zip(self.frames.shape[2:], self.spacing, strict=True))
        down, right = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
        planes = [
            Plane(np.array([0.0, 0.0, 10.0 * at]), down, right, (extent[0], extent[1]))
            for at in range(self.frames.shape[1])
        ]
        views = [View(self.frames[:, at], self.spacing, plane) for at, plane in enumerate(planes)]
        return [(found.row_mm, found.column_mm) for found in locate_exam(views, config=CONFIG)]


def acdc_series() -> Iterator[Series]:
    """The whole series of ACDC in the order of their list: four dilated, four hypertrophic, four normal hearts."""
    with (ACDC_CINE / "spacing.csv").open() as file:
        for row in csv.DictReader(file):
            name = row["patient"]
            image = nibabel.nifti1.Nifti1Image.from_filename(ACDC_CINE / name / f"{name}_4d.nii.gz")
            frames = np.asarray(image.dataobj, np.float32).transpose(3, 2, 1, 0)
            spacing = float(row["true_dy_mm"]), float(row["true_dx_mm"])
            yield Series(frames, spacing, int(row["ed_frame"]) - 1, int(row["es_frame"]) - 1)


def sunnybrook_series() -> Iterator[Series]:
    """The two whole series of Sunnybrook."""
    for folder, (diastole, systole) in SUNNYBROOK_PHASES.items():
        paths = sorted((SUNNYBROOK / folder).glob("*.dcm"), key=lambda path: int(path.stem))
        images = [pydicom.dcmread(path) for path in paths]
        pixels = np.stack([image.pixel_array for image in images]).astype(np.float32)
        frames = pixels.reshape(-1, FRAMES, *pixels.shape[1:]).swapaxes(0, 1)
        row, column = (float(step) for step in images[0].PixelSpacing)
        yield Series(np.ascontiguousarray(frames), (row, column), diastole, systole)
