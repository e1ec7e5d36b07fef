"""The contours of the Sunnybrook data: text files of points, by case and image number, and what they enclose."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, UInt8

from cinemyo.sources.base import SourceFile
from cinemyo.sources.nifti import UnusableError
from cinemyo.sources.nifti_masks import LEFT, MYOCARDIUM

FILE: Final = re.compile(
    r"IM-\d{4}-(?P<number>\d{4,6})-(?P<kind>[a-z])\d?contour-(?P<by>manual|auto)\.txt", re.IGNORECASE
)
_CASE: Final = re.compile(r"SC-[A-Z]+(-[A-Z]+)?-\d+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"0*(\d+)$")
_LARGEST_BYTES: Final = 1_000_000
_FEWEST_POINTS: Final = 3


@dataclass(frozen=True)
class Contour:
    """One contour file by its name alone."""

    path: Path
    file: SourceFile
    case: str
    """OriginalID of the sheet, its number without leading zeros: the release writes SC-HF-I-01 for SC-HF-I-1."""
    image: int
    """The InstanceNumber of the image that it is drawn on."""
    kind: str
    """i: endocardium; o: epicardium; other letters are not read."""


@dataclass(frozen=True)
class Phases:
    """Which phases are drawn, counted from 0 among the images of a position in order of their instance numbers."""

    diastole: int
    systole: int


def case_name(name: str) -> str:
    """A case's name in one spelling."""
    return _NUMBER.sub(r"\1", name.strip().upper())


def case_of(path: Path) -> str | None:
    """The case that a contour belongs to, by the nearest folder named as one."""
    names = (folder.name for folder in path.parents)
    return next((case_name(name) for name in names if _CASE.fullmatch(name)), None)


def contour_of(path: Path, *, file: SourceFile) -> Contour | None:
    """The contour of a file named as the release names them; None for a file that is none, or of no case."""
    match, case = FILE.fullmatch(path.name), case_of(path)
    if match is None or case is None:
        return None
    kind = match["kind"].lower() if match["by"].lower() == "manual" else "auto"
    return Contour(path, file, case, int(match["number"]), kind)


def phases_of(contours: Iterable[Contour], ranks: Mapping[int, int]) -> Phases | None:
    """The two phases that a patient's contours are drawn in: the one with an epicardium is diastole.

    `ranks` gives the phase of an image by its number. None where the contours do not tell two phases apart.
    """
    inner = Counter(ranks[contour.image] for contour in contours if contour.kind == "i" and contour.image in ranks)
    outer = Counter(ranks[contour.image] for contour in contours if contour.kind == "o" and contour.image in ranks)
    drawn = _commonest(inner, 2)
    if len(drawn) < 2:
        return None
    first = _commonest(Counter({rank: outer[rank] for rank in drawn if outer[rank]}), 1)
    if not first or all(outer[rank] == outer[drawn[0]] for rank in drawn):
        return None
    diastole = first[0]
    return Phases(diastole, drawn[0] if drawn[1] == diastole else drawn[1])


def _commonest(counts: Counter[int], n: int) -> list[int]:
    return sorted(counts, key=lambda rank: (-counts[rank], rank))[:n]


def polygon(path: Path) -> Float[np.ndarray, "n 2"]:
    """Points (column, row) of a contour, in pixels from the centre of the first; open, as the release has them.

    Raises:
        UnusableError: `bad_contour`.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise UnusableError("bad_contour", "the file is far too large for a contour")
        rows = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
        points = np.array([[float(cell) for cell in row] for row in rows], dtype=np.float64)
    except (OSError, ValueError):
        raise UnusableError("bad_contour", "the file is no list of points") from None
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < _FEWEST_POINTS or not np.isfinite(points).all():
        raise UnusableError("bad_contour", "the file is no list of at least three points")
    return points


def enclosed(points: Float[np.ndarray, "n 2"], *, rows: int, columns: int) -> Bool[np.ndarray, "y x"]:
    """The pixels whose centre lies within a closed polygon.

    Raises:
        UnusableError: `bad_contour`: the polygon leaves the image, or encloses nothing.
    """
    if points.min() < -1 or points[:, 0].max() > columns or points[:, 1].max() > rows:
        raise UnusableError("bad_contour", "the contour leaves the image")
    y, x = np.arange(rows)[:, None], np.arange(columns)[None, :]
    inside = np.zeros((rows, columns), dtype=np.bool_)
    for one, other in zip(points, np.roll(points, -1, axis=0), strict=True):
        # from the upper end to the lower, so that the way round decides nothing, not even in the last digit
        (y1, x1), (y2, x2) = sorted((tuple(one[::-1]), tuple(other[::-1])))
        if y1 == y2:
            continue
        # an edge changes sides for all pixels left of it, in the rows that it crosses
        inside ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    if not inside.any():
        raise UnusableError("bad_contour", "the contour encloses no pixel")
    return inside


def drawn_mask(contours: Sequence[Contour], *, rows: int, columns: int) -> UInt8[np.ndarray, "y x"]:
    """Labels of one image: left ventricle within the endocardium, myocardium between it and the epicardium.

    Without an epicardium, as in systole, there is no myocardium; papillary muscles belong to the cavity.

    Raises:
        UnusableError: `bad_contour`, or `contour_incomplete`: no endocardium, or two of a kind.
    """
    mask = np.zeros((rows, columns), dtype=np.uint8)
    kinds = [contour.kind for contour in contours]
    if "i" not in kinds or len(set(kinds)) < len(kinds):
        raise UnusableError("contour_incomplete", "not one endocardium and at most one epicardium on the image")
    for kind, label in (("o", MYOCARDIUM), ("i", LEFT)):
        for contour in contours:
            if contour.kind == kind:
                mask[enclosed(polygon(contour.path), rows=rows, columns=columns)] = label
    return mask
