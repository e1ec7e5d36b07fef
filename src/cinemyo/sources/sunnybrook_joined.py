"""Which image of a Sunnybrook patient a contour is drawn on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cinemyo.sources.dicom_cines import PlacePart
from cinemyo.sources.nifti import UnusableError
from cinemyo.sources.sunnybrook_contours import Contour, Phases, phases_of

NOT_DRAWN: Final = UnusableError("contour_without_image", "no image that is read has this number")
AMBIGUOUS: Final = UnusableError("contour_ambiguous", "more than one series has images of these numbers")

UNTOLD: Final = UnusableError("contour_phases_unknown", "the patient's contours do not tell diastole from systole")


@dataclass(frozen=True)
class Drawn:
    """The images at one position with the contours on them."""

    part: PlacePart
    contours: tuple[Contour, ...]
    phases: Phases | None
    height: float
    """Of the slice in its series, as a share from the first."""


def patient_of(part: PlacePart) -> str:
    """The patient's identifier in the headers."""
    return part.place.first.identity.patient


def image_numbers(part: PlacePart) -> list[int]:
    """The instance numbers of the images at a position, in order."""
    numbers = (header.timing.instance_number for header in part.place.headers)
    return sorted({number for number in numbers if number is not None})


def joined(
    parts: Sequence[PlacePart], contours: Sequence[Contour]
) -> tuple[list[Drawn], list[tuple[Contour, UnusableError]]]:
    """Each position of a patient with its contours, and the contours that are on none, with the reason."""
    series = _drawn_series(parts, contours)
    ranks: dict[int, int] = {}
    place_of: dict[int, int] = {}
    for index, part in enumerate(parts):
        if _series(part) == series:
            for rank, number in enumerate(image_numbers(part)):
                ranks[number], place_of[number] = rank, index
    phases = phases_of(contours, ranks)
    own: list[list[Contour]] = [[] for _ in parts]
    left = []
    for contour in contours:
        if contour.image in place_of:
            own[place_of[contour.image]].append(contour)
        else:
            left.append((contour, AMBIGUOUS if series is None else NOT_DRAWN))
    places = [
        Drawn(part, tuple(on_it), phases if _series(part) == series else None, height)
        for part, on_it, height in zip(parts, own, _heights(parts), strict=True)
    ]
    return places, left


def _drawn_series(parts: Sequence[PlacePart], contours: Sequence[Contour]) -> str | None:
    """The series that has the images of most contours; None where two have as many."""
    numbers: dict[str, set[int]] = {}
    for part in parts:
        numbers.setdefault(_series(part), set()).update(image_numbers(part))
    wanted = {contour.image for contour in contours}
    scores = {series: len(wanted & own) for series, own in numbers.items()}
    best = max(scores.values())
    winners = [series for series, score in scores.items() if score == best]
    return winners[0] if len(winners) == 1 else None


def _heights(parts: Sequence[PlacePart]) -> list[float]:
    """Where each slice lies among the slices of its series, as a share from the first."""
    slices = [part.stack.slice_numbers[_series(part)] for part in parts]
    most: dict[str, int] = {}
    for part, number in zip(parts, slices, strict=True):
        series = _series(part)
        most[series] = max(most.get(series, 0), number)
    return [(number - 0.5) / most[_series(part)] for part, number in zip(parts, slices, strict=True)]


def _series(part: PlacePart) -> str:
    return part.place.first.identity.series
