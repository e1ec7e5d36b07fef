from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from cinemyo.deid.keys import load_key
from cinemyo.sources import dicom_headers
from cinemyo.sources.dicom_headers import Header, Refusal, read_headers
from cinemyo.sources.dicom_pixels import read_frames
from cinemyo.sources.dicom_selection import refusal
from tests.sources.dicom_files import mr_image, pixels, save
from tests.sources.reading import codes, read
from tests.sources.rewrites import enhanced_object

Edit = Callable[[Dataset], object]


def _object(phases: int = 10) -> Dataset:
    return enhanced_object([mr_image(phase=phase, phases=phases) for phase in range(phases)])


def _headers(image: Dataset, folder: Path) -> tuple[Header, ...]:
    found = read_headers(save(image, folder / "a.dcm"), name="a.dcm", key=load_key("published"))
    assert not isinstance(found, Refusal)
    return found


def _item(**values: object) -> Sequence:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return Sequence([item])


def test_each_frame_has_its_own_rescaling(tmp_path: Path) -> None:
    image = _object()
    stored = image.pixel_array
    for index, group in enumerate(image.PerFrameFunctionalGroupsSequence):
        group.PixelValueTransformationSequence = _item(RescaleSlope=2 + index, RescaleIntercept=-7 * index)
    frames = read_frames(_headers(image, tmp_path))
    assert all(np.array_equal(frame.values, stored[k] * (2.0 + k) - 7 * k) for k, frame in enumerate(frames))


def test_rescaling_that_all_share_is_heeded(tmp_path: Path) -> None:
    image = _object()
    image.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence = _item(
        RescaleSlope=3, RescaleIntercept=-5
    )
    for group in image.PerFrameFunctionalGroupsSequence:
        del group.PixelValueTransformationSequence
    frames = read_frames(_headers(image, tmp_path))
    assert np.array_equal(frames[4].values, image.pixel_array[4] * 3.0 - 5)


def test_window_changes_no_value(tmp_path: Path) -> None:
    image = _object()
    for index, group in enumerate(image.PerFrameFunctionalGroupsSequence):
        group.FrameVOILUTSequence = _item(WindowCenter=100 + index, WindowWidth=50)
    assert np.array_equal(read_frames(_headers(image, tmp_path))[3].values, pixels(3))


def test_own_groups_come_before_shared_ones(tmp_path: Path) -> None:
    image = _object()
    image.SharedFunctionalGroupsSequence[0].PlanePositionSequence = _item(ImagePositionPatient=[1, 2, 3])
    image.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence = _item(ImagePositionPatient=[4, 5, 6])
    del image.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence
    headers = _headers(image, tmp_path)
    assert [header.geometry.position for header in headers[:2]] == [(4, 5, 6), (1, 2, 3)]


def test_facts_of_the_acquisition_are_read_from_the_groups(tmp_path: Path) -> None:
    protocol = _headers(_object(), tmp_path)[0].protocol
    assert (protocol.flip_degrees, protocol.repetition_ms, protocol.echo_ms) == (50, 3.2, 1.5)
    assert (protocol.technique, protocol.steady_state, protocol.pulse) == (
        "RETROSPECTIVE",
        "FREE_PRECESSION",
        "GRADIENT",
    )


def test_timing_of_a_frame_is_read_from_its_groups(tmp_path: Path) -> None:
    image = _object()
    group = image.PerFrameFunctionalGroupsSequence[2]
    group.FrameContentSequence = _item(
        TemporalPositionIndex=3, CardiacCyclePosition="END_SYSTOLE", FrameAcquisitionDateTime="20190101101730.5+0100"
    )
    group.CardiacSynchronizationSequence[0].ActualCardiacTriggerDelayTime = 181.5
    timing = _headers(image, tmp_path)[2].timing
    assert (timing.nominal_delay, timing.actual_delay, timing.nominal_interval) == (180, 181.5, 900)
    assert (timing.temporal_position, timing.cycle_position) == (3, "END_SYSTOLE")
    assert (timing.acquired, timing.instance_number) == (("20190101", "101730.5"), 3)


@pytest.mark.parametrize("written", [-100.0, 100.0])
def test_time_before_the_r_wave_is_below_nought(tmp_path: Path, written: float) -> None:
    image = _object()
    image.PerFrameFunctionalGroupsSequence[0].CardiacSynchronizationSequence = _item(
        NominalCardiacTriggerTimePriorToRPeak=written
    )
    assert _headers(image, tmp_path)[0].timing.nominal_delay == -100


