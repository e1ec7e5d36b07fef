"""Whether the frames of a cine are frames that its files hold, each once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cinemyo.sources.base import Cine
from tests.fuzz.reference import Reference


class DefectError(AssertionError):
    """A reader did what it must never do."""


def check_frames(cine: Cine, names: Sequence[str], references: Sequence[Reference | None]) -> None:
    """Refuses a cine of which a frame is none of those that its files may show, in the order of the files.

    Raises:
        DefectError: a file that shows nothing, or a frame of other values.
    """
    pool: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], str]] = []
    for reference, name in zip(references, names, strict=True):
        if reference is None:
            raise DefectError(f"used, though pydicom cannot read it: {name!r}")
        pool += [(values, padding, name) for values, padding in zip(reference.values, reference.padding, strict=True)]
    inverted = any(reference.inverted for reference in references if reference is not None)
    if len(names) == len(cine.files) == len(cine.frames) == len(pool):
        chosen = list(range(len(pool)))
    else:
        chosen = _chosen(cine, pool, inverted=inverted)
    values = np.stack([pool[index][0] for index in chosen])
    padding = np.stack([pool[index][1] for index in chosen])
    if not equal(cine.frames, _shown(values, padding, inverted=inverted)):
        wrong = [pool[chosen[k]][2] for k in range(len(values)) if not equal(cine.frames[k], values[k])]
        raise DefectError(f"frames of other values than the file: {(wrong or names)[0]!r}")


def _chosen(cine: Cine, pool: Sequence[tuple[np.ndarray[Any, Any], Any, str]], *, inverted: bool) -> list[int]:
    """Which frames of objects with several are in the cine; each at most once."""
    free, chosen = list(range(len(pool))), []
    for frame in cine.frames:
        found = next((k for k in free if _matches(frame, pool[k][0], pool[k][1], inverted=inverted)), None)
        if found is None:
            raise DefectError(f"a frame that none of its files holds, or one used twice: {pool[0][2]!r}")
        free.remove(found)
        chosen.append(found)
    return chosen


def _matches(frame: Any, values: Any, padding: Any, *, inverted: bool) -> bool:
    if frame.shape != values.shape:
        return False
    if inverted:
        total = (frame + values)[~padding]
        return total.size == 0 or bool(np.ptp(total) <= 1e-3 * max(1.0, float(np.abs(total).max())))
    return equal(frame[~padding], values[~padding])


def _shown(values: Any, padding: Any, *, inverted: bool) -> Any:
    """Bright is bright, padding is darkest."""
    image = values[~padding]
    if image.size == 0:
        return values
    darkest, brightest = image.min(), image.max()
    shown = brightest + darkest - values if inverted else values.copy()
    shown[padding] = darkest
    return shown


def equal(one: Any, other: Any) -> bool:
    """Whether two images are the same but for the last digit of float32."""
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=2e-6, atol=1e-6, equal_nan=True))
