"""A cohort on disk."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
import SimpleITK

from cinemyo import tables
from cinemyo.sources.phantom import generate
from cinemyo.sources.phantom.truth import TRUTH
from tests.sources.phantom.conftest import TINY


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def _truth(folder: Path) -> pd.DataFrame:
    return tables.read(folder / "truth.csv", table=TRUTH)


def _cines(folder: Path) -> dict[str, list[pydicom.Dataset]]:
    found: dict[str, list[pydicom.Dataset]] = {}
    for path in sorted((folder / "dicom").rglob("*.dcm")):
        if "localizer" not in path.parent.name:
            dataset = pydicom.dcmread(path)
            found.setdefault(str(dataset.SeriesInstanceUID), []).append(dataset)
    return found


@pytest.fixture(scope="module")
def cines(tiny_phantom: Path) -> dict[str, list[pydicom.Dataset]]:
    return _cines(tiny_phantom)


def test_the_sheet_is_valid(tiny_phantom: Path) -> None:
    assert len(tables.read(tiny_phantom / "labels.csv", table=tables.SHEET)) == len(_truth(tiny_phantom))


def test_the_sheet_annotates_no_phase(tiny_phantom: Path) -> None:
    sheet = tables.read(tiny_phantom / "labels.csv", table=tables.SHEET)
    assert sheet[["diastole_index", "systole_index", "centre_row_mm"]].isna().all(axis=None)


def test_every_cine_is_a_series_of_its_own(tiny_phantom: Path, cines: dict[str, list[pydicom.Dataset]]) -> None:
    assert set(cines) == set(_truth(tiny_phantom)["series"])


def test_every_cine_has_all_phases(cines: dict[str, list[pydicom.Dataset]]) -> None:
    assert {len(frames) for frames in cines.values()} == {TINY.phases}


def test_cines_carry_the_tags_of_gating(cines: dict[str, list[pydicom.Dataset]]) -> None:
    for frames in cines.values():
        times = [float(frame.TriggerTime) for frame in frames]
        assert np.all(np.diff(times) > 0)
        assert max(times) < frames[0].NominalInterval
        assert frames[0].CardiacNumberOfImages == TINY.phases


def test_files_are_classic_mr(cines: dict[str, list[pydicom.Dataset]]) -> None:
    assert {frame.SOPClassUID for frames in cines.values() for frame in frames} == {"1.2.840.10008.5.1.4.1.1.4"}


def test_instances_are_unique(cines: dict[str, list[pydicom.Dataset]]) -> None:
    counts = Counter(frame.SOPInstanceUID for frames in cines.values() for frame in frames)
    assert max(counts.values()) == 1


def test_identities_are_planted(cines: dict[str, list[pydicom.Dataset]]) -> None:
    planted = ("PatientName", "PatientID", "PatientBirthDate", "StudyDate", "AccessionNumber", "InstitutionName")
    frame = next(iter(cines.values()))[0]
    assert all(str(frame[name].value) for name in planted)


def test_age_fits_birth_and_exam(cines: dict[str, list[pydicom.Dataset]]) -> None:
    for frames in cines.values():
        days = pd.Timestamp(frames[0].StudyDate) - pd.Timestamp(frames[0].PatientBirthDate)
        assert int(frames[0].PatientAge[:3]) == int(days.days / 365.25)


def test_the_apex_is_where_the_view_says(tiny_phantom: Path, cines: dict[str, list[pydicom.Dataset]]) -> None:
    truth = _truth(tiny_phantom).set_index("series")
    for series, frames in cines.items():
        view = truth.loc[series, "view"]
        towards = float(np.dot([float(v) for v in frames[0].ImageOrientationPatient[:3]], (0.66, -0.58, -0.48)))
        assert not view.startswith("vla") or (towards > 0) == (view == "vla_right")


def test_masks_mark_two_phases_on_the_images_grid(tiny_phantom: Path) -> None:
    for series in _truth(tiny_phantom)["series"]:
        image = SimpleITK.ReadImage(str(tiny_phantom / "truth" / f"{series}.mha"))
        assert image.GetSize() == (TINY.matrix, TINY.matrix, 2)


def test_the_left_ventricle_is_smaller_in_systole(tiny_phantom: Path) -> None:
    for series in _truth(tiny_phantom)["series"]:
        mask = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tiny_phantom / "truth" / f"{series}.mha")))
        assert (mask[1] == 3).sum() < (mask[0] == 3).sum()


def test_the_centre_lies_in_the_left_ventricle(tiny_phantom: Path, cines: dict[str, list[pydicom.Dataset]]) -> None:
    for row in _truth(tiny_phantom).itertuples():
        mask = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tiny_phantom / "truth" / f"{row.series}.mha")))
        pixel = float(cines[row.series][0].PixelSpacing[0])
        assert mask[0, round(row.centre_row_mm / pixel), round(row.centre_column_mm / pixel)] == 3


def test_blood_at_the_true_phases_is_bright(tiny_phantom: Path, cines: dict[str, list[pydicom.Dataset]]) -> None:
    for row in _truth(tiny_phantom).itertuples():
        mask = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tiny_phantom / "truth" / f"{row.series}.mha")))
        for phase, index in enumerate((row.diastole_index, row.systole_index)):
            image = cines[row.series][index].pixel_array
            assert np.median(image[mask[phase] == 3]) > 1.4 * np.median(image[mask[phase] == 2])


def test_some_patients_have_a_localiser(tiny_phantom: Path) -> None:
    assert sum(1 for _ in (tiny_phantom / "dicom").rglob("001_localizer/*.dcm")) % 3 == 0


def test_the_same_cohort_has_the_same_bytes(tiny_phantom: Path, tmp_path: Path) -> None:
    generate(TINY, out=tmp_path)
    assert _digests(tmp_path) == _digests(tiny_phantom)


def test_a_smaller_cohort_changes_no_other_patient(tiny_phantom: Path, tmp_path: Path) -> None:
    generate(TINY.model_copy(update={"patients": 2}), out=tmp_path)
    whole = _digests(tiny_phantom / "dicom")
    assert all(whole[name] == digest for name, digest in _digests(tmp_path / "dicom").items())


def test_an_earlier_cohort_is_replaced(tmp_path: Path) -> None:
    generate(TINY.model_copy(update={"patients": 2, "seed": 8}), out=tmp_path)
    generate(TINY.model_copy(update={"patients": 1, "seed": 9}), out=tmp_path)
    assert len(list((tmp_path / "dicom").iterdir())) == 1


def test_a_fault_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cinemyo.sources.phantom.export.write_series", full_disk)
    with pytest.raises(OSError, match="No space"):
        generate(TINY, out=tmp_path)
    assert list(tmp_path.iterdir()) == []
