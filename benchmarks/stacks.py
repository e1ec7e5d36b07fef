"""Real stacks with their truth, read in place, and the same stacks made harder."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import nibabel
import numpy as np
import pydicom

from cinemyo.preparation.planes import Plane
from cinemyo.preparation.region import View

CLASSES: Final = {"NOR": "normal", "HCM": "hcm", "DCM": "dcm"}
LEFT_VENTRICLE: Final = 3
SUNNYBROOK: Final = {"SCD0000101": (18, 7), "SCD0000201": (19, 6)}
"""Frames of the expert's contours at diastole and systole, from 0."""
SUNNYBROOK_FRAMES: Final = 20
EDGE_MM: Final = 8.0
"""A ventricle nearer to the edge of a field than this is not planned by anyone."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Frames (t, slice, y, x), masks at diastole and systole, spacing in mm, and the annotated frames."""

    name: str
    pathology: str
    frames: np.ndarray
    spacing: tuple[float, float]
    apart_mm: float
    diastole: int
    systole: int
    masks: np.ndarray | None = None

    def views(self) -> list[View]:
        """The slices as parallel planes in a frame of the stack itself."""
        rows, columns = ((size - 1) * step for size, step in zip(self.frames.shape[2:], self.spacing, strict=True))
        down, right = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
        planes = [
            Plane(np.array([0.0, 0.0, at * self.apart_mm]), down, right, (rows, columns))
            for at in range(self.frames.shape[1])
        ]
        return [View(np.ascontiguousarray(self.frames[:, at]), self.spacing, plane) for at, plane in enumerate(planes)]

    def part(self, first: float, last: float) -> "Stack":
        """The slices whose height in the stack is between these shares."""
        heights = (np.arange(self.frames.shape[1]) + 0.5) / self.frames.shape[1]
        kept = (heights >= first - 1e-9) & (heights <= last + 1e-9)
        return replace(self, frames=self.frames[:, kept], masks=None if self.masks is None else self.masks[:, kept])


def pairs(root: Path) -> Iterator[Stack]:
    """Diastole and systole of each patient of ACDC, with masks."""
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        info = dict(line.split(":") for line in (folder / "Info.cfg").read_text().splitlines())
        names = [f"{folder.name}_frame{int(info[phase]):02d}" for phase in ("ED", "ES")]
        images = [_volume(folder / f"{name}.nii.gz") for name in names]
        masks = [_volume(folder / f"{name}_gt.nii.gz")[0] for name in names]
        column, row, apart = images[0][1]
        yield Stack(
            folder.name,
            CLASSES[info["Group"].strip()],
            np.concatenate([frames for frames, _ in images]),
            (row, column),
            apart,
            0,
            1,
            np.concatenate(masks),
        )


def series(root: Path) -> Iterator[Stack]:
    """The whole series of ACDC that are there, with their true spacing."""
    with (root / "spacing.csv").open() as file:
        for row in csv.DictReader(file):
            name = row["patient"]
            yield Stack(
                name,
                CLASSES[row["group"]],
                _volume(root / name / f"{name}_4d.nii.gz")[0],
                (float(row["true_dy_mm"]), float(row["true_dx_mm"])),
                float(row["true_dz_mm"]),
                int(row["ed_frame"]) - 1,
                int(row["es_frame"]) - 1,
            )


def sunnybrook(root: Path) -> Iterator[Stack]:
    """The whole series of Sunnybrook that are there; by slice and phase in the order of their file numbers."""
    for name, (diastole, systole) in SUNNYBROOK.items():
        images = [
            pydicom.dcmread(path) for path in sorted((root / name).glob("*.dcm"), key=lambda path: int(path.stem))
        ]
        pixels = np.stack([image.pixel_array for image in images]).astype(np.float32)
        frames = pixels.reshape(-1, SUNNYBROOK_FRAMES, *pixels.shape[1:]).swapaxes(0, 1)
        row, column = (float(step) for step in images[0].PixelSpacing)
        yield Stack(name, "heart failure", np.ascontiguousarray(frames), (row, column), 10.0, diastole, systole)


