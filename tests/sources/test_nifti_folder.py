"""Plain NIfTI files as a source."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cinemyo.config import SliceRule
from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.sources.base import Cine, Exclusion
from cinemyo.sources.base import read as every
from cinemyo.sources.files import count_files
from cinemyo.sources.nifti_folder import NiftiPart, NiftiReader, Rules
from tests.sources.nifti_files import COLUMNS, ROWS, SLICES, ZOOMS, affine, coded, heart, save, series
from tests.sources.test_mnms import MNMS

KEY = load_key("published")
RULES = Rules(
    slices=SliceRule(first=0, last=1),
    min_phases=4,
    max_phases=60,
    patient_from="name",
    third_axis="slices",
    mask_code="acdc",
    display="patient",
)
LPS = np.diag([-1.0, -1.0, 1.0])
"""Axes of a file as DICOM has them: columns to the left, rows to the back."""
CANONICAL = np.eye(3)
"""Axes of a file turned to right, anterior, superior."""


def read(root: Path, **rules: Any) -> tuple[list[Cine], list[Exclusion]]:
    items = list(every(NiftiReader(root, replace(RULES, **rules), KEY), key=KEY))
    return [item for item in items if isinstance(item, Cine)], [item for item in items if isinstance(item, Exclusion)]


def masks(*, drawn: tuple[int, ...] = (0, 4), frames: int = 6, code: dict[int, int] | None = None) -> np.ndarray:
    made = [coded(heart(frame), code or {1: 1, 2: 2, 3: 3}) * (frame in drawn) for frame in range(frames)]
    return np.stack(made, axis=-1).astype(np.uint8)


def codes(exclusions: list[Exclusion]) -> list[tuple[str, str, int]]:
    return [(item.code, item.level, len(item.files)) for item in exclusions]


def test_each_slice_of_a_file_is_a_cine(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series())
    cines, exclusions = read(tmp_path)
    assert ([cine.frames.shape for cine in cines], exclusions) == ([(6, ROWS, COLUMNS)] * SLICES, [])


def test_nothing_of_the_identifiers_is_carried(tmp_path: Path) -> None:
    save(tmp_path / "Doe_Jane.nii.gz", series())
    assert [cine.carried for cine in read(tmp_path)[0]] == [{}] * SLICES


@pytest.mark.parametrize(
    ("name", "patient_from", "patient", "exam"),
    [
        ("x/a.nii.gz", "name", "a", "a"),
        ("x/sub-01_ses-2_task-rest_bold.nii.gz", "name", "sub-01", "sub-01_ses-2"),
        ("sub-01.nii", "name", "sub-01", "sub-01"),
        ("p7/exam/a.nii.gz", "folder", "p7", "p7"),
        ("a.nii.gz", "folder", "a", "a"),
    ],
)
def test_patient_and_exam_come_from_the_name_or_the_folder(
    tmp_path: Path, name: str, patient_from: str, patient: str, exam: str
) -> None:
    save(tmp_path / name, series())
    cine = read(tmp_path, patient_from=patient_from)[0][0]
    assert (cine.patient_id, cine.exam_id) == (
        pseudonym("patient", patient, key=KEY),
        pseudonym("exam", exam, key=KEY),
    )


def test_two_files_of_one_patient_are_two_series(tmp_path: Path) -> None:
    for name in ("sub-1_a.nii.gz", "sub-1_b.nii.gz"):
        save(tmp_path / name, series(seed=len(name)))
    cines, _ = read(tmp_path)
    assert (len({cine.patient_id for cine in cines}), len({cine.cine_id for cine in cines})) == (1, 2 * SLICES)


@pytest.mark.parametrize("duration", [(0.04, "sec"), (40.0, "msec"), (40_000.0, "usec")])
def test_the_duration_of_a_frame_gives_the_times(tmp_path: Path, duration: tuple[float, str]) -> None:
    save(tmp_path / "a.nii.gz", series(frames=20), frame=duration)
    cine = read(tmp_path)[0][0]
    assert cine.trigger_ms is not None
    assert (cine.phase_key, cine.trigger_ms[:3]) == ("frame_time", (0.0, 40.0, 80.0))


@pytest.mark.parametrize("duration", [(1.0, "sec"), (40.0, "sec"), (0.0, "msec"), (float("nan"), "msec"), (40.0, "hz")])
def test_a_duration_that_no_heart_beat_has_gives_no_times(tmp_path: Path, duration: tuple[float, str]) -> None:
    save(tmp_path / "a.nii.gz", series(frames=20), frame=duration)
    cine = read(tmp_path)[0][0]
    assert (cine.phase_key, cine.trigger_ms) == ("frame_number", None)


def test_a_file_as_dicom_has_it_is_shown_as_stored(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series(), affine=affine(LPS, origin=(1, 2, 3)))
    cine = read(tmp_path)[0][1]
    assert (cine.column_cosine, cine.row_cosine, cine.position) == ((1, 0, 0), (0, 1, 0), (-1, -2, 13))
    np.testing.assert_array_equal(cine.frames[0], series()[:, :, 1, 0].T)


def test_a_file_turned_to_right_anterior_superior_is_turned_back(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series(), affine=affine(CANONICAL))
    cine = read(tmp_path)[0][0]
    assert (cine.column_cosine, cine.row_cosine) == ((1, 0, 0), (0, 1, 0))
    np.testing.assert_array_equal(cine.frames[0], series()[::-1, ::-1, 0, 0].T)


@pytest.mark.parametrize("display", ["stored", "patient"])
def test_a_pixel_lies_at_one_place_however_it_is_shown(tmp_path: Path, display: str) -> None:
    values, made = series(), affine(CANONICAL, origin=(5, 6, 7))
    values[3, 4, 2, 0] = 9999
    save(tmp_path / "a.nii.gz", values, affine=made)
    cine = read(tmp_path, display=display)[0][2]
    row, column = np.argwhere(cine.frames[0] == 9999)[0]
    place = (
        np.array(cine.position)
        + row * cine.row_spacing_mm * np.array(cine.row_cosine)
        + column * cine.column_spacing_mm * np.array(cine.column_cosine)
    )
    np.testing.assert_allclose(place, (made @ [3, 4, 2, 1])[:3] * [-1, -1, 1])


def test_masks_turn_with_their_images(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series(), affine=affine(CANONICAL))
    save(tmp_path / "a_gt.nii.gz", masks(), affine=affine(CANONICAL))
    mask = read(tmp_path)[0][0].mask
    assert mask is not None
    np.testing.assert_array_equal(mask[0], heart(0)[::-1, ::-1, 0].T)


def test_the_larger_left_ventricle_is_diastole(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series())
    save(tmp_path / "a_gt.nii.gz", masks(drawn=(1, 5)))
    mask = read(tmp_path)[0][0].mask
    assert mask is not None
    np.testing.assert_array_equal(mask, [heart(1)[:, :, 0].T, heart(5)[:, :, 0].T])


def test_masks_in_the_code_of_mnms_are_converted_where_the_rules_say_so(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series())
    save(tmp_path / "a_gt.nii.gz", masks(code=MNMS))
    mask = read(tmp_path, mask_code="mnms")[0][0].mask
    assert mask is not None
    np.testing.assert_array_equal(mask[0], heart(0)[:, :, 0].T)


def _other_code(path: Path) -> None:
    save(path, masks(code=MNMS))


def _three_frames(path: Path) -> None:
    save(path, masks(drawn=(0, 1, 4)))


def _fewer_frames(path: Path) -> None:
    save(path, masks(frames=5))


def _other_place(path: Path) -> None:
    save(path, masks(), affine=affine(CANONICAL))


def _label_of_seven(path: Path) -> None:
    save(path, masks() + np.uint8(4))


def _cut_short(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b")


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (_other_code, "mask_code_inverted"),
        (_three_frames, "mask_phases_unknown"),
        (_fewer_frames, "mask_shape"),
        (_other_place, "mask_elsewhere"),
        (_label_of_seven, "mask_unknown_label"),
        (_cut_short, "mask_unreadable"),
    ],
)
def test_a_mask_that_cannot_be_used_is_left_out_by_name(tmp_path: Path, harm: Any, code: str) -> None:
    save(tmp_path / "a.nii.gz", series(), affine=affine(LPS))
    harm(tmp_path / "a_gt.nii.gz")
    cines, exclusions = read(tmp_path)
    assert ([cine.mask for cine in cines], codes(exclusions)) == ([None] * SLICES, [(code, "file", 1)])


def test_a_third_axis_of_slices_is_no_cine(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series()[..., 0])
    assert codes(read(tmp_path)[1]) == [("single_image", "series", 1)]


def test_a_third_axis_of_frames_is_one_cine_where_the_rules_say_so(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series()[:, :, 0, :], affine=affine(LPS))
    save(tmp_path / "a_gt.nii.gz", masks()[:, :, 0, :])
    cines, exclusions = read(tmp_path, third_axis="frames")
    assert ([cine.frames.shape for cine in cines], exclusions) == ([(6, ROWS, COLUMNS)], [])
    assert cines[0].mask is not None


@pytest.mark.parametrize(("frames", "code"), [(1, "single_image"), (3, "too_few_phases"), (61, "too_many_phases")])
def test_the_number_of_frames_is_bounded(tmp_path: Path, frames: int, code: str) -> None:
    save(tmp_path / "a.nii.gz", series(frames=frames))
    assert codes(read(tmp_path)[1]) == [(code, "series", 1)]


def _long_axis(made: np.ndarray) -> None:
    made[:3, 0] *= 2


def _sheared(made: np.ndarray) -> None:
    made[0, 1] = 0.5


@pytest.mark.parametrize("harm", [_long_axis, _sheared])
def test_an_affine_that_contradicts_the_header_is_refused(tmp_path: Path, harm: Any) -> None:
    import nibabel

    path = save(tmp_path / "a.nii", series(), affine=affine(LPS))
    image = nibabel.load(path)
    made = affine(LPS)
    harm(made)
    image.header.set_sform(made, code=1)
    content = bytearray(path.read_bytes())
    # nibabel forgets where the voxels begin
    image.header["vox_offset"] = 352
    content[:348] = image.header.binaryblock
    path.write_bytes(bytes(content))
    assert codes(read(tmp_path)[1]) == [("affine_disagrees", "series", 1)]


def test_a_pixel_that_is_no_number_costs_its_slice(tmp_path: Path) -> None:
    values = series().astype(np.float32)
    values[2, 2, 1, 3] = np.nan
    save(tmp_path / "a.nii.gz", values)
    cines, exclusions = read(tmp_path)
    assert (len(cines), codes(exclusions)) == (SLICES - 1, [("not_finite", "cine", 1)])


def test_every_file_is_accounted_for(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series())
    save(tmp_path / "a.nii", series())
    save(tmp_path / "b_gt.nii.gz", masks())
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".nii").write_text("x")
    (tmp_path / "broken.nii.gz").write_bytes(b"no image")
    cines, exclusions = read(tmp_path)
    found = {file.file for item in (*cines, *exclusions) for file in item.files}
    told = sorted(item.code for item in exclusions)
    assert (len(found), told) == (
        count_files(tmp_path),
        ["duplicate_image", "mask_without_image", "not_an_image", "not_an_image", "unreadable_image"],
    )


def test_distances_in_metres_are_read(tmp_path: Path) -> None:
    import nibabel

    image = nibabel.Nifti1Image(series(), None)
    image.header.set_zooms((0.00125, 0.0015, 0.01, 1.0))
    image.header.set_xyzt_units("meter")
    nibabel.save(image, tmp_path / "a.nii.gz")
    cine = read(tmp_path)[0][0]
    assert (cine.row_spacing_mm, cine.column_spacing_mm) == pytest.approx((ZOOMS[1], ZOOMS[0]))


def test_a_part_travels_to_another_process_and_depends_on_its_rules(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", series())
    first, other = (
        next(iter(NiftiReader(tmp_path, replace(RULES, display=d), KEY).parts())) for d in ("stored", "patient")
    )
    assert isinstance(first, NiftiPart)
    assert isinstance(other, NiftiPart)
    assert (pickle.loads(pickle.dumps(first)), first.content == other.content) == (first, False)
