import random
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import keyed_hash, pseudonym
from cinemyo.deid.text_detector import REVIEW_SCORE
from cinemyo.errors import SourceError
from cinemyo.sources.base import Cine
from cinemyo.sources.base import read as every
from cinemyo.sources.dicom import DicomReader
from tests.deid.exports import with_text
from tests.shared import SUNNYBROOK, needs
from tests.sources.dicom_files import mr_image, pixels, save, set_pixels, write_cine
from tests.sources.reading import codes, read

KEY = load_key("published")


def test_cine_has_its_frames_in_phase_order(tmp_path: Path) -> None:
    write_cine(tmp_path)
    (cine,), left = read(tmp_path)
    assert np.array_equal(cine.frames, np.stack([pixels(phase) for phase in range(10)]))
    assert left == []


def test_cine_carries_the_facts_of_its_header(tmp_path: Path) -> None:
    write_cine(tmp_path, patient="P7", study=2, series=3)
    (cine,), _ = read(tmp_path)
    assert cine.patient_id == pseudonym("patient", "P7", key=KEY)
    assert cine.exam_id == pseudonym("exam", "1.2.3.2", key=KEY)
    assert cine.series_id == pseudonym("series", "1.2.3.2.3", key=KEY)
    assert cine.scanner == pseudonym("scanner", "SIEMENS", "MR1", "4711", key=KEY)
    assert (cine.sex, cine.age_years, cine.rr_ms, cine.accession_id) == ("F", 45, 900.0, None)


def test_cine_says_how_much_it_looks_like_text(tmp_path: Path) -> None:
    write_cine(tmp_path / "plain", patient="P1")
    write_cine(tmp_path / "text", patient="P2", study=2, edit=with_text)
    scores = {cine.patient_id: cine.text_score for cine in read(tmp_path)[0]}
    plain, text = (scores[pseudonym("patient", name, key=KEY)] for name in ("P1", "P2"))
    assert plain == 0
    assert text is not None
    assert text >= REVIEW_SCORE


def test_rows_and_columns_are_not_swapped(tmp_path: Path) -> None:
    def tilt(image: Dataset, phase: int) -> None:
        image.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]

    write_cine(tmp_path, edit=tilt)
    (cine,), _ = read(tmp_path)
    assert (cine.row_spacing_mm, cine.column_spacing_mm) == (1.5, 1.25)
    assert (cine.row_cosine, cine.column_cosine) == ((0, 0, -1), (0, 1, 0))
    assert cine.frames.shape == (10, 24, 20)


def test_accession_number_becomes_a_pseudonym(tmp_path: Path) -> None:
    def number(image: Dataset, phase: int) -> None:
        image.AccessionNumber = "A-77"

    write_cine(tmp_path, edit=number)
    assert read(tmp_path)[0][0].accession_id == pseudonym("accession", "A-77", key=KEY)


def test_source_files_are_keyed_hashes_of_name_and_bytes(tmp_path: Path) -> None:
    first = write_cine(tmp_path / "a b")[0]
    (cine,), _ = read(tmp_path)
    assert cine.files[0].file == keyed_hash("a b/im000.dcm", key=KEY)[:32]
    assert cine.files[0].digest == keyed_hash(first.read_bytes(), key=KEY)
    assert cine.files[0].bytes == first.stat().st_size


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.randoms(use_true_random=False))
def test_names_folders_and_order_of_files_do_not_matter(tmp_path: Path, order: random.Random) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    if not source.exists():
        write_cine(source, series=1)
        write_cine(source, series=2, z_mm=8, name="b")
        save(mr_image(series=5, z_mm=50), source / "single.dcm")
    shutil.rmtree(target, ignore_errors=True)
    paths = sorted(source.iterdir())
    order.shuffle(paths)
    for index, path in enumerate(paths):
        (target / str(index % 3)).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target / str(index % 3) / f"{index}")
    before, after = read(source), read(target)
    assert [cine.cine_id for cine in before[0]] == [cine.cine_id for cine in after[0]]
    assert all(np.array_equal(a.frames, b.frames) for a, b in zip(before[0], after[0], strict=True))
    assert [item.item for item in before[1]] == [item.item for item in after[1]]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    damage=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 900), st.integers(0, 255)), max_size=30),
    cut=st.integers(200, 1900),
)
def test_damaged_files_never_end_a_run(tmp_path: Path, damage: list[tuple[int, int, int]], cut: int) -> None:
    paths = write_cine(tmp_path)
    for index, position, value in damage:
        content = bytearray(paths[index].read_bytes())
        content[position] = value
        paths[index].write_bytes(content)
    paths[0].write_bytes(paths[0].read_bytes()[:cut])
    cines, left = read(tmp_path)
    files = Counter(file.file for item in (*cines, *left) for file in item.files)
    assert files.total() == len(files) == 10


