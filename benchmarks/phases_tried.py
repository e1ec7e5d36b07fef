"""Courses of filling and rules for the two phases that were compared, each on a whole stack."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, label, uniform_filter

from benchmarks.stacks import Stack
from cinemyo.preparation.courses import BLUR_FRAMES, Beat, courses, filling, unit
from cinemyo.preparation.ends import ends_of
from cinemyo.preparation.intensity import CAVITY_MM, disc, tissue_thresholds

Course = Callable[[Stack, Sequence[tuple[float, float]], Sequence[Beat]], np.ndarray]
Rule = Callable[[np.ndarray], tuple[float, float]]

NAMES: Final = ("blood", "cavity", "pool", "principal")
FIELD_MM: Final = 40.0
FLOW_ROUNDS: Final = 60
FLOW_STIFFNESS: Final = 0.02


def _mean_of(stack: Stack, centres: Sequence[tuple[float, float]], beats: Sequence[Beat], *, names: str) -> np.ndarray:
    lines = dict(zip(NAMES, courses(beats), strict=True))
    return unit(np.sum([lines[name] for name in names.split("+")], axis=0))


def _unlike_first(stack: Stack, centres: Sequence[tuple[float, float]], beats: Sequence[Beat]) -> np.ndarray:
    """Likeness to the first frame of the series, whatever phase that is."""
    likeness = np.sum([beat.likeness for beat in beats], axis=0)
    distance = likeness[0, 0] + np.diag(likeness) - 2 * likeness[0]
    return _smooth(-distance)


def _component(stack: Stack, centres: Sequence[tuple[float, float]], beats: Sequence[Beat]) -> np.ndarray:
    """Area of the bright component at the centre, above a threshold between muscle and blood."""
    area = np.zeros(len(stack.frames))
    for at, centre in enumerate(centres):
        frames, inner = _field(stack, at, centre)
        thresholds = tissue_thresholds(frames[:, inner[1]].ravel())
        if thresholds is None:
            continue
        for moment, frame in enumerate(frames):
            parts, count = label((frame > np.mean(thresholds)) & inner[0])
            weight = np.bincount(parts.ravel(), inner[2].ravel(), count + 1)
            weight[0] = 0
            area[moment] += (parts == weight.argmax()).sum() if weight.max() > 0 else 0
    return _smooth(area)


def _divergence(stack: Stack, centres: Sequence[tuple[float, float]], beats: Sequence[Beat]) -> np.ndarray:
    """Summed divergence of the motion from frame to frame round the centre.

    Source: Horn and Schunck 1981
    """
    change = np.zeros(len(stack.frames))
    for at, centre in enumerate(centres):
        frames, inner = _field(stack, at, centre)
        frames = frames / max(float(np.percentile(frames[:, inner[1]], 95)), 1e-9)
        change += [
            (inner[2] * _spread(frame, after)).sum()
            for frame, after in zip(frames, np.roll(frames, -1, axis=0), strict=True)
        ]
    return _smooth(np.concatenate([[0.0], np.cumsum(change - change.mean())[:-1]]))


def _spread(frame: np.ndarray, after: np.ndarray) -> np.ndarray:
    down, right = np.gradient((frame + after) / 2)
    flow = [np.zeros_like(frame), np.zeros_like(frame)]
    for _ in range(FLOW_ROUNDS):
        near = [uniform_filter(part, 3) for part in flow]
        step = (down * near[0] + right * near[1] + after - frame) / (FLOW_STIFFNESS + down**2 + right**2)
        flow = [near[0] - down * step, near[1] - right * step]
    return np.asarray(np.gradient(flow[0], axis=0) + np.gradient(flow[1], axis=1))


def _field(stack: Stack, at: int, centre: tuple[float, float]) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Smooth frames round a centre; the disc of the heart, of the cavity, and a weight that falls off."""
    shape = (stack.frames.shape[2], stack.frames.shape[3])
    heart, cavity = (
        disc(shape, spacing=stack.spacing, centre=centre, radius_mm=radius) for radius in (FIELD_MM, CAVITY_MM)
    )
    rows, columns = (np.nonzero(heart.any(axis=axis))[0] for axis in (1, 0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    away = [
        (np.arange(size) * step - middle) ** 2 for size, step, middle in zip(shape, stack.spacing, centre, strict=True)
    ]
    weight = np.exp(-(away[0][:, None] + away[1][None]) / (2 * CAVITY_MM**2))
    frames = gaussian_filter(stack.frames[:, at, *box].astype(np.float64), (0, 1, 1))
    return frames, (heart[box], cavity[box], weight[box])


def _smooth(course: np.ndarray) -> np.ndarray:
    return unit(gaussian_filter1d(np.asarray(course, np.float64), BLUR_FRAMES, mode="wrap"))


def _extremes(course: np.ndarray) -> tuple[float, float]:
    return float(course.argmax()), float(course.argmin())


def _plateaus(course: np.ndarray, *, share: float) -> tuple[float, float]:
    anywhere = np.ones(len(course), bool)
    ends = ends_of(course, systolic=anywhere, diastolic=anywhere, plateau=share)
    return ends.diastole, ends.systole


COURSES: Final[dict[str, Course]] = {
    "likeness to the first frame": _unlike_first,
    **{name: partial(_mean_of, names=name) for name in NAMES},
    "bright component": _component,
    "divergence of motion": _divergence,
    **{names: partial(_mean_of, names=names) for names in ("blood+principal", "pool+principal", "cavity+principal")},
    "blood+cavity+principal": partial(_mean_of, names="blood+cavity+principal"),
    "all four": lambda stack, centres, beats: filling(beats),
}
RULES: Final[dict[str, Rule]] = {
    "extremes": _extremes,
    **{f"plateau of {share:.2f}": partial(_plateaus, share=share) for share in (0.02, 0.04, 0.06, 0.08, 0.10)},
}
