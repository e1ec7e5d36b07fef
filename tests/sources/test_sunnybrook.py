"""The Sunnybrook reader, on made-up folders of the release's layout and on two real patients."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from cinemyo.config import SliceRule
from cinemyo.deid.keys import load_key
from cinemyo.sources.base import Cine, Exclusion
from cinemyo.sources.base import read as every
from cinemyo.sources.files import count_files
from cinemyo.sources.sunnybrook import SHEET_NAME, SunnybrookPart, SunnybrookReader
from tests.shared import SUNNYBROOK, needs
from tests.sources.dicom_files import write_cine

KEY = load_key("published")
GROUPS = {"Normal": "normal", "Hypertrophy": "hcm"}
FAILURES = ("Heart failure with infarct", "Heart failure without infarct")
PHASES, SLICES = 10, 4
DIASTOLE, SYSTOLE = 10, 4
"""Phases, from 1, that are drawn in the made-up patients."""
INNER = [(6, 8), (13, 8), (13, 15), (6, 15)]
OUTER = [(4, 6), (15, 6), (15, 17), (4, 17)]
SMALL = [(8, 10), (11, 10), (11, 13), (8, 13)]


def write_sheet(root: Path, *rows: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    lines = ["PatientID,OriginalID,Gender,Age,Pathology", *rows]
    (root / SHEET_NAME).write_text("\n".join(lines) + "\n", encoding="utf-8-sig")


def write_contour(root: Path, image: int, kind: str, points: list[tuple[float, float]], *, case: str) -> Path:
    path = (
        root / "contours" / case / "contours-manual" / "IRCCI-expert" / f"IM-0001-{image:04d}-{kind}contour-manual.txt"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{x:.2f} {y:.2f}\n" for x, y in points))
    return path


def write_images(root: Path, patient: str = "SCD0000101", *, series: int = 1) -> None:
    """Slices numbered on through the series, as the release's are; another series lies elsewhere."""
    for place in range(SLICES):

        def number(image: Dataset, phase: int, place: int = place) -> None:
            image.InstanceNumber = place * PHASES + phase + 1

        where = {"series": series, "z_mm": 10.0 * place + 500 * (series - 1), "seed": 40 * series + place}
        name = f"s{series}_{place}_"
        write_cine(root / patient, phases=PHASES, edit=number, name=name, patient=patient, **where)


def write_release(root: Path, *, pathology: str = "Hypertrophy", case: str = "SC-HYP-01") -> None:
    write_sheet(root, f"SCD0000101,SC-HYP-1,Female,93,{pathology}")
    write_images(root)
    for place in (1, 2):
        write_contour(root, place * PHASES + DIASTOLE, "i", INNER, case=case)
        write_contour(root, place * PHASES + DIASTOLE, "o", OUTER, case=case)
        write_contour(root, place * PHASES + SYSTOLE, "i", SMALL, case=case)


def reader(root: Path, **options: Any) -> SunnybrookReader:
    rules = {"slices": SliceRule(first=0, last=1), "groups": GROUPS, "workers": 1}
    return SunnybrookReader(root, **rules | options)


def read(root: Path, **options: Any) -> tuple[list[Cine], list[Exclusion]]:
    items = list(every(reader(root, **options), key=KEY))
    return [item for item in items if isinstance(item, Cine)], [item for item in items if isinstance(item, Exclusion)]


def codes(exclusions: list[Exclusion]) -> list[tuple[str, str, int]]:
    return sorted((item.code, item.level, len(item.files)) for item in exclusions)


def test_each_slice_is_a_cine_and_no_text_is_left_over(tmp_path: Path) -> None:
    write_release(tmp_path)
    cines, exclusions = read(tmp_path)
    assert ([cine.source for cine in cines], exclusions) == (["sunnybrook"] * SLICES, [])


def test_contours_become_masks_at_both_phases(tmp_path: Path) -> None:
    write_release(tmp_path)
    cine = read(tmp_path)[0][1]
    assert cine.mask is not None
    areas = [[int((mask == label).sum()) for label in (1, 2, 3)] for mask in cine.mask]
    # squares whose corners are pixel centres enclose as many centres as their area
    assert areas == [[0, 11 * 11 - 49, 49], [0, 0, 9]]