def harder(stack: Stack, *, generator: np.random.Generator) -> Iterator[tuple[str, Stack]]:
    """A stack moved in its field, in a small field, under noise, and moved under noise; each mildly and strongly."""
    for strength, shift_mm, field_mm, noise in (
        ("mildly", (40, 70), (150, 200), (0.1, 0.3)),
        ("strongly", (70, 100), (100, 140), (0.3, 0.6)),
    ):
        moved = _moved(stack, millimetres=generator.uniform(*shift_mm), generator=generator)
        level = generator.uniform(*noise) * float(np.percentile(stack.frames, 98))
        yield f"moved {strength}", moved
        yield f"small field, {strength}", _cut(stack, millimetres=generator.uniform(*field_mm), generator=generator)
        yield f"noise, {strength}", _noisy(stack, level=level, generator=generator)
        yield f"moved under noise, {strength}", _noisy(moved, level=level, generator=generator)


def turned(stack: Stack, *, frames: int) -> Stack:
    """The stack begun so many frames earlier in the beat."""
    count = len(stack.frames)
    return replace(
        stack,
        frames=np.roll(stack.frames, frames, axis=0),
        diastole=(stack.diastole + frames) % count,
        systole=(stack.systole + frames) % count,
    )


def middle_third(count: int) -> slice:
    """The slices of the middle third of a stack."""
    return slice(count // 3, count - count // 3)


def _volume(path: Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    image = nibabel.nifti1.Nifti1Image.from_filename(path)
    voxels = np.asarray(image.dataobj, np.float32)
    column, row, apart = (float(step) for step in image.header.get_zooms()[:3])
    return voxels.reshape(*voxels.shape[:3], -1).transpose(3, 2, 1, 0), (column, row, apart)


def _reach(stack: Stack) -> list[tuple[int, int]]:
    """First and last row, and column, of the left ventricle over the stack, with a margin."""
    assert stack.masks is not None
    where = np.nonzero((stack.masks == LEFT_VENTRICLE).any(axis=(0, 1)))
    margins = [round(EDGE_MM / step) for step in stack.spacing]
    return [(int(axis.min()) - edge, int(axis.max()) + edge) for axis, edge in zip(where, margins, strict=True)]


def _both(stack: Stack, change: Callable[[np.ndarray], np.ndarray]) -> Stack:
    return replace(stack, frames=change(stack.frames), masks=None if stack.masks is None else change(stack.masks))


def _moved(stack: Stack, *, millimetres: float, generator: np.random.Generator) -> Stack:
    """All moved in the plane, black where nothing is known, the ventricle still inside."""
    angle = generator.uniform(0, 2 * np.pi)
    steps = [
        int(np.clip(round(millimetres * part / step), -low, size - 1 - high))
        for part, step, size, (low, high) in zip(
            (np.cos(angle), np.sin(angle)), stack.spacing, stack.frames.shape[2:], _reach(stack), strict=True
        )
    ]

    def move(images: np.ndarray) -> np.ndarray:
        pads = [(0, 0), (0, 0), *((max(step, 0), max(-step, 0)) for step in steps)]
        kept = [slice(max(-step, 0), size + min(-step, 0)) for step, size in zip(steps, images.shape[2:], strict=True)]
        return np.pad(images[:, :, kept[0], kept[1]], pads)

    return _both(stack, move)


def _cut(stack: Stack, *, millimetres: float, generator: np.random.Generator) -> Stack:
    """A square of this side that holds the ventricle somewhere."""
    kept = []
    for step, size, (low, high) in zip(stack.spacing, stack.frames.shape[2:], _reach(stack), strict=True):
        side = min(max(round(millimetres / step), high - low + 1), size)
        first, last = max(high + 1 - side, 0), min(low, size - side)
        start = int(generator.integers(first, last + 1)) if last >= first else int(np.clip(low, 0, size - side))
        kept.append(slice(start, start + side))
    return _both(stack, lambda images: images[:, :, kept[0], kept[1]])


def _noisy(stack: Stack, *, level: float, generator: np.random.Generator) -> Stack:
    """Rician noise of this standard deviation."""
    real, imaginary = (generator.normal(0, level, stack.frames.shape) for _ in range(2))
    return replace(stack, frames=np.hypot(stack.frames + real, imaginary).astype(np.float32))