def test_stack_in_one_series_is_parted_by_position(tmp_path: Path) -> None:
    for index, z in enumerate((16.0, 0.0, 8.0)):
        write_cine(tmp_path, z_mm=z, name=f"s{index}_")
    cines, _ = read(tmp_path)
    assert {cine.slice_number: cine.position[2] for cine in cines} == {1: 0.0, 2: 8.0, 3: 16.0}


def test_mixed_orientations_are_numbered_one_after_the_other(tmp_path: Path) -> None:
    def coronal(image: Dataset, phase: int) -> None:
        image.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        image.InstanceNumber = 100 + phase

    write_cine(tmp_path, z_mm=30)
    write_cine(tmp_path, z_mm=-30, edit=coronal, name="c")
    cines, _ = read(tmp_path)
    assert {cine.row_cosine: cine.slice_number for cine in cines} == {(0, 1, 0): 1, (0, 0, -1): 2}


def test_jitter_of_the_position_parts_nothing(tmp_path: Path) -> None:
    def jitter(image: Dataset, phase: int) -> None:
        image.ImagePositionPatient = [-10, -20, 0.05 + 0.0001 * (phase % 2)]

    write_cine(tmp_path, edit=jitter)
    assert len(read(tmp_path)[0]) == 1


def test_slice_location_and_frame_of_reference_part_nothing(tmp_path: Path) -> None:
    def confuse(image: Dataset, phase: int) -> None:
        image.SliceLocation, image.FrameOfReferenceUID = phase * 6.7, f"1.2.3.4.{phase}"

    write_cine(tmp_path, edit=confuse)
    assert len(read(tmp_path)[0]) == 1


def test_series_split_in_two_is_one_cine(tmp_path: Path) -> None:
    def second(image: Dataset, phase: int) -> None:
        if phase > 4:
            image.SeriesInstanceUID, image.SeriesNumber = "1.2.3.1.99", 99

    write_cine(tmp_path, edit=second)
    (cine,), left = read(tmp_path)
    assert (len(cine.frames), left) == (10, [])


def test_last_complete_repeat_is_kept(tmp_path: Path) -> None:
    write_cine(tmp_path / "1", series=1, seed=1)
    write_cine(tmp_path / "2", series=2, seed=2)
    for path in write_cine(tmp_path / "3", series=3, seed=3)[:4]:
        path.unlink()
    (cine,), left = read(tmp_path)
    assert np.array_equal(cine.frames[0], pixels(0, seed=2))
    assert codes(left) == {"repeat": 10, "incomplete": 6}


def test_missing_frames_make_a_cine_incomplete(tmp_path: Path) -> None:
    for path in write_cine(tmp_path, phases=20)[3:6]:
        path.unlink()
    cines, left = read(tmp_path)
    assert (cines, codes(left)) == ([], {"incomplete": 17})


def test_one_missing_frame_is_never_made_up(tmp_path: Path) -> None:
    write_cine(tmp_path, phases=20)[5].unlink()
    (cine,), _ = read(tmp_path)
    assert len(cine.frames) == 19
    assert cine.trigger_ms is not None
    assert 225.0 not in cine.trigger_ms


def test_position_with_fewer_images_than_its_stack_is_incomplete(tmp_path: Path) -> None:
    def uncounted(image: Dataset, phase: int) -> None:
        del image.CardiacNumberOfImages

    for index in range(4):
        paths = write_cine(tmp_path, phases=20, z_mm=8.0 * index, name=f"s{index}_", edit=uncounted)
    for path in paths[:6]:
        path.unlink()
    cines, left = read(tmp_path)
    assert (len(cines), codes(left)) == (3, {"incomplete": 14})


