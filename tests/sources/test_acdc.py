from pathlib import Path

import nibabel
import numpy as np
import pytest

from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.errors import SourceError
from cinemyo.sources.base import read as every
from tests.shared import ACDC, ACDC_CINE, needs
from tests.sources.release import (
    COLUMNS,
    ROWS,
    SLICES,
    add_series,
    labels,
    read,
    reader,
    save,
    voxels,
    write_info,
    write_patient,
)


def test_each_slice_is_one_cine_of_two_phases(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001")
    cines, _ = read(tmp_path)
    assert [cine.frames.shape for cine in cines] == [(2, ROWS, COLUMNS)] * SLICES


def test_rows_are_the_second_axis_of_the_file_and_columns_the_first(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001")
    cines, _ = read(tmp_path)
    assert cines[2].frames[0, 3, 4] == 1000 + 100 * 4 + 10 * 3 + 2


def test_spacing_is_the_headers_zooms(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001")
    cines, _ = read(tmp_path)
    assert (cines[0].row_spacing_mm, cines[0].column_spacing_mm) == (1.5, 1.25)


def test_slices_lie_along_z_at_the_headers_distance(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001")
    cines, _ = read(tmp_path)
    assert [cine.position for cine in cines] == [(0.0, 0.0, 10.0 * index) for index in range(SLICES)]


def test_diastole_comes_first_even_where_its_number_is_the_larger(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001", diastole=7, systole=2)
    cines, _ = read(tmp_path)
    assert cines[0].frames[:, 0, 0].tolist() == [7000, 2000]


def test_masks_follow_their_frames(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001", diastole=7, systole=2)
    cines, _ = read(tmp_path)
    assert cines[1].mask is not None
    np.testing.assert_array_equal(cines[1].mask, [labels(7)[:, :, 1].T, labels(2)[:, :, 1].T])


def test_all_phases_are_taken_where_a_4d_file_is(tmp_path: Path) -> None:
    add_series(write_patient(tmp_path, "patient001"), frames=5)
    cines, _ = read(tmp_path)
    assert (cines[0].phase_key, cines[0].frames[:, 0, 0].tolist()) == ("frame_number", [1000, 2000, 3000, 4000, 5000])


def test_annotated_frames_of_a_4d_file_count_from_zero(tmp_path: Path) -> None:
    add_series(write_patient(tmp_path, "patient001", diastole=5, systole=2))
    cines, _ = read(tmp_path)
    assert (cines[0].carried["diastole_index"], cines[0].carried["systole_index"]) == (4, 1)


def test_masks_are_kept_beside_a_4d_file(tmp_path: Path) -> None:
    add_series(write_patient(tmp_path, "patient001"))
    cines, _ = read(tmp_path)
    assert cines[0].mask is not None


def test_frames_that_the_4d_file_holds_are_left_out_by_name(tmp_path: Path) -> None:
    add_series(write_patient(tmp_path, "patient001", masks=False))
    _, exclusions = read(tmp_path)
    assert [item.code for item in exclusions] == ["image_not_needed"] * 2


def test_it_works_without_masks(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001", masks=False)
    cines, exclusions = read(tmp_path)
    assert ([cine.mask for cine in cines], exclusions) == ([None] * SLICES, [])


def test_no_group_means_no_pathology(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001", group=None)
    cines, _ = read(tmp_path)
    assert {cine.carried["pathology"] for cine in cines} == {None}


def test_labels_are_carried_under_public_identifiers(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001", group="HCM")
    cines, _ = read(tmp_path)
    assert cines[3].carried == {
        "patient": "patient001",
        "exam": "patient001",
        "series": "patient001_sax",
        "slice": 4,
        "pathology": "hcm",
        "other_class": None,
        "view": "short_axis",
        "diastole_index": 0,
        "systole_index": 1,
    }


def test_pseudonyms_are_those_of_the_carried_identifiers(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001")
    cines, _ = read(tmp_path)
    assert cines[0].series_id == pseudonym("series", "patient001_sax", key=load_key("published"))


@pytest.mark.parametrize("part", ["", "training", "testing", "database/training"])
def test_patients_are_found_at_any_depth(tmp_path: Path, part: str) -> None:
    write_patient(tmp_path / part, "patient001")
    assert len(read(tmp_path)[0]) == SLICES


def test_patients_come_in_order_of_their_names(tmp_path: Path) -> None:
    write_patient(tmp_path / "training", "patient002")
    write_patient(tmp_path / "testing", "patient101")
    write_patient(tmp_path / "training", "patient001")
    cines, _ = read(tmp_path)
    assert [cine.carried["patient"] for cine in cines[::SLICES]] == ["patient001", "patient002", "patient101"]


def test_uncompressed_files_are_read(tmp_path: Path) -> None:
    folder = write_patient(tmp_path, "patient001", masks=False)
    for path in list(folder.glob("*.nii.gz")):
        save(path.with_suffix(""), voxels(1))
        path.unlink()
    assert len(read(tmp_path)[0]) == SLICES


def test_stored_values_are_rescaled(tmp_path: Path) -> None:
    folder = write_patient(tmp_path, "patient001", masks=False)
    for frame in (1, 4):
        image = nibabel.Nifti1Image(voxels(frame), None)
        image.header.set_zooms((1.0, 1.0, 5.0))
        image.header.set_slope_inter(0.5, 3)
        nibabel.save(image, folder / f"patient001_frame{frame:02d}.nii.gz")
    stored = nibabel.load(folder / "patient001_frame01.nii.gz").get_fdata()
    np.testing.assert_allclose(read(tmp_path)[0][0].frames[0], stored[:, :, 0].T)


def test_slices_outside_the_rule_are_left_out_by_name(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001")
    cines, exclusions = read(tmp_path, first=0.3, last=0.7)
    assert ([cine.slice_number for cine in cines], [item.code for item in exclusions]) == ([2, 3], ["slice_rule"] * 2)


def test_the_rule_includes_its_ends(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001")
    assert [cine.slice_number for cine in read(tmp_path, first=0.125, last=0.375)[0]] == [1, 2]


def test_masks_choose_no_slice(tmp_path: Path) -> None:
    write_patient(tmp_path / "with", "patient001")
    folder = write_patient(tmp_path / "empty", "patient001")
    for path in folder.glob("*_gt.nii.gz"):
        save(path, np.zeros((COLUMNS, ROWS, SLICES), np.uint8))
    chosen = [[cine.slice_number for cine in read(tmp_path / part)[0]] for part in ("with", "empty")]
    assert chosen[0] == chosen[1] == [1, 2, 3, 4]


def test_a_group_outside_the_study_is_left_out_by_name(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001", group="MINF")
    _, exclusions = read(tmp_path)
    assert [(item.code, item.level, len(item.files)) for item in exclusions] == [("group_not_in_study", "patient", 5)]


@pytest.mark.parametrize(("group", "word"), [("MINF", "minf"), ("RV", "rv")])
def test_a_group_out_of_class_is_read_under_its_own_word(tmp_path: Path, group: str, word: str) -> None:
    write_patient(tmp_path, "patient001", group=group)
    cines, exclusions = read(tmp_path, out_of_class=("MINF", "RV"))
    told = {(cine.carried["pathology"], cine.carried["other_class"]) for cine in cines}
    assert (told, len(cines), exclusions) == ({(None, word)}, SLICES, [])


def test_a_group_out_of_class_alone_leaves_the_other_out_by_name(tmp_path: Path) -> None:
    write_patient(tmp_path, "patient001", group="MINF")
    write_patient(tmp_path, "patient002", group="RV")
    cines, exclusions = read(tmp_path, out_of_class=("RV",))
    assert ({cine.carried["other_class"] for cine in cines}, exclusions[0].code) == ({"rv"}, "group_not_in_study")


def _no_info(folder: Path) -> None:
    (folder / "Info.cfg").unlink()


def _no_phases(folder: Path) -> None:
    (folder / "Info.cfg").write_text("Group: NOR\n")


def _one_phase(folder: Path) -> None:
    write_info(folder, diastole=4, systole=4)


def _words_for_phases(folder: Path) -> None:
    write_info(folder, diastole="first")


def _endless_number(folder: Path) -> None:
    write_info(folder, diastole="9" * 5000)


def _digits_of_another_script(folder: Path) -> None:
    write_info(folder, diastole="\u0661")


def _group_is_a_sentence(folder: Path) -> None:
    write_info(folder, group="normal, seen by Dr Nobody")


def _no_frame(folder: Path) -> None:
    (folder / "patient001_frame04.nii.gz").unlink()


def _cut_short(folder: Path) -> None:
    path = folder / "patient001_frame04.nii.gz"
    path.write_bytes(path.read_bytes()[:-30])


def _not_nifti(folder: Path) -> None:
    (folder / "patient001_frame04.nii.gz").write_bytes(b"not an image")


def _sizes_differ(folder: Path) -> None:
    save(folder / "patient001_frame04.nii.gz", voxels(4)[:, :-1])


def _spacings_differ(folder: Path) -> None:
    save(folder / "patient001_frame04.nii.gz", voxels(4), zooms=(1.0, 1.0, 10.0))


def _flat(folder: Path) -> None:
    save(folder / "patient001_frame04.nii.gz", voxels(4)[:, :, 0])


def _absurd_spacing(folder: Path) -> None:
    save(folder / "patient001_frame01.nii.gz", voxels(1), zooms=(0.0001, 1.0, 10.0))


def _spacing_is_no_number(folder: Path) -> None:
    image = nibabel.Nifti1Image(voxels(1), None)
    image.header["pixdim"][1] = np.nan
    path = folder / "patient001_frame01.nii"
    nibabel.save(image, path)
    (folder / "patient001_frame01.nii.gz").unlink()


def _series_too_short(folder: Path) -> None:
    add_series(folder, frames=3)


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (_no_info, "no_info"),
        (_no_phases, "bad_info"),
        (_one_phase, "bad_info"),
        (_words_for_phases, "bad_info"),
        (_endless_number, "bad_info"),
        (_digits_of_another_script, "bad_info"),
        (_group_is_a_sentence, "bad_info"),
        (_no_frame, "missing_frame"),
        (_cut_short, "unreadable_image"),
        (_not_nifti, "unreadable_image"),
        (_sizes_differ, "frames_disagree"),
        (_spacings_differ, "frames_disagree"),
        (_flat, "bad_shape"),
        (_absurd_spacing, "bad_spacing"),
        (_spacing_is_no_number, "bad_spacing"),
        (_series_too_short, "frame_out_of_series"),
    ],
)
def test_a_damaged_patient_is_left_out_by_name_with_all_files(tmp_path: Path, harm, code: str) -> None:
    folder = write_patient(tmp_path, "patient001")
    harm(folder)
    cines, exclusions = read(tmp_path)
    assert (cines, [(item.code, len(item.files)) for item in exclusions]) == ([], [(code, len(list(folder.iterdir())))])


def test_one_damaged_patient_costs_no_other(tmp_path: Path) -> None:
    _cut_short(write_patient(tmp_path, "patient001"))
    write_patient(tmp_path, "patient002")
    assert len(read(tmp_path)[0]) == SLICES


def test_an_empty_patient_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "patient001").mkdir()
    assert [item.code for item in read(tmp_path)[1]] == ["no_info"]


def test_a_blank_frame_costs_its_slice(tmp_path: Path) -> None:
    folder, values = write_patient(tmp_path, "patient001"), voxels(4)
    values[:, :, 1] = 0
    save(folder / "patient001_frame04.nii.gz", values)
    cines, exclusions = read(tmp_path)
    assert ([cine.slice_number for cine in cines], [item.code for item in exclusions]) == ([1, 3, 4], ["blank_frame"])


def test_a_pixel_that_is_no_number_costs_its_slice(tmp_path: Path) -> None:
    folder, values = write_patient(tmp_path, "patient001"), voxels(4).astype(np.float32)
    values[2, 2, 3] = np.nan
    save(folder / "patient001_frame04.nii.gz", values)
    assert [(item.code, item.level) for item in read(tmp_path)[1]] == [("not_finite", "cine")]


def _one_mask(folder: Path) -> None:
    (folder / "patient001_frame04_gt.nii.gz").unlink()


def _mask_cut_short(folder: Path) -> None:
    (folder / "patient001_frame04_gt.nii.gz").write_bytes(b"\x1f\x8b")


def _mask_of_another_size(folder: Path) -> None:
    save(folder / "patient001_frame04_gt.nii.gz", labels(4)[:-1])


def _mask_with_another_label(folder: Path) -> None:
    save(folder / "patient001_frame04_gt.nii.gz", labels(4) + np.uint8(1))


def _mask_of_fractions(folder: Path) -> None:
    save(folder / "patient001_frame04_gt.nii.gz", labels(4) / np.float32(2))


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (_one_mask, "mask_incomplete"),
        (_mask_cut_short, "mask_unreadable"),
        (_mask_of_another_size, "mask_shape"),
        (_mask_with_another_label, "mask_unknown_label"),
        (_mask_of_fractions, "mask_unknown_label"),
    ],
)
def test_a_damaged_mask_costs_the_masks_and_not_the_cines(tmp_path: Path, harm, code: str) -> None:
    harm(write_patient(tmp_path, "patient001"))
    cines, exclusions = read(tmp_path)
    assert ([cine.mask for cine in cines], {item.code for item in exclusions}) == ([None] * SLICES, {code})


def test_other_files_are_left_out_by_name(tmp_path: Path) -> None:
    folder = write_patient(tmp_path, "patient001")
    (folder / "CITATION.md").write_text("cite")
    save(folder / "patient001_frame09.nii.gz", voxels(9))
    (tmp_path / "LICENSE.md").write_text("licence")
    assert [item.code for item in read(tmp_path)[1]] == ["not_an_image", "image_not_needed", "outside_patients"]


def test_a_second_folder_of_a_patient_is_left_out_by_name(tmp_path: Path) -> None:
    write_patient(tmp_path / "a", "patient001")
    write_patient(tmp_path / "b", "patient001")
    cines, exclusions = read(tmp_path)
    assert (len(cines), {item.code for item in exclusions}) == (SLICES, {"duplicate_patient"})


def test_a_link_back_to_a_folder_above_ends(tmp_path: Path) -> None:
    folder = write_patient(tmp_path, "patient001")
    (folder / "above").symlink_to(tmp_path, target_is_directory=True)
    assert len(read(tmp_path)[0]) == SLICES


def test_an_absent_root_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"expected a folder, got nothing"):
        list(every(reader(tmp_path / "absent"), key=load_key("published")))


def test_a_file_as_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match=r"expected a folder, got a file"):
        list(every(reader(tmp_path / "file"), key=load_key("published")))


def _linked(tmp_path: Path, source: Path, *patients: str) -> Path:
    for patient in patients:
        (tmp_path / patient).symlink_to(source / patient, target_is_directory=True)
    return tmp_path


@needs(ACDC)
def test_patients_of_the_release_give_their_middle_slices(tmp_path: Path) -> None:
    cines, exclusions = read(_linked(tmp_path, ACDC, "patient001", "patient021", "patient061"), first=0.2, last=0.8)
    assert {cine.carried["pathology"] for cine in cines} == {"dcm", "hcm", "normal"}
    assert {item.code for item in exclusions} == {"slice_rule"}


@needs(ACDC)
def test_the_right_ventricle_of_the_release_lies_left_of_the_left(tmp_path: Path) -> None:
    cines, _ = read(_linked(tmp_path, ACDC, "patient001", "patient021", "patient061"), first=0.45, last=0.55)
    for cine in cines:
        assert cine.mask is not None
        right, left = (np.argwhere(cine.mask[0] == label)[:, 1].mean() for label in (1, 3))
        assert right < left


@needs(ACDC)
def test_spacing_of_the_release_is_not_the_affines(tmp_path: Path) -> None:
    cines, _ = read(_linked(tmp_path, ACDC, "patient001"))
    assert cines[0].row_spacing_mm == pytest.approx(1.5625)


@needs(ACDC_CINE)
def test_a_4d_file_of_the_release_holds_its_annotated_frames(tmp_path: Path) -> None:
    (tmp_path / "pairs").mkdir()
    (tmp_path / "series").mkdir()
    pairs, _ = read(_linked(tmp_path / "pairs", ACDC, "patient001"))
    series, _ = read(_linked(tmp_path / "series", ACDC_CINE, "patient001"))
    # the crop is original[50:150, 85:180, 1:8] (x, y, z), see the README beside it
    annotated = [series[2].carried[name] for name in ("diastole_index", "systole_index")]
    np.testing.assert_array_equal(np.rint(series[2].frames[annotated]), pairs[3].frames[:, 85:180, 50:150])
