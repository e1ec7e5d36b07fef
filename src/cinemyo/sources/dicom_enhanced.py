"""Enhanced and Legacy Converted Enhanced MR: the values of each frame, its own before those that all share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import pydicom
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.sequence import Sequence

from cinemyo.deid.decoding import quiet
from cinemyo.sources.dicom_elements import tag_of, too_many_items
from cinemyo.sources.dicom_facts import FRAME_KEYWORDS, KEYWORDS
from cinemyo.sources.dicom_sense import DECISIVE, UNREADABLE
from cinemyo.sources.dicom_values import Values, numbers, text, texts

ENHANCED: Final = frozenset({"1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4"})
"""SOP classes Enhanced MR Image and Legacy Converted Enhanced MR Image."""
_GROUPS: Final = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "DimensionIndexSequence")
_TIMES: Final = frozenset(
    tag_of(keyword)
    for keyword in (
        *("TemporalPositionIndex", "NominalCardiacTriggerDelayTime", "ActualCardiacTriggerDelayTime", "TriggerTime"),
        *("NominalPercentageOfCardiacPhase", "TemporalPositionTimeOffset", "FrameAcquisitionDateTime"),
        *("FrameReferenceDateTime", "NominalCardiacTriggerTimePriorToRPeak", "TemporalPositionIdentifier"),
    )
)
"""What a dimension of time may point at."""
_DATE: Final = 8
_BEGINNING: Final = 1 << 20


@dataclass(frozen=True)
class FrameValues:
    """Values of one frame by keyword: of its functional groups, else of the shared ones, else of the object."""

    own: Mapping[str, Any]
    shared: Mapping[str, Any]
    top: Values

    def get(self, keyword: str, /) -> Any:
        """The value, or None."""
        if keyword in self.own:
            return self.own[keyword]
        return self.shared[keyword] if keyword in self.shared else self.top.get(keyword)


def frame_values(stream: BinaryIO, top: Values, *, frames: int) -> list[FrameValues] | str:
    """The values of each frame, or the code why there are none: no_functional_groups or malformed_enhanced.

    Frames must be as many as items, no item may be empty, and the shared groups are one item. Where the shared groups
    are absent, as in files of Siemens, each frame must have its own: what it lacks is never taken from another.

    Source: DICOM PS3.3 2024, C.7.6.16
    """
    with quiet():
        try:
            stream.seek(0)
            if too_many_items(stream.read(_BEGINNING)):
                return "malformed_enhanced"
            stream.seek(0)
            wanted = [*(keyword for keyword in KEYWORDS if not keyword.startswith("Philips")), *_GROUPS]
            dataset = pydicom.dcmread(stream, stop_before_pixels=True, force=True, specific_tags=wanted)
            shared, own = (list(dataset.get(name) or []) for name in _GROUPS[:2])
            if not own:
                return "no_functional_groups"
            if len(own) != frames or len(shared) > 1 or any(len(item) == 0 for item in own):
                return "malformed_enhanced"
            time = _time_dimension(dataset)
            common = _flat(shared[0], time) if shared else {}
            return [FrameValues(_flat(item, time), common, top) for item in own]
        except Exception:  # whatever a broken sequence provokes, one file never ends a run
            return "malformed_enhanced"


def _time_dimension(dataset: Dataset) -> int | None:
    """Which of the dimension indices counts times, where exactly one does."""
    pointers = [item.get("DimensionIndexPointer") for item in dataset.get("DimensionIndexSequence") or []]
    found = [index for index, pointer in enumerate(pointers) if pointer in _TIMES]
    return found[0] if len(found) == 1 else None


def _flat(groups: Dataset, time: int | None) -> dict[str, Any]:
    """The values of functional groups of one item each, under the names of a classic image."""
    values = {keyword: value for item in _items(groups) for keyword, value in _listed(item)}
    kinds = texts(_Plain(values), "FrameType")
    if kinds:
        values["ImageType"] = list(kinds)
    values |= _clock(text(_Plain(values), "FrameAcquisitionDateTime"))
    index = numbers(_Plain(values), "DimensionIndexValues")
    values["DimensionIndexValues"] = index[time] if time is not None and time < len(index) else None
    return {keyword: value for keyword, value in values.items() if value is not None}


def _items(groups: Dataset) -> Iterator[Dataset]:
    for tag in list(groups.keys()):
        element = groups[tag]
        if element.VR == "SQ" and element.value is not None and len(element.value) == 1:
            yield element.value[0]


def _listed(item: Dataset) -> Iterator[tuple[str, Any]]:
    for tag in list(item.keys()):
        keyword = keyword_for_tag(tag) or _PHILIPS.get(int(tag), "")
        if keyword not in FRAME_KEYWORDS:
            continue
        try:
            value = item[tag].value
        except Exception:  # a broken element is an absent one
            value = b""
        if isinstance(value, bytes | Sequence):  # no value of ours is one, unless its VR lies
            value = UNREADABLE if keyword in DECISIVE else None
        if value is not None and value != "":
            yield keyword, value


def _clock(moment: str) -> dict[str, str]:
    """Date and time of a date-time such as 20190101101730.500+0100."""
    if len(moment) <= _DATE:
        return {}
    time = moment[_DATE:].partition("+")[0].partition("-")[0]
    return {"AcquisitionDate": moment[:_DATE], "AcquisitionTime": time}


@dataclass(frozen=True)
class _Plain:
    found: Mapping[str, Any]

    def get(self, keyword: str, /) -> Any:
        return self.found.get(keyword)


_PHILIPS: Final = {
    tag_of(keyword): keyword for keyword in ("PhilipsCreator", "PhilipsScaleSlope", "PhilipsScaleIntercept")
}