def test_a_mask_lies_where_it_was_drawn(tmp_path: Path) -> None:
    write_release(tmp_path)
    mask = read(tmp_path)[0][1].mask
    assert mask is not None
    rows, columns = np.nonzero(mask[1])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 12, 8, 10)


def test_slices_without_contours_have_no_mask_and_yet_the_phases(tmp_path: Path) -> None:
    write_release(tmp_path)
    cines, _ = read(tmp_path)
    assert [cine.mask is None for cine in cines] == [True, False, False, True]
    assert {(cine.carried["diastole_index"], cine.carried["systole_index"]) for cine in cines} == {(9, 3)}


def test_what_the_sheet_tells_is_carried(tmp_path: Path) -> None:
    write_release(tmp_path)
    cine = read(tmp_path)[0][0]
    told = (cine.carried["patient"], cine.carried["pathology"], cine.carried["view"], cine.sex, cine.age_years)
    assert told == ("SCD0000101", "hcm", "short_axis", "F", 90)


def test_heart_failure_is_no_class_of_its_own(tmp_path: Path) -> None:
    write_release(tmp_path, pathology=FAILURES[0])
    images = SLICES * PHASES
    assert codes(read(tmp_path)[1]) == [("group_not_in_study", "patient", images + 6 + 1)]


def test_heart_failure_is_read_out_of_class_where_that_is_asked(tmp_path: Path) -> None:
    write_release(tmp_path, pathology=FAILURES[1])
    cine = read(tmp_path, out_of_class=FAILURES)[0][0]
    assert (cine.carried["pathology"], cine.carried["other_class"]) == (None, "heart_failure_without_infarct")


def test_without_a_sheet_patients_are_read_without_a_pathology(tmp_path: Path) -> None:
    write_images(tmp_path)
    assert {cine.carried["pathology"] for cine in read(tmp_path)[0]} == {None}


@pytest.mark.parametrize("case", ["SC-HYP-1", "SC-HYP-01", "sc-hyp-001"])
def test_cases_are_found_in_every_spelling(tmp_path: Path, case: str) -> None:
    write_release(tmp_path, case=case)
    assert sum(cine.mask is not None for cine in read(tmp_path)[0]) == 2


def test_contours_of_nobody_are_left_out_by_name(tmp_path: Path) -> None:
    write_release(tmp_path)
    write_contour(tmp_path, 3, "i", SMALL, case="SC-N-9")
    write_contour(tmp_path, 999, "i", SMALL, case="SC-HYP-01")
    assert codes(read(tmp_path)[1]) == [("contour_without_image", "file", 1)] * 2


def test_contours_that_no_mask_needs_are_left_out_by_name(tmp_path: Path) -> None:
    write_release(tmp_path)
    write_contour(tmp_path, PHASES + DIASTOLE, "p1", SMALL, case="SC-HYP-01")
    write_contour(tmp_path, PHASES + 6, "i", SMALL, case="SC-HYP-01")
    assert codes(read(tmp_path)[1]) == [("contour_elsewhere", "file", 1)] * 2


def test_numbers_that_two_series_share_are_ambiguous(tmp_path: Path) -> None:
    write_release(tmp_path)
    write_images(tmp_path, series=2)
    cines, exclusions = read(tmp_path)
    assert ([cine.mask for cine in cines], codes(exclusions)) == (
        [None] * 2 * SLICES,
        [("contour_ambiguous", "file", 1)] * 6,
    )


def test_without_an_epicardium_the_phases_are_unknown(tmp_path: Path) -> None:
    write_release(tmp_path)
    for path in tmp_path.rglob("*-ocontour-*"):
        path.unlink()
    cines, exclusions = read(tmp_path)
    assert ({cine.carried["diastole_index"] for cine in cines}, codes(exclusions)) == (
        {None},
        [("contour_phases_unknown", "file", 1)] * 4,
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "1 2\n3 4\n",
        "1 2\n3 4\n5\n",
        "nan nan\n1 2\n3 4\n",
        "a b\n1 2\n3 4\n",
        "500 500\n501 500\n501 501\n",
        "\x00\xff",
    ],
)
def test_a_contour_that_is_none_costs_the_mask_of_its_slice(tmp_path: Path, content: str) -> None:
    write_release(tmp_path)
    write_contour(tmp_path, PHASES + SYSTOLE, "i", SMALL, case="SC-HYP-01").write_text(content, encoding="latin-1")
    cines, exclusions = read(tmp_path)
    assert ([cine.mask is None for cine in cines], codes(exclusions)) == (
        [True, True, False, True],
        [("bad_contour", "file", 1)] * 3,
    )


