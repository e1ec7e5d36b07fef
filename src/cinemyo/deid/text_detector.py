"""Finds text burned into the pixels: thin bright strokes in rows that stand still while the heart moves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Real
from scipy import ndimage

REVIEW_SCORE: Final = 0.5
"""From here on a person looks before the images leave."""

_DIM: Final = 0.12
"""Share of the range above which a value that never changes is none of tissue: noise leaves nothing like that."""
_STILL: Final = ((0.01, 0.35, 3), (0.02, 0.25, 10))
"""Largest change over the frames and least brightness, as shares of the range, and the letters that then make a line:
the more tissue may pass, the longer the line must be."""
_PLAIN: Final = 7
"""Letters of a line in a single frame, among pixels of one value or near the brightest."""
_RAISED: Final = 10
"""The same among all strokes that stand out from what is around them."""
_BRIGHT: Final = 0.35
_BRIGHTEST: Final = 0.8
_CONTRAST: Final = 0.5
_STROKE_PX: Final = 9
"""A stroke is thinner than this; what survives an opening of this size is a surface, not a stroke."""
_LOW_PX, _HIGH_PX = 4, 48
"""Least and largest height of a letter."""
_LONGEST: Final = 8
"""A word of letters that touch is at most so many times as long as it is high."""
_PIECES: Final = 3
"""Strokes that do not touch, in a line."""
_FEW: Final = 8
"""Fewer frames than this are judged one by one: noise may stand still for a few."""
_SAMPLED: Final = 16
"""Every so many-th pixel tells where the highest ones begin."""
_MANY: Final = 1000
"""More pieces than this are looked at no further: the largest count."""


@dataclass(frozen=True)
class Text:
    """What a search found: a score from 0 to 1, and the lines that look like text."""

    score: float
    boxes: tuple[tuple[int, int, int, int], ...]
    """Top, left, bottom, right in px; the last two are outside."""


@dataclass(frozen=True)
class _Piece:
    """One letter, or letters that touch."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def letters(self) -> int:
        """How many letters of the usual form have room in it."""
        return max(1, round((self.right - self.left) / (0.8 * self.height)))


_NOTHING: Final = Text(0.0, ())


def text_score(frames: Real[np.ndarray, "t y x"]) -> float:
    """How much the frames of one cine look as if text were burned in, from 0 (not at all) to 1.

    Source: domain.md B.4, item 5
    """
    return find_text(frames).score


def find_text(frames: Real[np.ndarray, "t y x"]) -> Text:
    """The lines of text in the frames of one cine, or in single frames where there are fewer than eight."""
    if frames.shape[0] >= _FEW:
        return _in_cine(frames)
    return _best(_in_frame(frame) for frame in frames)


def _in_cine(frames: Real[np.ndarray, "t y x"]) -> Text:
    """Letters among the pixels that are bright and do not change over the frames."""
    low, high = _extremes(frames)
    floor = float(low.min())
    scale = _nearly_highest(high) - floor
    change = high - low
    if scale <= 0 or not change.any():
        return _in_frame(frames[0])
    never = (low >= floor + _DIM * scale) & (change == 0)
    passed = [
        (never | ((low >= floor + bright * scale) & (change <= still * scale)), least)
        for still, bright, least in _STILL
    ]
    boxed = _holes(passed[0][0]) & (change <= _STILL[0][0] * scale)
    return _best([*(_line(marked, least=least) for marked, least in passed), _line(boxed, least=_PLAIN)])


def _extremes(frames: Real[np.ndarray, "t y x"]) -> tuple[Float[np.ndarray, "y x"], Float[np.ndarray, "y x"]]:
    """Least and largest value of each pixel over the frames; frame by frame, so that three images are at hand."""
    low, high = frames[0].copy(), frames[0].copy()
    for frame in frames[1:]:
        np.minimum(low, frame, out=low)
        np.maximum(high, frame, out=high)
    return low.astype(np.float32), high.astype(np.float32)


def _nearly_highest(image: Float[np.ndarray, "y x"]) -> float:
    """The 99.5th percentile, from the pixels that may have to do with it alone."""
    needed = image.size // 200 + 2
    sample = np.sort(image.ravel()[::_SAMPLED])
    above = image[image >= sample[int(0.98 * (sample.size - 1))]]
    if not needed <= above.size < image.size:
        return float(np.percentile(image, 99.5))
    place = 0.995 * (image.size - 1)
    rank = int(place)
    first = rank - (image.size - above.size)
    lower, upper = np.partition(above, [first, first + 1])[first : first + 2].astype(np.float64)
    return float(lower + (upper - lower) * (place - rank))


