"""The M&Ms-2 reader, on made-up folders of the release's layout."""

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
from cinemyo.sources.mnms2 import SHEET_NAME, Mnms2Part, Mnms2Reader
from tests.sources.nifti_files import FRAMES, SLICES, coded, heart, image, save, series
from tests.sources.test_mnms import MNMS

GROUPS = {"NOR": "normal", "HCM": "hcm"}
KEY = load_key("published")
DEPTH = {"SA": SLICES, "LA": 1}


def write_sheet(root: Path, *rows: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    padding = [",,,,"] * 3
    (root / SHEET_NAME).write_text("\n".join(["SUBJECT_CODE,DISEASE,VENDOR,SCANNER,FIELD", *rows, *padding]) + "\n")


def write_view(folder: Path, axis: str, *, diastole: int = 0, systole: int = 4, code: dict[int, int] = MNMS) -> None:
    prefix, slices = f"{folder.name}_{axis}", DEPTH[axis]
    save(folder / f"{prefix}_CINE.nii.gz", series(slices=slices))
    for phase, frame in (("ED", diastole), ("ES", systole)):
        save(folder / f"{prefix}_{phase}.nii.gz", image(frame, slices=slices))
        save(folder / f"{prefix}_{phase}_gt.nii.gz", coded(heart(frame, slices=slices), code))


def write_release(root: Path, *, disease: str = "NOR", **options: Any) -> Path:
    write_sheet(root, f"1,{disease},SIEMENS,SymphonyTim,1.5")
    folder = root / "dataset" / "001"
    for axis in ("SA", "LA"):
        write_view(folder, axis, **options)
    return folder


def reader(root: Path, **options: Any) -> Mnms2Reader:
    return Mnms2Reader(root, **{"slices": SliceRule(first=0, last=1), "groups": GROUPS} | options)


def read(root: Path, **options: Any) -> tuple[list[Cine], list[Exclusion]]:
    items = list(every(reader(root, **options), key=KEY))
    return [item for item in items if isinstance(item, Cine)], [item for item in items if isinstance(item, Exclusion)]


def codes(exclusions: list[Exclusion]) -> list[tuple[str, str, int]]:
    return [(item.code, item.level, len(item.files)) for item in exclusions]


def test_each_short_axis_slice_and_the_four_chamber_image_is_a_cine(tmp_path: Path) -> None:
    write_release(tmp_path)
    cines, exclusions = read(tmp_path)
    told = [(cine.carried["view"], len(cine.frames)) for cine in cines]
    assert (told, exclusions) == ([("short_axis", FRAMES)] * SLICES + [("four_chamber", FRAMES)], [])


def test_both_views_are_of_one_exam_and_two_series(tmp_path: Path) -> None:
    write_release(tmp_path)
    cines, _ = read(tmp_path)
    assert (len({cine.exam_id for cine in cines}), len({cine.series_id for cine in cines})) == (1, 2)


def test_the_slice_rule_holds_for_the_short_axis_alone(tmp_path: Path) -> None:
    write_release(tmp_path)
    cines, _ = read(tmp_path, slices=SliceRule(first=0.4, last=0.45))
    assert [cine.carried["view"] for cine in cines] == ["four_chamber"]


@pytest.mark.parametrize(("diastole", "systole"), [(0, 4), (5, 2)])
def test_annotated_frames_are_found_by_their_images(tmp_path: Path, diastole: int, systole: int) -> None:
    write_release(tmp_path, diastole=diastole, systole=systole)
    found = {(cine.carried["diastole_index"], cine.carried["systole_index"]) for cine in read(tmp_path)[0]}
    assert found == {(diastole, systole)}


def test_annotated_frames_are_found_after_a_change_of_scale(tmp_path: Path) -> None:
    folder = write_release(tmp_path)
    save(folder / "001_SA_ES.nii.gz", image(4) * 0.5 + 3)
    assert read(tmp_path)[0][0].carried["systole_index"] == 4


def test_an_image_that_is_no_frame_of_the_series_leaves_the_pair(tmp_path: Path) -> None:
    folder = write_release(tmp_path)
    noise = np.random.default_rng(1).integers(0, 300, image(0).shape).astype(np.int16)
    save(folder / "001_SA_ES.nii.gz", noise)
    cines, exclusions = read(tmp_path)
    told = [(cine.phase_key, len(cine.frames)) for cine in cines]
    assert told == [("annotated_pair", 2)] * SLICES + [("frame_number", FRAMES)]
    assert codes(exclusions) == [("frame_not_in_series", "file", 1)]


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_pixels_that_are_no_numbers_cost_their_slices(tmp_path: Path, value: float) -> None:
    folder = write_release(tmp_path)
    broken = series().astype(np.float32)
    broken[0, 0, 1, 4] = value
    save(folder / "001_SA_CINE.nii.gz", broken)
    cines, exclusions = read(tmp_path)
    # the frame that should be ES is none that can be compared: the pair is read instead
    assert [len(cine.frames) for cine in cines] == [2] * SLICES + [FRAMES]
    assert codes(exclusions) == [("frame_not_in_series", "file", 1)]


def test_without_the_series_the_pair_is_read(tmp_path: Path) -> None:
    (write_release(tmp_path) / "001_LA_CINE.nii.gz").unlink()
    assert [len(cine.frames) for cine in read(tmp_path)[0]] == [FRAMES] * SLICES + [2]


def test_without_the_pair_the_series_has_no_annotated_frames(tmp_path: Path) -> None:
    folder = write_release(tmp_path)
    for path in folder.glob("001_LA_E*"):
        path.unlink()
    cine = read(tmp_path)[0][-1]
    assert (cine.carried["diastole_index"], cine.mask, len(cine.frames)) == (None, None, FRAMES)


def test_masks_of_both_views_are_converted_to_the_projects_code(tmp_path: Path) -> None:
    write_release(tmp_path)
    for cine in read(tmp_path)[0]:
        assert cine.mask is not None
        np.testing.assert_array_equal(cine.mask, [heart(0)[:, :, 0].T, heart(4)[:, :, 0].T])


def test_masks_in_the_code_of_acdc_are_left_out_by_name_and_never_swapped(tmp_path: Path) -> None:
    write_view(write_release(tmp_path), "LA", code={1: 1, 2: 2, 3: 3})
    cines, exclusions = read(tmp_path)
    assert ([cine.mask is None for cine in cines], codes(exclusions)) == (
        [False] * SLICES + [True],
        [("mask_code_inverted", "file", 1)] * 2,
    )


def test_one_mask_of_two_is_left_out_by_name(tmp_path: Path) -> None:
    (write_release(tmp_path) / "001_SA_ES_gt.nii.gz").unlink()
    assert codes(read(tmp_path)[1]) == [("mask_incomplete", "file", 1)]


def test_a_damaged_view_costs_no_other(tmp_path: Path) -> None:
    (write_release(tmp_path) / "001_LA_CINE.nii.gz").write_bytes(b"\x1f\x8b")
    cines, exclusions = read(tmp_path)
    assert (len(cines), codes(exclusions)) == (SLICES, [("unreadable_image", "series", 6)])


def test_a_view_that_is_not_there_is_told(tmp_path: Path) -> None:
    folder = write_release(tmp_path)
    for path in folder.glob("001_LA_*"):
        path.unlink()
    assert codes(read(tmp_path)[1]) == [("missing_frame", "series", 1)]


def test_the_scanner_is_that_of_the_sheet(tmp_path: Path) -> None:
    write_release(tmp_path)
    made = pseudonym("scanner", "mnms2", "SIEMENS", "SymphonyTim", "1.5", key=KEY)
    assert {cine.scanner for cine in read(tmp_path)[0]} == {made}


def test_a_bare_number_is_not_the_patients_identifier(tmp_path: Path) -> None:
    write_release(tmp_path)
    assert read(tmp_path)[0][0].patient_id == pseudonym("patient", "mnms2_001", key=KEY)


@pytest.mark.parametrize(("disease", "options"), [("LV", {}), ("", {}), ("HCM", {"groups": {"NOR": "normal"}})])
def test_a_group_that_nobody_studies_is_left_out_with_all_files(
    tmp_path: Path, disease: str, options: dict[str, Any]
) -> None:
    write_release(tmp_path, disease=disease)
    assert codes(read(tmp_path, **options)[1]) == [("group_not_in_study", "patient", 11)]


def test_a_patient_that_the_sheet_does_not_name_is_left_out(tmp_path: Path) -> None:
    write_release(tmp_path)
    write_sheet(tmp_path, "2,NOR,SIEMENS,SymphonyTim,1.5")
    assert codes(read(tmp_path)[1]) == [("no_info", "patient", 11)]


def test_every_file_is_accounted_for(tmp_path: Path) -> None:
    (write_release(tmp_path) / "Info.cfg").write_text("ED: 0\n")
    (tmp_path / "readme.txt").write_text("x")
    cines, exclusions = read(tmp_path)
    found = {file.file for item in (*cines, *exclusions) for file in item.files}
    assert (len(found), sorted(item.code for item in exclusions)) == (
        count_files(tmp_path),
        ["not_an_image", "outside_patients"],
    )


def test_without_the_sheet_the_remedy_is_named(tmp_path: Path) -> None:
    write_view(tmp_path / "dataset" / "001", "SA")
    with pytest.raises(SourceError, match=r"expected one file like dataset_information\.csv"):
        read(tmp_path)


def test_a_part_travels_to_another_process(tmp_path: Path) -> None:
    write_release(tmp_path)
    first = next(iter(reader(tmp_path).parts()))
    assert isinstance(first, Mnms2Part)
    assert pickle.loads(pickle.dumps(first)) == first