def test_too_few_and_too_many_phases_are_left_out(tmp_path: Path) -> None:
    write_cine(tmp_path / "few", phases=5, series=1)
    write_cine(tmp_path / "many", phases=12, series=2, z_mm=9)
    save(mr_image(series=3, phases=1, z_mm=40), tmp_path / "one.dcm")
    cines, left = read(tmp_path, max_phases=11)
    assert cines == []
    assert codes(left) == {"too_few_phases": 5, "too_many_phases": 12, "single_image": 1}


def test_copies_are_left_out_by_uid_and_by_pixels(tmp_path: Path) -> None:
    def renamed(image: Dataset, phase: int) -> None:
        image.SOPInstanceUID += ".9"

    write_cine(tmp_path / "a")
    write_cine(tmp_path / "b")
    write_cine(tmp_path / "c", edit=renamed)
    (cine,), left = read(tmp_path)
    assert (len(cine.frames), codes(left)) == (10, {"duplicate": 20})


def test_one_uid_for_two_images_is_refused(tmp_path: Path) -> None:
    write_cine(tmp_path)
    impostor = mr_image(seed=5)
    impostor.SOPInstanceUID = mr_image().SOPInstanceUID
    save(impostor, tmp_path / "x.dcm")
    assert codes(read(tmp_path)[1]) == {"duplicate_uid": 1}


def test_exams_are_numbered_in_time(tmp_path: Path) -> None:
    write_cine(tmp_path / "x", study=2, seed=2)
    write_cine(tmp_path / "y", study=1, seed=1)
    cines, _ = read(tmp_path)
    assert {cine.exam_id: cine.exam_order for cine in cines} == {
        pseudonym("exam", "1.2.3.1", key=KEY): 1,
        pseudonym("exam", "1.2.3.2", key=KEY): 2,
    }


def test_image_of_nobody_is_left_out(tmp_path: Path) -> None:
    write_cine(tmp_path, patient=" ")
    _, (left,) = read(tmp_path)
    assert (left.code, left.patient_id, len(left.files)) == ("no_patient_id", None, 10)


def test_image_without_a_series_is_left_out_by_file(tmp_path: Path) -> None:
    image = mr_image()
    del image.SeriesInstanceUID
    save(image, tmp_path / "a.dcm")
    _, (left,) = read(tmp_path)
    assert (left.code, left.level) == ("missing_uid", "file")


def test_series_number_of_two_patients_is_excluded_for_each(tmp_path: Path) -> None:
    def scout(image: Dataset, phase: int) -> None:
        image.SeriesDescription = "scout"
        image.SOPInstanceUID += image.PatientID[1:]

    write_cine(tmp_path / "a", patient="P1", edit=scout)
    write_cine(tmp_path / "b", patient="P2", edit=scout)
    _, left = read(tmp_path)
    patients = {pseudonym("patient", name, key=KEY) for name in ("P1", "P2")}
    assert {item.patient_id for item in left} == patients
    assert [len(item.files) for item in left] == [10, 10]


def test_broken_frame_leaves_the_rest(tmp_path: Path) -> None:
    def lossless(image: Dataset, phase: int) -> None:
        if phase == 4:
            image.BitsAllocated, image.BitsStored = 12, 12

    write_cine(tmp_path, edit=lossless)
    (cine,), left = read(tmp_path)
    assert (len(cine.frames), codes(left)) == (9, {"broken_pixels": 1})


def test_too_many_broken_frames_leave_no_cine(tmp_path: Path) -> None:
    def broken(image: Dataset, phase: int) -> None:
        if phase > 6:
            image.RescaleSlope, image.RescaleIntercept = 0, 0

    write_cine(tmp_path, edit=broken)
    cines, left = read(tmp_path)
    # a second broken frame makes the cine incomplete before the third is tried
    assert (cines, codes(left)) == ([], {"broken_pixels": 2, "incomplete": 8})