def test_frames_before_the_r_wave_come_first(tmp_path: Path) -> None:
    image = _object()
    for index in (8, 9):
        item = image.PerFrameFunctionalGroupsSequence[index].CardiacSynchronizationSequence[0]
        del item.NominalCardiacTriggerDelayTime
        item.NominalCardiacTriggerTimePriorToRPeak = -90.0 * (10 - index)
    save(image, tmp_path / "a.dcm")
    (cine,), _ = read(tmp_path)
    order = (8, 9, 0, 1, 2, 3, 4, 5, 6, 7)
    assert np.array_equal(cine.frames, np.stack([pixels(phase) for phase in order]))
    assert cine.trigger_ms is not None
    assert (cine.trigger_ms[0], cine.phase_key) == (-180, "nominal_delay")


def test_percentage_of_the_cycle_orders_frames(tmp_path: Path) -> None:
    image = _object()
    for index, group in enumerate(image.PerFrameFunctionalGroupsSequence):
        group.CardiacSynchronizationSequence = _item(
            NominalPercentageOfCardiacPhase=(90 - 10 * index), RRIntervalTimeNominal=800.0
        )
    save(image, tmp_path / "a.dcm")
    (cine,), _ = read(tmp_path)
    assert (cine.phase_key, cine.rr_ms) == ("percent_of_cycle", 800)
    assert np.array_equal(cine.frames[0], pixels(9))
    assert cine.trigger_ms is not None
    assert cine.trigger_ms[1] == 80


