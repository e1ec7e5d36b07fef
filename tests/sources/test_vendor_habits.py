"""How scanners and archives lay a cine out, as domain.md A.1 and A.6 have it: each way ends in the same cines."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from cinemyo.sources.base import Cine
from tests.sources.dicom_files import mr_image, pixels, save, write_cine
from tests.sources.reading import codes, read
from tests.sources.rewrites import enhanced_object

SLICES = (0.0, 8.0, 16.0)


def _by_height(cines: list[Cine]) -> dict[float, Cine]:
    return {cine.position[2]: cine for cine in cines}


def _is_whole(cines: list[Cine]) -> bool:
    """Whether there is a cine of ten frames in order at each of the three positions."""
    found = _by_height(cines)
    expected = {z: np.stack([pixels(phase, seed=int(z)) for phase in range(10)]) for z in SLICES}
    return found.keys() == expected.keys() and all(np.array_equal(found[z].frames, expected[z]) for z in SLICES)


def test_siemens_has_a_series_for_each_slice(tmp_path: Path) -> None:
    def siemens(image: Dataset, phase: int) -> None:
        image.SequenceName, image.ProtocolName, image.RepetitionTime = "*tfi2d1_15", "cine_sax", 42.3
        image.ScanOptions, image.SequenceVariant, image.FlipAngle = "CT", ["SK", "SP"], 60

    for index, z in enumerate(SLICES):
        write_cine(tmp_path, z_mm=z, seed=int(z), series=index + 1, name=f"s{index}_", edit=siemens)
    assert _is_whole(read(tmp_path)[0])


def test_siemens_lays_long_and_short_axes_in_one_series(tmp_path: Path) -> None:
    def long_axis(image: Dataset, phase: int) -> None:
        image.ImageOrientationPatient, image.InstanceNumber = [0, 1, 0, 0, 0, -1], 100 + phase
        image.SOPInstanceUID += ".7"

    write_cine(tmp_path, name="sax")
    write_cine(tmp_path, name="lax", edit=long_axis, seed=3)
    cines, _ = read(tmp_path)
    assert sorted(cine.column_cosine for cine in cines) == [(0, 1, 0), (1, 0, 0)]


def test_philips_has_a_stack_of_all_phases_in_one_series(tmp_path: Path) -> None:
    """TriggerTime is the begin of a dynamic, HeartRate 0; TemporalPositionIdentifier holds."""

    def philips(image: Dataset, phase: int) -> None:
        image.Manufacturer, image.SeriesDescription = "Philips Medical Systems", "sBTFE_BH SAX"
        image.TriggerTime, image.HeartRate, image.NominalInterval = 308000, 0, 0
        image.TemporalPositionIdentifier, image.NumberOfTemporalPositions = phase + 1, 10
        del image.CardiacNumberOfImages

    for z in SLICES:
        write_cine(tmp_path, z_mm=z, seed=int(z), name=f"z{z}_", edit=philips)
    cines, _ = read(tmp_path)
    assert _is_whole(cines)
    assert {cine.phase_key for cine in cines} == {"temporal_position"}


def test_philips_rescales_each_frame(tmp_path: Path) -> None:
    def philips(image: Dataset, phase: int) -> None:
        image.PixelData = (pixels(phase) + phase).astype("<u2").tobytes()
        image.RescaleSlope, image.RescaleIntercept, image.BitsStored, image.HighBit = 1, -phase, 16, 15

    write_cine(tmp_path, edit=philips)
    ((cine,), _) = read(tmp_path)
    assert np.array_equal(cine.frames, np.stack([pixels(phase) for phase in range(10)]))


def test_ge_counts_instances_slice_after_slice(tmp_path: Path) -> None:
    """Trigger times and heart rates differ between slices, so that a sort of the whole series by time mixes them."""

    def ge(offset: int) -> None:
        def edit(image: Dataset, phase: int) -> None:
            image.Manufacturer, image.InstanceNumber = "GE MEDICAL SYSTEMS", offset * 10 + phase + 1
            image.TriggerTime = round(float(image.TriggerTime) * (1 + 0.03 * offset)) + offset

        write_cine(tmp_path, z_mm=SLICES[offset], seed=int(SLICES[offset]), name=f"s{offset}_", edit=edit)

    for offset in range(3):
        ge(offset)
    assert _is_whole(read(tmp_path)[0])


def test_archive_split_a_stack_into_a_series_for_each_phase(tmp_path: Path) -> None:
    def split(image: Dataset, phase: int) -> None:
        image.SeriesInstanceUID, image.SeriesNumber = f"1.2.3.1.{50 + phase}", 50 + phase

    for z in SLICES:
        write_cine(tmp_path, z_mm=z, seed=int(z), name=f"z{z}_", edit=split)
    assert _is_whole(read(tmp_path)[0])


def test_canon_tells_the_phase_by_its_dimension_alone(tmp_path: Path) -> None:
    frames = [mr_image(phase=phase, z_mm=z, seed=int(z)) for phase in range(10) for z in SLICES]
    image = enhanced_object(frames)
    space, time = Dataset(), Dataset()
    space.DimensionIndexPointer, time.DimensionIndexPointer = 0x00209057, 0x00209128
    image.DimensionIndexSequence = Sequence([space, time])
    for index, group in enumerate(image.PerFrameFunctionalGroupsSequence):
        del group.CardiacSynchronizationSequence
        group.FrameContentSequence[0].DimensionIndexValues = [index % 3 + 1, index // 3 + 1]
    save(image, tmp_path / "a.dcm")
    cines, _ = read(tmp_path)
    assert _is_whole(cines)
    assert {cine.phase_key for cine in cines} == {"dimension_index"}


def test_object_without_any_time_is_in_the_order_of_its_frames(tmp_path: Path) -> None:
    image = enhanced_object([mr_image(phase=phase) for phase in range(10)])
    for group in image.PerFrameFunctionalGroupsSequence:
        del group.CardiacSynchronizationSequence
    save(image, tmp_path / "a.dcm")
    ((cine,), _) = read(tmp_path)
    assert (cine.phase_key, len(cine.frames)) == ("instance_number", 10)


def test_repeat_within_one_series_is_cut_where_time_starts_again(tmp_path: Path) -> None:
    for take in range(2):

        def again(image: Dataset, phase: int, take: int = take) -> None:
            image.InstanceNumber = take * 10 + phase + 1
            image.SOPInstanceUID += f".{take}"

        write_cine(tmp_path, name=f"t{take}_", seed=take, edit=again)
    ((cine,), left) = read(tmp_path)
    assert np.array_equal(cine.frames[0], pixels(0, seed=1))
    assert codes(left) == {"repeat": 10}


def test_studies_of_several_patients_in_one_folder_are_kept_apart(tmp_path: Path) -> None:
    for study in (1, 2):
        for patient in ("P1", "P2"):

            def own(image: Dataset, phase: int, patient: str = patient) -> None:
                for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
                    setattr(image, keyword, f"{image[keyword].value}.{patient[1:]}")

            write_cine(tmp_path, patient=patient, study=study, seed=study, name=f"{patient}_{study}_", edit=own)
    cines, left = read(tmp_path)
    assert left == []
    assert len({(cine.patient_id, cine.exam_id) for cine in cines}) == len(cines) == 4
    assert sorted(cine.exam_order for cine in cines) == [1, 1, 2, 2]


@pytest.mark.parametrize("keyword", ["AcquisitionTime", "ContentTime"])
def test_beat_over_midnight_stays_in_order(tmp_path: Path, keyword: str) -> None:
    def late(image: Dataset, phase: int) -> None:
        del image.TriggerTime, image.AcquisitionTime
        moment = (86_399_600 + 80 * phase) % 86_400_000
        seconds, ms = divmod(moment, 1000)
        setattr(image, keyword, f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}.{ms:03d}")

    write_cine(tmp_path, edit=late)
    ((cine,), _) = read(tmp_path)
    assert np.array_equal(cine.frames, np.stack([pixels(phase) for phase in range(10)]))