def test_monochrome1_is_inverted(tmp_path: Path) -> None:
    def negative(image: Dataset, phase: int) -> None:
        set_pixels(image, 4095 - pixels(phase))
        image.PhotometricInterpretation = "MONOCHROME1"

    write_cine(tmp_path / "negative", edit=negative)
    write_cine(tmp_path / "positive")
    (one,), _ = read(tmp_path / "negative")
    (other,), _ = read(tmp_path / "positive")
    assert np.allclose(one.frames - one.frames.min(), other.frames - other.frames.min())


def test_mask_of_a_phantom_is_read(tmp_path: Path) -> None:
    write_cine(tmp_path / "dicom")
    mask = np.arange(2 * 24 * 20, dtype=np.uint8).reshape(2, 24, 20) % 4
    (tmp_path / "truth").mkdir()
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(mask), str(tmp_path / "truth" / "1.2.3.1.1.mha"))
    (cine,), _ = read(tmp_path / "dicom", truth=tmp_path / "truth")
    assert np.array_equal(cine.mask, mask)


def test_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    write_cine(tmp_path / "dicom")
    (tmp_path / "truth").mkdir()
    wrong = SimpleITK.GetImageFromArray(np.zeros((2, 5, 5), np.uint8))
    SimpleITK.WriteImage(wrong, str(tmp_path / "truth" / "1.2.3.1.1.mha"))
    with pytest.raises(SourceError, match="2 x 24 x 20"):
        read(tmp_path / "dicom", truth=tmp_path / "truth")


def test_cine_without_a_mask_has_none(tmp_path: Path) -> None:
    write_cine(tmp_path)
    assert read(tmp_path, truth=tmp_path)[0][0].mask is None


def test_absent_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected a folder"):
        DicomReader(tmp_path / "absent", key=KEY).parts()


def test_empty_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with pytest.raises(SourceError, match="an empty folder"):
        DicomReader(tmp_path, key=KEY).parts()


def test_no_header_value_leaves_the_reader(tmp_path: Path) -> None:
    write_cine(tmp_path / "MRN123456", patient="MRN123456")
    (tmp_path / "MRN123456" / "MRN123456.txt").write_text("MRN123456")
    items = list(every(DicomReader(tmp_path, key=KEY), key=KEY))
    assert all("MRN123456" not in repr(item) and "1.2.3" not in repr(item) for item in items)


@pytest.fixture(scope="module")
def sunnybrook() -> list[object]:
    return list(every(DicomReader(SUNNYBROOK, key=KEY), key=KEY))


@needs(SUNNYBROOK)
def test_sunnybrook_gives_twelve_and_thirteen_slices_of_twenty_phases(sunnybrook: list[object]) -> None:
    cines = [item for item in sunnybrook if isinstance(item, Cine)]
    counts = Counter((cine.patient_id, len(cine.frames)) for cine in cines)
    one, two = (pseudonym("patient", name, key=KEY) for name in ("SCD0000101", "SCD0000201"))
    assert counts == {(one, 20): 12, (two, 20): 13}


@needs(SUNNYBROOK)
def test_sunnybrook_slices_are_ten_mm_apart(sunnybrook: list[object]) -> None:
    patient = pseudonym("patient", "SCD0000101", key=KEY)
    mine = [item for item in sunnybrook if isinstance(item, Cine) and item.patient_id == patient]
    ordered = [np.array(cine.position) for cine in sorted(mine, key=lambda cine: cine.slice_number)]
    steps = np.linalg.norm(np.diff(ordered, axis=0), axis=1)
    assert np.allclose(steps, 10.0, atol=0.01)


@needs(SUNNYBROOK)
def test_sunnybrook_scouts_are_excluded_by_name(sunnybrook: list[object]) -> None:
    left = [item for item in sunnybrook if not isinstance(item, Cine)]
    assert codes(left)["scout"] == 30


@needs(SUNNYBROOK)
def test_sunnybrook_files_are_each_accounted_for_once(sunnybrook: list[object]) -> None:
    files = Counter(file.file for item in sunnybrook for file in item.files)
    assert files.total() == len(files) == sum(path.is_file() for path in SUNNYBROOK.rglob("*"))