def test_magnitude_and_phase_in_one_object_are_told_apart(tmp_path: Path) -> None:
    frames = [mr_image(phase=phase % 10, seed=phase // 10) for phase in range(20)]
    image = enhanced_object(frames)
    for index, group in enumerate(image.PerFrameFunctionalGroupsSequence):
        if index > 9:
            group.MRImageFrameTypeSequence = _item(
                FrameType=["ORIGINAL", "PRIMARY", "PHASE MAP", "NONE"], ComplexImageComponent="PHASE"
            )
    save(image, tmp_path / "a.dcm")
    (cine,), left = read(tmp_path)
    assert np.array_equal(cine.frames, np.stack([pixels(phase) for phase in range(10)]))
    assert {item.code for item in left} == {"flow"}


def test_echoes_in_one_object_are_told_apart(tmp_path: Path) -> None:
    frames = [mr_image(phase=phase % 10, seed=phase // 10) for phase in range(20)]
    image = enhanced_object(frames)
    for index, group in enumerate(image.PerFrameFunctionalGroupsSequence):
        group.MREchoSequence = _item(EffectiveEchoTime=1.2 + index // 10)
    save(image, tmp_path / "a.dcm")
    cines, _ = read(tmp_path)
    assert sorted(len(cine.frames) for cine in cines) == [10, 10]


def test_object_that_was_repeated_is_read_once(tmp_path: Path) -> None:
    for series, seed in ((1, 4), (2, 5)):
        image = enhanced_object([mr_image(phase=phase, series=series, seed=seed) for phase in range(10)])
        image.SeriesNumber, image.SOPInstanceUID = series, f"1.2.3.4.{series}"
        save(image, tmp_path / f"{series}.dcm")
    (cine,), left = read(tmp_path)
    assert np.array_equal(cine.frames[0], pixels(0, seed=5))
    assert codes(left) == {"repeat": 1}


def test_copy_of_an_object_is_left_out_frame_by_frame(tmp_path: Path) -> None:
    image = _object()
    save(image, tmp_path / "a.dcm")
    save(image, tmp_path / "b.dcm")
    (cine,), left = read(tmp_path)
    assert (len(cine.frames), {item.code for item in left}) == (10, {"duplicate"})


def test_classic_and_enhanced_export_of_one_scan_are_one_cine(tmp_path: Path) -> None:
    frames = [mr_image(phase=phase) for phase in range(10)]
    for index, frame in enumerate(frames):
        save(frame, tmp_path / f"{index}.dcm")
    image = enhanced_object(frames)
    image.PixelData, image.BitsStored, image.HighBit = b"".join(frame.PixelData for frame in frames), 12, 11
    save(image, tmp_path / "enhanced.dcm")
    cines, left = read(tmp_path)
    assert (len(cines), set(codes(left))) == (1, {"duplicate"})


def test_real_time_is_told_by_the_technique(tmp_path: Path) -> None:
    image = _object()
    image.CardiacSynchronizationTechnique = "REALTIME"
    save(image, tmp_path / "a.dcm")
    cines, left = read(tmp_path)
    assert (cines, codes(left)) == ([], {"real_time": 1})


def _without_frames(image: Dataset) -> None:
    del image.PerFrameFunctionalGroupsSequence


def _without_any(image: Dataset) -> None:
    del image.PerFrameFunctionalGroupsSequence, image.SharedFunctionalGroupsSequence


def _one_empty(image: Dataset) -> None:
    image.PerFrameFunctionalGroupsSequence[4] = Dataset()


def _one_missing(image: Dataset) -> None:
    del image.PerFrameFunctionalGroupsSequence[4]


def _shared_twice(image: Dataset) -> None:
    image.SharedFunctionalGroupsSequence.append(Dataset())


def _too_many(image: Dataset) -> None:
    image.NumberOfFrames = 5000


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (_without_frames, "no_functional_groups"),
        (_without_any, "no_functional_groups"),
        (_one_empty, "malformed_enhanced"),
        (_one_missing, "malformed_enhanced"),
        (_shared_twice, "malformed_enhanced"),
        (_too_many, "absurd_size"),
    ],
)
def test_malformed_object_is_left_out_whole(tmp_path: Path, edit: Edit, code: str) -> None:
    image = _object()
    edit(image)
    (header,) = _headers(image, tmp_path)
    assert refusal(header) == code


def test_shared_groups_may_be_absent_where_each_frame_has_its_own(tmp_path: Path) -> None:
    image = _object()
    shared = image.SharedFunctionalGroupsSequence[0]
    for group in image.PerFrameFunctionalGroupsSequence:
        group.PlaneOrientationSequence = shared.PlaneOrientationSequence
        group.PixelMeasuresSequence = shared.PixelMeasuresSequence
    del image.SharedFunctionalGroupsSequence
    save(image, tmp_path / "a.dcm")
    assert len(read(tmp_path)[0]) == 1


def test_frame_without_a_position_takes_it_from_no_other(tmp_path: Path) -> None:
    image = _object()
    del image.PerFrameFunctionalGroupsSequence[4].PlanePositionSequence
    headers = _headers(image, tmp_path)
    assert [refusal(header) for header in headers] == [None] * 4 + ["no_geometry"] + [None] * 5


def test_object_that_would_not_fit_in_memory_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_headers, "LARGEST_BYTES", 4000)
    (header,) = _headers(_object(), tmp_path)
    assert refusal(header) == "absurd_size"


def test_classic_image_with_empty_groups_is_classic(tmp_path: Path) -> None:
    image = mr_image()
    image.PerFrameFunctionalGroupsSequence = Sequence([Dataset()])
    (header,) = _headers(image, tmp_path)
    assert refusal(header) is None


def test_classic_object_of_several_frames_is_ordered_by_its_frame_times(tmp_path: Path) -> None:
    image = mr_image(rr_ms=900)
    del image.TriggerTime
    image.NumberOfFrames, image.FrameTime = 10, 90
    image.PixelData = b"".join(pixels(phase).tobytes() for phase in range(10))
    save(image, tmp_path / "a.dcm")
    (cine,), _ = read(tmp_path)
    assert cine.phase_key == "frame_ms"
    assert np.array_equal(cine.frames, np.stack([pixels(phase) for phase in range(10)]))


def test_classic_object_of_several_frames_without_times_is_left_out(tmp_path: Path) -> None:
    image = mr_image()
    image.NumberOfFrames = 2
    image.PixelData += image.PixelData
    (header,) = _headers(image, tmp_path)
    assert refusal(header) == "multiframe"


def test_broken_fragment_costs_its_cine_alone(tmp_path: Path) -> None:
    frames = [mr_image(phase=phase, z_mm=z, seed=int(z)) for z in (0.0, 8.0) for phase in range(10)]
    image = enhanced_object(frames)
    image.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    content = bytearray(image.PixelData)
    at = content.index(b"\x02\x00\x00\x00\x40\x00\x00\x00")
    content[at] = 9
    image.PixelData = bytes(content)
    save(image, tmp_path / "a.dcm")
    (cine,), left = read(tmp_path)
    assert (cine.position[2], [item.code for item in left]) == (8, ["broken_pixels"])


def test_philips_scale_makes_images_on_their_own_scales_comparable(tmp_path: Path) -> None:
    def header(phase: int) -> Header:
        image = mr_image(phase=phase)
        image.PixelData = (pixels(0) // (phase + 1)).astype("<u2").tobytes()
        image.add_new(0x20050010, "LO", "Philips MR Imaging DD 001")
        image.add_new(0x2005100D, "FL", 0.0)
        image.add_new(0x2005100E, "FL", 0.5 / (phase + 1))
        return _headers(image, tmp_path / str(phase))[0]

    one, other = read_frames([header(0), header(1)])
    assert np.array_equal(one.values, pixels(0) * 2.0)
    assert np.array_equal(other.values, (pixels(0) // 2) * 4.0)


def test_philips_scale_that_never_changes_is_left_alone(tmp_path: Path) -> None:
    image = mr_image()
    image.add_new(0x20050010, "LO", "Philips MR Imaging DD 001")
    image.add_new(0x2005100E, "FL", 0.25)
    (header,) = _headers(image, tmp_path)
    assert header.pixels.philips_scale == (0.25, 0)
    assert np.array_equal(read_frames([header, replace(header)])[1].values, pixels(0))
