"""The files of shared/data/dicom_edge: each is left out for a reason that can be told, and none ends a run."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cinemyo.deid.keys import load_key
from cinemyo.sources.dicom_headers import Header, Refusal, read_headers
from cinemyo.sources.dicom_pixels import read_frames
from tests.shared import EDGE, needs
from tests.sources.reading import codes, read

EXPECTED = {
    # eight slices of four times each: functional MRI, and four times are too few for a beat
    "enhanced_philips_4d_explicit": "too_few_phases",
    "enhanced_philips_4d_implicit": "too_few_phases",
    # one time at each position
    "enhanced_siemens_3d": "single_image",
    # an inversion pulse, told by MRModifierSequence
    "enhanced_hyperfine_3d": "late_enhancement",
    # nineteen times of a knee, seconds apart; its description names the localiser that it was planned on
    "enhanced_moveknee_19_temporal": "time_series",
    # the SOP class promises functional groups, and there are none; nor is there a patient, which comes first
    "enhanced_rle_10frames": "no_patient_id",
    # single images of a brain after an inversion pulse
    "classic_rle": "late_enhancement",
    "classic_jpeg2000_lossless": "late_enhancement",
    "classic_jpegls_lossless": "late_enhancement",
    "classic_jpeg_lossless_sv1": "late_enhancement",
    "classic_implicit_vr": "late_enhancement",
    # DERIVED\\SECONDARY
    "classic_big_endian": "derived",
    # a beating heart at frame times; it has no patient, and nothing says where it is
    "classic_multiframe_16_heart_longaxis": "no_patient_id",
}


@needs(EDGE)
@pytest.mark.parametrize(("name", "code"), EXPECTED.items())
def test_edge_file_is_left_out_for_its_reason(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "a.dcm").symlink_to(EDGE / f"{name}.dcm")
    cines, left = read(tmp_path)
    assert (cines, set(codes(left))) == ([], {code})


@needs(EDGE)
@pytest.mark.parametrize(
    ("name", "frames", "fault"),
    [
        ("enhanced_philips_4d_explicit", 32, None),
        ("enhanced_siemens_3d", 8, None),
        ("enhanced_hyperfine_3d", 8, None),
        ("enhanced_moveknee_19_temporal", 19, None),
        ("enhanced_rle_10frames", 1, "no_functional_groups"),
        ("classic_multiframe_16_heart_longaxis", 16, None),
    ],
)
def test_object_of_several_frames_has_a_header_for_each(name: str, frames: int, fault: str | None) -> None:
    headers = _headers(name)
    assert (len(headers), headers[0].fault) == (frames, fault)


@needs(EDGE)
def test_times_of_a_moving_series_are_in_order_and_no_beat() -> None:
    headers = _headers("enhanced_moveknee_19_temporal")
    assert [header.timing.dimension_index for header in headers] == list(range(1, 20))
    assert len({header.geometry for header in headers}) == 1


@needs(EDGE)
def test_slices_and_times_of_a_philips_stack_are_told_apart() -> None:
    headers = _headers("enhanced_philips_4d_explicit")
    assert len({header.geometry.position for header in headers}) == 8
    assert [header.timing.temporal_position for header in headers[:5]] == [1, 2, 3, 4, 1]


@needs(EDGE)
def test_geometry_is_taken_from_the_shared_groups() -> None:
    geometry = _headers("enhanced_hyperfine_3d")[0].geometry
    assert (geometry.orientation, geometry.spacing) == ((1, 0, 0, 0, 1, 0), (1.61, 1.59))


@needs(EDGE)
@pytest.mark.parametrize("name", [name for name in EXPECTED if name != "enhanced_rle_10frames"])
def test_frames_are_those_of_other_decoders(name: str) -> None:
    with (EDGE / "expected.csv").open(encoding="utf-8") as table:
        expected = next(row for row in csv.DictReader(table) if row["file"] == f"{name}.dcm")
    headers = [replace(header, pixels=replace(header.pixels, slope=None, intercept=None)) for header in _headers(name)]
    values = np.stack([frame.values for frame in read_frames(headers)])
    found = (len(values), values.min(), values.max(), values.astype(np.float64).sum())
    assert found == tuple(float(expected[column]) for column in ("frames", "min", "max", "sum"))


@needs(EDGE)
def test_rescaling_of_a_frame_is_that_of_its_group() -> None:
    headers = _headers("enhanced_philips_4d_explicit")
    stored = replace(headers[5], pixels=replace(headers[5].pixels, slope=None, intercept=None))
    scaled, plain = read_frames([headers[5], stored])
    assert np.allclose(scaled.values, plain.values * 1.85934065934065)


def _headers(name: str) -> tuple[Header, ...]:
    found = read_headers(EDGE / f"{name}.dcm", name=name, key=load_key("published"))
    assert not isinstance(found, Refusal)
    return found