def _in_frame(frame: Real[np.ndarray, "y x"]) -> Text:
    """Letters among pixels of one value, near the brightest, or that stand out: what the noise of tissue is not."""
    image = frame.astype(np.float32)
    floor, top = float(image.min()), _nearly_highest(image)
    if top <= floor:
        return _NOTHING
    values, counts = np.unique(image[image >= floor + _BRIGHT * (top - floor)], return_counts=True)
    plain = [image == value for value in values[np.argsort(counts)[::-1][:3]]]
    plain.append(image >= floor + _BRIGHTEST * (float(image.max()) - floor))
    raised = image - ndimage.grey_opening(image, (_STROKE_PX - 2, _STROKE_PX - 2)) >= _CONTRAST * (top - floor)
    return _best([*(_line(marked, least=_PLAIN) for marked in plain), _line(raised, least=_RAISED)])


def _best(found: Iterable[Text]) -> Text:
    return max(found, key=lambda text: text.score, default=_NOTHING)


def _line(marked: Bool[np.ndarray, "y x"], *, least: int) -> Text:
    """The lines of letters among marked pixels that form thin strokes; half the score at `least` letters in one."""
    if np.count_nonzero(marked) < _LOW_PX * least:
        return _NOTHING
    thin = marked & ~_surfaces(marked)
    lengths = [(sum(piece.letters for piece in row), row) for row in _rows(_pieces(thin)) if len(row) >= _PIECES]
    rows = [_box(row) for letters, row in lengths if letters >= least]
    longest = max((letters for letters, _ in lengths), default=0)
    return Text(round(1 - 0.5 ** (longest / least), 3), tuple(rows))


def _surfaces(marked: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """What is left of the marked pixels by an opening with a square."""
    if min(marked.shape) < _STROKE_PX:
        return np.zeros_like(marked)
    inside = _windows(_windows(marked, np.logical_and).T, np.logical_and).T
    wide = np.pad(inside, _STROKE_PX - 1)
    return _windows(_windows(wide, np.logical_or).T, np.logical_or).T


def _holes(marked: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """Strokes that are left out of marked pixels: dark letters in a bright box."""
    if np.count_nonzero(marked) < _STROKE_PX**2:
        return np.zeros_like(marked)
    around = np.pad(marked, _STROKE_PX)
    outside = _surfaces(~around)[_STROKE_PX:-_STROKE_PX, _STROKE_PX:-_STROKE_PX]
    holes: Bool[np.ndarray, "y x"] = ~(outside | marked)
    return holes


def _windows(marked: Bool[np.ndarray, "y x"], combine: np.ufunc) -> Bool[np.ndarray, "rest x"]:
    """Each run of `_STROKE_PX` rows combined into one: runs of 2, 4 and 8, then the ninth row."""
    runs: Bool[np.ndarray, "some x"] = marked
    for step in (1, 2, 4):
        runs = combine(runs[:-step], runs[step:])
    whole: Bool[np.ndarray, "rest x"] = combine(runs[:-1], marked[_STROKE_PX - 1 :])
    return whole


def _pieces(thin: Bool[np.ndarray, "y x"]) -> list[_Piece]:
    """Connected strokes of the size of a letter or a word, from the left to the right."""
    labels, _ = ndimage.label(thin, np.ones((3, 3), dtype=bool))
    found = (
        _Piece(rows.start, columns.start, rows.stop, columns.stop) for rows, columns in ndimage.find_objects(labels)
    )
    fitting = [
        piece
        for piece in found
        if _LOW_PX <= piece.height <= _HIGH_PX and piece.right - piece.left <= _LONGEST * piece.height
    ]
    fitting.sort(key=lambda piece: -piece.height)
    return sorted(fitting[:_MANY], key=lambda piece: (piece.left, piece.top))


def _rows(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Pieces of about one height, side by side on one line."""
    rows: list[list[_Piece]] = []
    for piece in pieces:
        row = next((row for row in rows if _continues(row[-1], piece)), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    return rows


def _continues(last: _Piece, piece: _Piece) -> bool:
    smaller, larger = sorted((last.height, piece.height))
    shared = min(last.bottom, piece.bottom) - max(last.top, piece.top)
    return larger <= 2 * smaller and shared >= smaller / 2 and -2 <= piece.left - last.right <= 2 * larger


def _box(row: list[_Piece]) -> tuple[int, int, int, int]:
    tops, lefts, bottoms, rights = zip(*((p.top, p.left, p.bottom, p.right) for p in row), strict=True)
    return min(tops), min(lefts), max(bottoms), max(rights)
