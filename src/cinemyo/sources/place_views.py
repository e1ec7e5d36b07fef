"""The view of each position of a patient, by where it lies among the others of its exam."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from cinemyo.sources.dicom_grouping import Place
from cinemyo.sources.dicom_headers import Header
from cinemyo.sources.heart_frame import PlaneFacts
from cinemyo.sources.view_geometry import Sight, views_from_geometry


def place_views(found: Sequence[Place], *, least: int) -> list[Sight | None]:
    """The view of each position, in order; None where there are fewer than `least` images, so no cine.

    Positions that are no cines tell nothing of the heart either: localisers lie along the scanner.
    """
    exams: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, place in enumerate(found):
        if len(place.headers) >= least:
            exams[place.first.identity.patient, place.first.identity.study].append(index)
    sights: list[Sight | None] = [None] * len(found)
    for indices in exams.values():
        told = views_from_geometry([plane_of(found[index].first) for index in indices])
        for index, sight in zip(indices, told, strict=True):
            sights[index] = sight
    return sights


def plane_of(header: Header) -> PlaneFacts:
    """Where the image of a header lies."""
    along, down = np.array(header.geometry.orientation).reshape(2, 3)
    rows_mm, columns_mm = header.geometry.spacing
    half_down, half_along = (header.pixels.rows - 1) / 2 * rows_mm, (header.pixels.columns - 1) / 2 * columns_mm
    centre = np.array(header.geometry.position) + half_down * down + half_along * along
    return PlaneFacts(along, down, centre)
