from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from cinemyo.sources.dicom_facts import pixel_facts, protocol, timing


@dataclass(frozen=True)
class _Values:
    found: Mapping[str, Any]

    def get(self, keyword: str, /) -> Any:
        return self.found.get(keyword)


def _timing(frame: int | None = None, **values: object) -> Any:
    return timing(_Values(values), frame=frame)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"FrameTime": "45"}, 90),
        ({"FrameTimeVector": ["0", "40", "50"]}, 90),
        ({"FrameTimeVector": ["0", "40"]}, None),
        ({}, None),
    ],
)
def test_time_of_a_frame_after_the_first(values: dict[str, object], expected: float | None) -> None:
    assert _timing(2, **values).frame_ms == expected


def test_single_image_has_no_frame_time() -> None:
    assert _timing(FrameTime="45").frame_ms is None


def test_frame_of_several_is_numbered_within_its_object() -> None:
    assert (_timing(3, InstanceNumber="9").instance_number, _timing(InstanceNumber="9").instance_number) == (4, 9)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"NominalCardiacTriggerDelayTime": 120.0, "NominalCardiacTriggerTimePriorToRPeak": -700.0}, 120),
        ({"NominalCardiacTriggerTimePriorToRPeak": 80.0}, -80),
        ({}, None),
    ],
)
def test_delay_after_the_r_wave_comes_before_the_time_ahead_of_it(values: dict[str, object], expected: object) -> None:
    assert _timing(**values).nominal_delay == expected


def test_interval_of_the_enhanced_header_is_used_where_the_classic_one_is_absent() -> None:
    assert _timing(RRIntervalTimeNominal=850.0).nominal_interval == 850
    assert _timing(RRIntervalTimeNominal=850.0, NominalInterval="900").nominal_interval == 900


def test_words_of_the_protocol_are_capitals() -> None:
    found = protocol(_Values({"ScanOptions": ["cg", "Ct"], "EchoPulseSequence": "gradient", "PhaseContrast": "YES"}))
    assert (found.options, found.pulse, found.phase_contrast) == (("CG", "CT"), "GRADIENT", True)


def test_high_bit_is_the_last_stored_one_where_the_header_is_silent() -> None:
    found = pixel_facts(_Values({"BitsStored": 12}), syntax="1.2.840.10008.1.2.1", at=100, available=1, digest="")
    assert (found.high_bit, found.offset, found.encapsulated_at) == (11, 100, None)


def test_place_of_fragments_is_no_place_of_numbers() -> None:
    found = pixel_facts(_Values({}), syntax="1.2.840.10008.1.2.5", at=100, available=1, digest="")
    assert (found.compressed, found.offset, found.encapsulated_at) == (True, None, 100)