def test_an_epicardium_alone_is_no_mask(tmp_path: Path) -> None:
    write_release(tmp_path)
    (
        tmp_path
        / "contours/SC-HYP-01/contours-manual/IRCCI-expert"
        / f"IM-0001-{PHASES + DIASTOLE:04d}-icontour-manual.txt"
    ).unlink()
    assert {code for code, _, _ in codes(read(tmp_path)[1])} == {"contour_incomplete"}


def test_the_slice_rule_leaves_slices_out_by_name(tmp_path: Path) -> None:
    write_release(tmp_path)
    cines, exclusions = read(tmp_path, slices=SliceRule(first=0.3, last=0.7))
    assert ([cine.slice_number for cine in cines], [item.code for item in exclusions]) == ([2, 3], ["slice_rule"] * 2)


def test_every_file_is_accounted_for(tmp_path: Path) -> None:
    write_release(tmp_path)
    (tmp_path / "readme.txt").write_text("x")
    write_contour(tmp_path, 3, "i", SMALL, case="SC-N-9")
    (tmp_path / "IM-0001-0001-icontour-manual.txt").write_text("of no case")
    cines, exclusions = read(tmp_path)
    found = {file.file for item in (*cines, *exclusions) for file in item.files}
    assert len(found) == count_files(tmp_path)


def test_a_part_travels_to_another_process_and_depends_on_its_contours(tmp_path: Path) -> None:
    write_release(tmp_path)
    before = [part for part in reader(tmp_path).parts() if isinstance(part, SunnybrookPart)]
    write_contour(tmp_path, PHASES + SYSTOLE, "i", INNER, case="SC-HYP-01")
    after = [part for part in reader(tmp_path).parts() if isinstance(part, SunnybrookPart)]
    assert pickle.loads(pickle.dumps(before[0])) == before[0]
    changed = [one.content != other.content for one, other in zip(before, after, strict=True)]
    assert changed == [False, True, False, False]


@pytest.fixture(scope="module")
def real() -> tuple[list[Cine], list[Exclusion]]:
    return read(SUNNYBROOK, out_of_class=FAILURES)


@needs(SUNNYBROOK)
@pytest.mark.parametrize(("patient", "ml"), [("SCD0000101", (191, 141)), ("SCD0000201", (242, 180))])
def test_volumes_of_real_contours_are_those_of_their_readme(
    real: tuple[list[Cine], list[Exclusion]], patient: str, ml: tuple[int, int]
) -> None:
    masks = [(cine, cine.mask) for cine in real[0] if cine.carried["patient"] == patient and cine.mask is not None]
    pixels = np.array([[int((mask[phase] == 3).sum()) for phase in (0, 1)] for _, mask in masks])
    area = masks[0][0].row_spacing_mm * masks[0][0].column_spacing_mm
    assert len(masks) == 9
    np.testing.assert_allclose(pixels.sum(axis=0) * area * 10 / 1000, ml, atol=0.6)


@needs(SUNNYBROOK)
@pytest.mark.parametrize(("patient", "frames"), [("SCD0000101", (18, 7)), ("SCD0000201", (19, 6))])
def test_phases_of_real_contours_are_those_of_their_readme(
    real: tuple[list[Cine], list[Exclusion]], patient: str, frames: tuple[int, int]
) -> None:
    cines = [cine for cine in real[0] if cine.carried["patient"] == patient]
    assert {(cine.carried["diastole_index"], cine.carried["systole_index"]) for cine in cines} == {frames}


@needs(SUNNYBROOK)
def test_scouts_and_the_readme_are_all_that_is_left_of_the_real_files(
    real: tuple[list[Cine], list[Exclusion]],
) -> None:
    assert codes(real[1]) == [("not_dicom", "file", 1), ("scout", "series", 30)]
