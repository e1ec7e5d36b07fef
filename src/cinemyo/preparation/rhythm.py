"""When in the beat the frames of a cine were taken, and the moments on which cines are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from cinemyo.preparation.courses import Beat, beat_of

SYSTOLE_MS: Final = (200.0, 500.0)
"""Time after the R wave in which end-systole is expected."""
NEAR_R: Final = 0.15
"""Share of the RR interval on either side of the R wave in which end-diastole is expected."""
SPAN: Final = (0.5, 1.1)
"""Share of the RR interval that the frames of one beat span; other times belong to something else."""


@dataclass(frozen=True)
class Timing:
    """Time of the first and last frame after the R wave and length of the beat, ms."""

    first_ms: float
    last_ms: float
    rr_ms: float | None = None


@dataclass(frozen=True, eq=False)
class Rhythm:
    """The frames of one cine: what they show of its beat, and when in the beat they were taken."""

    n_frames: int
    beat: Beat | None
    timing: Timing | None = None

    @cached_property
    def rr_ms(self) -> float | None:
        """Length of the beat, where the times of the frames are those of one beat."""
        times = frame_times(self.n_frames, timing=self.timing)
        if self.timing is None or times is None or not self.timing.rr_ms:
            return None
        span = float(times[-1] - times[0]) * self.n_frames / (self.n_frames - 1)
        return self.timing.rr_ms if SPAN[0] <= span / self.timing.rr_ms <= SPAN[1] else None

    @cached_property
    def shares(self) -> Float[np.ndarray, " t"]:
        """Share of the beat at each frame: after the R wave where times are known, else after the first frame."""
        times = frame_times(self.n_frames, timing=self.timing)
        if times is None or self.rr_ms is None:
            return np.arange(self.n_frames) / self.n_frames
        return times / self.rr_ms


@dataclass(frozen=True, eq=False)
class Moments:
    """Evenly spaced moments of one whole beat, as shares of it, and where the trigger expects the two phases."""

    shares: Float[np.ndarray, " moment"]
    systolic: Bool[np.ndarray, " moment"]
    diastolic: Bool[np.ndarray, " moment"]
    """Everywhere, where no times are known."""

    def share(self, position: float) -> float:
        """Share of the beat at a position between the moments."""
        return float(self.shares[0]) + position / len(self.shares)


def rhythm_of(
    frames: Float[np.ndarray, "t y x"],
    *,
    spacing: tuple[float, float],
    centre: tuple[float, float],
    timing: Timing | None = None,
) -> Rhythm:
    """The beat of a cine as the pixels round its left ventricle show it."""
    beat = beat_of(frames, spacing=spacing, centre=centre) if len(frames) > 1 else None
    return Rhythm(len(frames), beat, timing)


def frame_times(n_frames: int, *, timing: Timing | None) -> Float[np.ndarray, " t"] | None:
    """Times of evenly spaced frames after the R wave in ms; None where they are unknown."""
    if timing is None or n_frames < 2 or timing.last_ms <= timing.first_ms:
        return None
    return np.linspace(timing.first_ms, timing.last_ms, n_frames)


def moments_of(rhythms: Sequence[Rhythm]) -> Moments:
    """Moments as dense as the frames of the densest cine, over the whole beat even where its frames stop before."""
    first = max(rhythms, key=lambda rhythm: rhythm.n_frames)
    if first.rr_ms is None:
        always = np.ones(first.n_frames, bool)
        return Moments(first.shares, always, always)
    count = max(round(1 / float(first.shares[1] - first.shares[0])), first.n_frames)
    shares = first.shares[0] + np.arange(count) / count
    times = np.mod(shares, 1) * first.rr_ms
    systolic = (times >= SYSTOLE_MS[0]) & (times <= SYSTOLE_MS[1])
    return Moments(shares, systolic, np.abs(np.mod(shares + 0.5, 1) - 0.5) <= NEAR_R + 1e-9)


def weights(rhythm: Rhythm, moments: Moments) -> Float[np.ndarray, "moment t"]:
    """What each frame of a cine counts at each moment: cyclic linear interpolation."""
    order = np.argsort(np.mod(rhythm.shares, 1), kind="stable")
    known = np.mod(rhythm.shares, 1)[order]
    frames = np.eye(rhythm.n_frames)[order]
    return np.stack([np.interp(moments.shares, known, column, period=1) for column in frames.T], axis=1)


def nearest_frame(rhythm: Rhythm, share: float) -> int:
    """Index of the frame that was taken nearest to a moment of the beat."""
    return int(np.abs(np.mod(rhythm.shares - share + 0.5, 1) - 0.5).argmin())
