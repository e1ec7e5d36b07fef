"""The M&Ms reader, on made-up folders of the release's layout."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cinemyo.config import SliceRule
from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.errors import SourceError
from cinemyo.sources.base import Cine, Exclusion
from cinemyo.sources.base import read as every
from cinemyo.sources.files import count_files
from cinemyo.sources.mnms import SHEET_NAME, MnmsPart, MnmsReader
from tests.sources.nifti_files import COLUMNS, FRAMES, ROWS, SLICES, ZOOMS, affine, coded, heart, save, series

MNMS = {1: 3, 2: 2, 3: 1}
"""What M&Ms writes for right ventricle, myocardium, left ventricle."""
HEADER = ",External code,VendorName,Vendor,Centre,ED,ES,Age,Pathology,Sex,Height,Weight"
GROUPS = {"NOR": "normal", "HCM": "hcm", "DCM": "dcm"}
KEY = load_key("published")


def row(patient: str = "A0S9V9", *, pathology: str = "NOR", **cells: object) -> str:
    told = {"VendorName": "Siemens", "Vendor": "A", "Centre": 1, "ED": 1, "ES": 4, "Age": 55, "Sex": "F"} | cells
    first = ",".join(str(told[name]) for name in ("VendorName", "Vendor", "Centre", "ED", "ES", "Age"))
    return f"0,{patient},{first},{pathology},{told['Sex']},170.0,70.0"


def write_sheet(root: Path, *rows: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / SHEET_NAME).write_text("\n".join([HEADER, *rows]) + "\n")


def labels(*, drawn: tuple[int, ...] = (1, 4), code: dict[int, int] = MNMS, frames: int = FRAMES) -> np.ndarray:
    return np.stack([coded(heart(frame), code) * (frame in drawn) for frame in range(frames)], axis=-1).astype(np.uint8)


def write_patient(root: Path, name: str = "A0S9V9", *, part: str = "Training/Labeled", mask: bool = True) -> Path:
    folder = root / part / name
    save(folder / f"{name}_sa.nii.gz", series())
    if mask:
        save(folder / f"{name}_sa_gt.nii.gz", labels())
    return folder


def write_release(root: Path, **cells: Any) -> Path:
    write_sheet(root, row(**cells))
    return write_patient(root)


def reader(root: Path, **options: Any) -> MnmsReader:
    return MnmsReader(root, **{"slices": SliceRule(first=0, last=1), "groups": GROUPS} | options)


def read(root: Path, **options: Any) -> tuple[list[Cine], list[Exclusion]]:
    items = list(every(reader(root, **options), key=KEY))
    return [item for item in items if isinstance(item, Cine)], [item for item in items if isinstance(item, Exclusion)]


def test_each_slice_is_one_cine_of_all_phases(tmp_path: Path) -> None:
    write_release(tmp_path)
    cines, exclusions = read(tmp_path)
    assert ([cine.frames.shape for cine in cines], exclusions) == ([(FRAMES, ROWS, COLUMNS)] * SLICES, [])


def test_frames_are_those_of_the_file(tmp_path: Path) -> None:
    write_release(tmp_path)
    np.testing.assert_array_equal(read(tmp_path)[0][1].frames[3], series()[:, :, 1, 3].T)


def test_masks_are_converted_to_the_projects_code(tmp_path: Path) -> None:
    write_release(tmp_path)
    mask = read(tmp_path)[0][0].mask
    assert mask is not None
    np.testing.assert_array_equal(mask, [heart(1)[:, :, 0].T, heart(4)[:, :, 0].T])


def test_masks_in_the_code_of_acdc_are_left_out_by_name_and_never_swapped(tmp_path: Path) -> None:
    folder = write_release(tmp_path)
    save(folder / "A0S9V9_sa_gt.nii.gz", labels(code={1: 1, 2: 2, 3: 3}))
    cines, exclusions = read(tmp_path)
    told = [(item.code, item.level, len(item.files)) for item in exclusions]
    assert ([cine.mask for cine in cines], told) == ([None] * SLICES, [("mask_code_inverted", "file", 1)])


def test_what_the_sheet_tells_is_carried(tmp_path: Path) -> None:
    write_release(tmp_path, pathology="HCM")
    assert read(tmp_path)[0][2].carried == {
        "patient": "A0S9V9",
        "exam": "A0S9V9",
        "series": "A0S9V9_sa",
        "slice": 3,
        "pathology": "hcm",
        "other_class": None,
        "view": "short_axis",
        "diastole_index": 1,
        "systole_index": 4,
    }


def test_sex_and_age_are_those_of_the_sheet(tmp_path: Path) -> None:
    write_release(tmp_path, Sex="M", Age=94)
    cine = read(tmp_path)[0][0]
    assert (cine.sex, cine.age_years) == ("M", 90)


@pytest.mark.parametrize("cell", ["", "nan", "unknown", "-3", "1e9"])
def test_what_is_no_age_is_none(tmp_path: Path, cell: str) -> None:
    write_release(tmp_path, Age=cell)
    assert read(tmp_path)[0][0].age_years is None


def test_scanners_are_told_apart_by_vendor_and_centre(tmp_path: Path) -> None:
    write_sheet(tmp_path, row("A0S9V9"), row("B0S9V9"), row("C0S9V9", Centre=2))
    for name in ("A0S9V9", "B0S9V9", "C0S9V9"):
        write_patient(tmp_path, name)
    codes = [cine.scanner for cine in read(tmp_path)[0][::SLICES]]
    assert codes[0] == codes[1] != codes[2] == pseudonym("scanner", "mnms", "Siemens", "2", key=KEY)


def test_groups_out_of_class_keep_their_name(tmp_path: Path) -> None:
    write_release(tmp_path, pathology="HHD")
    assert {cine.carried["other_class"] for cine in read(tmp_path, out_of_class=("HHD",))[0]} == {"hhd"}


def test_a_group_that_nobody_studies_is_left_out_with_all_files(tmp_path: Path) -> None:
    write_release(tmp_path, pathology="LVNC")
    told = [(item.code, item.level, len(item.files)) for item in read(tmp_path)[1]]
    assert told == [("group_not_in_study", "patient", 3)]


@pytest.mark.parametrize("part", ["Training/Labeled", "Training/Unlabeled", "Validation", "Testing", "."])
def test_the_split_decides_nothing(tmp_path: Path, part: str) -> None:
    write_sheet(tmp_path, row())
    write_patient(tmp_path, part=part)
    assert len(read(tmp_path)[0]) == SLICES


def test_an_empty_mask_is_left_out_by_name(tmp_path: Path) -> None:
    save(write_release(tmp_path) / "A0S9V9_sa_gt.nii.gz", labels(drawn=()))
    cines, exclusions = read(tmp_path)
    assert (len(cines), [item.code for item in exclusions]) == (SLICES, ["mask_empty"])


def test_a_mask_of_other_frames_than_the_sheets_is_left_out_by_name(tmp_path: Path) -> None:
    save(write_release(tmp_path) / "A0S9V9_sa_gt.nii.gz", labels(drawn=(0, 4)))
    assert [item.code for item in read(tmp_path)[1]] == ["mask_elsewhere"]


def test_a_mask_with_fewer_frames_is_left_out_by_name(tmp_path: Path) -> None:
    save(write_release(tmp_path) / "A0S9V9_sa_gt.nii.gz", labels(frames=5))
    assert [item.code for item in read(tmp_path)[1]] == ["mask_shape"]


def test_without_annotated_frames_the_cines_are_read_all_the_same(tmp_path: Path) -> None:
    write_release(tmp_path, ED="", ES="")
    cines, exclusions = read(tmp_path)
    assert (cines[0].carried["diastole_index"], [item.code for item in exclusions]) == (None, ["mask_elsewhere"])


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"ED": 6}, "frame_out_of_series"),
        ({"ED": 4}, "bad_info"),
        ({"ED": "first"}, "bad_info"),
        ({"ES": -1}, "bad_info"),
    ],
)
def test_annotated_frames_that_cannot_be_leave_the_patient_out(
    tmp_path: Path, cells: dict[str, Any], code: str
) -> None:
    write_release(tmp_path, **cells)
    assert [(item.code, len(item.files)) for item in read(tmp_path)[1]] == [(code, 3)]


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _absent(path: Path) -> None:
    path.unlink()


def _still(path: Path) -> None:
    save(path, series()[..., 0])


def _huge(path: Path) -> None:
    save(path.with_suffix(""), np.zeros((1, 1, 1, 1), np.int16))
    content = bytearray(path.with_suffix("").read_bytes())
    content[42:50] = np.array([2000, 2000, 100, 200], "<i2").tobytes()
    path.with_suffix("").write_bytes(bytes(content))
    path.unlink()


def _colours(path: Path) -> None:
    save(path, np.zeros((COLUMNS, ROWS, SLICES, FRAMES), [("R", "u1"), ("G", "u1"), ("B", "u1")]))


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (_cut_short, "unreadable_image"),
        (_absent, "missing_frame"),
        (_still, "too_few_phases"),
        (_huge, "bad_shape"),
        (_colours, "bad_values"),
    ],
)
def test_a_damaged_patient_is_left_out_by_name_and_costs_no_other(tmp_path: Path, harm: Any, code: str) -> None:
    write_sheet(tmp_path, row("A0S9V9"), row("B0S9V9"))
    write_patient(tmp_path, "B0S9V9")
    harm(write_patient(tmp_path) / "A0S9V9_sa.nii.gz")
    cines, exclusions = read(tmp_path)
    assert ({cine.carried["patient"] for cine in cines}, [item.code for item in exclusions]) == ({"B0S9V9"}, [code])


def test_a_blank_frame_costs_its_slice(tmp_path: Path) -> None:
    values = series()
    values[:, :, 1, 5] = 7
    save(write_release(tmp_path) / "A0S9V9_sa.nii.gz", values)
    assert [(item.code, item.level) for item in read(tmp_path)[1]] == [("blank_frame", "cine")]


def test_a_patient_that_the_sheet_does_not_name_is_left_out(tmp_path: Path) -> None:
    write_sheet(tmp_path, row("B0S9V9"))
    write_patient(tmp_path)
    assert [item.code for item in read(tmp_path)[1]] == ["no_info"]


def test_a_patient_of_whom_the_sheet_says_two_things_is_left_out(tmp_path: Path) -> None:
    write_sheet(tmp_path, row(), row(pathology="HCM"))
    write_patient(tmp_path)
    assert [item.code for item in read(tmp_path)[1]] == ["bad_info"]


def test_a_second_folder_of_a_patient_is_left_out(tmp_path: Path) -> None:
    write_release(tmp_path)
    write_patient(tmp_path, part="Validation")
    cines, exclusions = read(tmp_path)
    assert (len(cines), [item.code for item in exclusions]) == (SLICES, ["duplicate_patient"] * 2)


def test_other_files_are_accounted_for(tmp_path: Path) -> None:
    (write_release(tmp_path) / "notes.txt").write_text("x")
    (tmp_path / "readme.txt").write_text("x")
    cines, exclusions = read(tmp_path)
    found = {file.file for item in (*cines, *exclusions) for file in item.files}
    assert (len(found), sorted(item.code for item in exclusions)) == (
        count_files(tmp_path),
        ["not_an_image", "outside_patients"],
    )


def test_without_the_sheet_the_remedy_is_named(tmp_path: Path) -> None:
    write_patient(tmp_path)
    with pytest.raises(SourceError, match="expected one file like 211230_M&Ms"):
        read(tmp_path)


def test_a_sheet_without_its_columns_is_refused(tmp_path: Path) -> None:
    write_patient(tmp_path)
    (tmp_path / SHEET_NAME).write_text("External code,ED\nA0S9V9,1\n")
    with pytest.raises(SourceError, match="no VendorName"):
        read(tmp_path)


def test_the_affine_gives_the_orientation_in_lps(tmp_path: Path) -> None:
    write_sheet(tmp_path, row())
    axes = np.array([[-1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    save(tmp_path / "Testing/A0S9V9/A0S9V9_sa.nii.gz", series(), affine=affine(axes, origin=(10, 20, 30)), zooms=ZOOMS)
    cine = read(tmp_path)[0][1]
    assert (cine.column_cosine, cine.row_cosine, cine.position) == ((1, 0, 0), (0, 0, -1), (-10, -30, 30))


def test_an_affine_against_the_headers_distances_is_not_believed(tmp_path: Path) -> None:
    write_sheet(tmp_path, row())
    save(tmp_path / "A0S9V9/A0S9V9_sa.nii.gz", series(), affine=np.diag([-9.0, -9.0, 9.0, 1.0]), zooms=ZOOMS)
    import nibabel

    path = tmp_path / "A0S9V9/A0S9V9_sa.nii.gz"
    stored = nibabel.load(path)
    stored.header["pixdim"][1:4] = ZOOMS
    nibabel.save(nibabel.Nifti1Image(series(), None, stored.header), path)
    cine = read(tmp_path)[0][0]
    assert (cine.row_spacing_mm, cine.row_cosine, cine.column_cosine) == (1.5, (0, 1, 0), (1, 0, 0))


def test_a_part_travels_to_another_process_and_depends_on_its_rules(tmp_path: Path) -> None:
    write_release(tmp_path)
    first = next(iter(reader(tmp_path).parts()))
    other = next(iter(reader(tmp_path, out_of_class=("HHD",)).parts()))
    assert isinstance(first, MnmsPart)
    assert isinstance(other, MnmsPart)
    assert (pickle.loads(pickle.dumps(first)), first.content == other.content) == (first, False)
