"""Fingerprints of images: equal pixels have one digest, look-alikes have hashes of few different bits.

Two steps find look-alikes. A difference hash of 64 bits (which of two neighbouring blocks is brighter, on a grid of
8 x 9) proposes pairs; all pairs are compared, which for 10,000 images takes less than a second, so that no banding
can miss one. Then the correlation of both images at 32 x 32 pixels, the best of small shifts, decides.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float, Num, UInt64
from PIL import Image

from cinemyo.errors import SourceError
from cinemyo.sources.pictures import read_picture

BITS: Final = 10
"""At most so many of 64 bits differ between look-alikes; between hearts of different patients the median is 26."""
CORRELATION: Final = 0.85
"""The least correlation of look-alikes; between hearts of different patients of ACDC the largest is 0.68."""
SIDE: Final = 32
SHIFT: Final = 1
"""Shifts of the small image that are tried, in its pixels and both directions: about 3 % of the image."""
ENDS: Final = (1, 99)
"""Percentiles between which grays are stretched before they are compared."""
_BLOCK: Final = 512


@dataclass(frozen=True)
class Prints:
    """What is kept of an image."""

    sha256: str
    """Of shape and values, whatever the kind of file and the width of the numbers."""
    bits: int
    small: Float[np.ndarray, "side side"]
    """Standardised: mean 0, length 1; all zeros for an image of one gray."""


@dataclass(frozen=True)
class Read:
    """The fingerprints by name of image, and what is wrong with each image that could not be read."""

    prints: dict[str, Prints]
    faults: dict[str, str]


def read_prints(names: Iterable[str], *, root: Path) -> Read:
    """Fingerprints of the images that a table names, relative to a folder or absolute."""
    prints, faults = {}, {}
    for name in dict.fromkeys(names):
        try:
            prints[name] = prints_of(read_picture(root / name))
        except SourceError as error:
            faults[name] = error.got
    return Read(prints, faults)


def prints_of(values: Num[np.ndarray, "... y x"]) -> Prints:
    """Digest of all values; hash and small image of the one in the middle of a stack."""
    flat = values.reshape(-1, *values.shape[-2:])
    frame = _stretched(flat[len(flat) // 2])
    return Prints(digest_of(values), difference_hash(frame), _standardised(_resized(frame, SIDE, SIDE)))


def digest_of(values: Num[np.ndarray, "*axes"]) -> str:
    """SHA-256 of shape and values, the same for whole numbers of any width and as floating point."""
    same = np.ascontiguousarray(values, dtype="<f8")
    # negative zero equals zero, and has other bytes
    return hashlib.sha256(repr(same.shape).encode() + (same + 0.0).tobytes()).hexdigest()


def difference_hash(frame: Num[np.ndarray, "y x"]) -> int:
    """64 bits: whether a block is brighter than its left neighbour, on a grid of 8 rows and 9 columns.

    Source: N. Krawetz, Kind of like that, 2013
    """
    grid = _resized(frame, 8, 9)
    return int.from_bytes(np.packbits(grid[:, 1:] > grid[:, :-1]).tobytes())


def look_alikes(prints: dict[str, Prints], *, bits: int = BITS) -> Iterator[tuple[str, str, int]]:
    """Pairs of names whose images look alike and are not equal, with the number of bits in which they differ."""
    names = [name for name, own in prints.items() if own.small.any()]
    hashes = np.array([prints[name].bits for name in names], dtype=np.uint64)
    for one, other, distance in _close(hashes, bits=bits):
        first, second = prints[names[one]], prints[names[other]]
        if first.sha256 != second.sha256 and correlation(first.small, second.small) >= CORRELATION:
            yield names[one], names[other], distance


def _close(hashes: UInt64[np.ndarray, "n"], *, bits: int) -> Iterator[tuple[int, int, int]]:
    """Every pair of hashes that differ in few bits."""
    for start in range(0, len(hashes), _BLOCK):
        own = hashes[start : start + _BLOCK]
        distances = np.bitwise_count(own[:, None] ^ hashes[None, start:])
        rows, columns = np.nonzero(distances <= bits)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if column > row:
                yield start + row, start + column, int(distances[row, column])


def correlation(one: Float[np.ndarray, "side side"], other: Float[np.ndarray, "side side"]) -> float:
    """The largest correlation of two small images over small shifts of the second."""
    steps: Sequence[int] = range(-SHIFT, SHIFT + 1)
    return max(_overlap(one, other, row, column) for row in steps for column in steps)


def _overlap(
    one: Float[np.ndarray, "side side"], other: Float[np.ndarray, "side side"], row: int, column: int
) -> float:
    """Correlation of what both share when the second is moved by rows and columns."""
    height, width = one.shape
    mine = one[max(0, row) : height + min(0, row), max(0, column) : width + min(0, column)]
    theirs = other[max(0, -row) : height + min(0, -row), max(0, -column) : width + min(0, -column)]
    return float((_standardised(mine) * _standardised(theirs)).sum())


def _stretched(frame: Num[np.ndarray, "y x"]) -> Float[np.ndarray, "y x"]:
    values = np.nan_to_num(frame.astype(np.float64))
    low, high = np.percentile(values, ENDS)
    if high <= low:
        low, high = values.min(), values.max()
    stretched: Float[np.ndarray, "y x"] = np.clip((values - low) / max(high - low, np.finfo(float).tiny), 0, 1)
    return stretched


def _resized(frame: Num[np.ndarray, "y x"], rows: int, columns: int) -> Float[np.ndarray, "rows columns"]:
    """Means of blocks; a larger image than the frame is interpolated."""
    shrinks = frame.shape[0] >= rows and frame.shape[1] >= columns
    how = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(frame.astype(np.float32)).resize((columns, rows), how))


def _standardised(small: Float[np.ndarray, "y x"]) -> Float[np.ndarray, "y x"]:
    centred = small - small.mean()
    length = float(np.linalg.norm(centred))
    return centred / length if length > 1e-6 else np.zeros_like(centred)
