"""How the heart empties and fills over one beat."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

EARLY_FILLING: Final = 0.38
"""Share of diastole that the rapid filling takes."""
KICK_DURATION: Final = 0.14
"""Share of the RR interval, at its end, in which the atria contract."""


@dataclass(frozen=True)
class Beat:
    """Timing of one cine."""

    rr_ms: float
    systole_ms: float
    """From the R wave to the smallest volume."""
    kick: float
    """Share of the stroke volume that the atrial contraction adds."""
    shift_ms: float = 0.0
    """How long after the first frame the ventricle is largest; the trigger came early (> 0) or late (< 0)."""


def trigger_times(beat: Beat, *, phases: int) -> Float[np.ndarray, "t"]:
    """Times of the frames after the trigger, ms; the beat is divided evenly, as in retrospective gating.

    Source: Germain 2021, §2.2
    """
    return np.arange(phases) * beat.rr_ms / phases


def emptying(times_ms: Float[np.ndarray, "t"], *, beat: Beat) -> Float[np.ndarray, "t"]:
    """Share of the stroke volume that has left the ventricle at each time: 0 at end-diastole, 1 at end-systole.

    Half-cosine ejection, rapid filling, a rest, and the atrial contraction.
    """
    time = np.mod(times_ms - beat.shift_ms, beat.rr_ms)
    diastole = beat.rr_ms - beat.systole_ms
    ejection = _half_cosine(time / beat.systole_ms)
    early = _half_cosine((time - beat.systole_ms) / (EARLY_FILLING * diastole))
    late = _half_cosine((time - (1 - KICK_DURATION) * beat.rr_ms) / (KICK_DURATION * beat.rr_ms))
    return ejection - (1 - beat.kick) * early - beat.kick * late


def _half_cosine(share: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t"]:
    """A smooth step from 0 to 1 while the share goes from 0 to 1."""
    return np.asarray(0.5 * (1 - np.cos(np.pi * np.clip(share, 0, 1))))


def diastole_and_systole(times_ms: Float[np.ndarray, "t"], *, beat: Beat) -> tuple[int, int]:
    """Indices of the frames with the largest and the smallest ventricle."""
    emptied = emptying(times_ms, beat=beat)
    return int(np.argmin(emptied)), int(np.argmax(emptied))
