import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest

from cinemyo import tables
from cinemyo.deid import sharing, sharing_group
from cinemyo.deid.keys import KEY_VARIABLE, Key, load_key, new_key
from cinemyo.deid.manifest import MANIFEST
from cinemyo.deid.sharing import MANIFEST_NAME, deidentify
from cinemyo.errors import SetupError, SourceError
from tests.deid.exports import PATIENT, enhanced, write_export
from tests.sources.dicom_files import pixels, save, write_cine
from tests.sources.reading import read

KEY = load_key("published")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("Dupont") / "in")


@pytest.fixture(scope="module")
def out(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "out"
    deidentify(export, out=folder, key=KEY, workers=2)
    return folder


def _manifest(out: Path) -> list[dict[str, object]]:
    return tables.read(out / MANIFEST_NAME, table=MANIFEST).to_dict("records")


def _bytes(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_every_file_is_accounted_for(export: Path, out: Path) -> None:
    found = sum(path.is_file() for path in export.rglob("*"))
    assert len(_manifest(out)) == found == 27


def test_each_refusal_has_its_code(out: Path) -> None:
    codes = sorted(str(row["code"]) for row in _manifest(out) if row["outcome"] == "refused")
    assert codes == ["duplicate", "no_patient_id", "not_dicom", "scout", "secondary_capture", "truncated"]


def test_text_in_the_pixels_puts_a_cine_to_review(out: Path) -> None:
    rows = [row for row in _manifest(out) if row["outcome"] == "review"]
    assert {row["code"] for row in rows} == {"text_suspected"}
    assert len(list((out / "review").rglob("*.dcm"))) == len(rows) == 10


def test_only_what_was_searched_and_found_clean_says_so(out: Path) -> None:
    said = {row["outcome"]: "113101" in str(row["methods"]) for row in _manifest(out) if row["outcome"] != "refused"}
    assert said == {"shared": True, "review": False}


def test_names_of_what_is_written_are_pseudonyms(out: Path) -> None:
    names = {part for path in (out / "share").rglob("*") for part in path.relative_to(out / "share").parts}
    assert all(name[1] == "-" and len(name.removesuffix(".dcm")) == 18 for name in names)


def test_nothing_that_is_written_names_the_patient(export: Path, out: Path) -> None:
    content = b"".join(path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file())
    traces = (PATIENT, "Dupont", "Doe", "2019010", "101500", "1.2.3.1", "4711", str(export))
    assert [trace for trace in traces if trace.encode() in content] == []


def test_digests_are_those_of_what_is_written(out: Path) -> None:
    written = _bytes(out)
    rows = [row for row in _manifest(out) if row["outcome"] != "refused"]
    assert {row["output"]: row["output_digest"] for row in rows} == {
        name: digest for name, digest in written.items() if name.endswith(".dcm")
    }


def test_an_enhanced_object_stays_one_and_is_cleaned_within(out: Path) -> None:
    row = next(row for row in _manifest(out) if row["frames"] == 8)
    image = pydicom.dcmread(out / str(row["output"]))
    assert (image.NumberOfFrames, len(image.PerFrameFunctionalGroupsSequence)) == (8, 8)
    group = image.PerFrameFunctionalGroupsSequence[3]
    assert group.PixelValueTransformationSequence[0].RescaleIntercept == 3
    assert [element.keyword for element in group.FrameContentSequence[0]] == [
        *("StackID", "InStackPositionNumber", "TemporalPositionIndex"),
    ]
    assert np.array_equal(image.pixel_array, np.stack([pixels(phase) for phase in range(8)]))


def test_what_is_shared_is_read_as_the_same_cines(tmp_path: Path) -> None:
    write_cine(tmp_path / "in" / "classic", phases=10)
    save(enhanced(phases=10), tmp_path / "in" / "enhanced.dcm")
    deidentify(tmp_path / "in", out=tmp_path / "out", key=KEY, workers=1)
    before, after = (read(folder)[0] for folder in (tmp_path / "in", tmp_path / "out" / "share"))
    assert len(before) == len(after) == 2
    for one in before:
        assert sum(np.array_equal(one.frames, other.frames) for other in after) == 1
    assert sorted(str(cine.phase_key) for cine in before) == sorted(str(cine.phase_key) for cine in after)


def test_twice_gives_the_same_bytes(export: Path, out: Path, tmp_path: Path) -> None:
    deidentify(export, out=tmp_path / "again", key=KEY, workers=1)
    assert _bytes(tmp_path / "again") == _bytes(out)


def test_another_key_gives_other_names(export: Path, out: Path, tmp_path: Path) -> None:
    key = Key(b"another key of more than thirty-two bytes")
    deidentify(export, out=tmp_path / "other", key=key, workers=1)
    ours, theirs = (_bytes(folder) for folder in (out, tmp_path / "other"))
    assert {name for name in ours if name in theirs} == {"manifest.csv", "report.txt", "review.csv"}


def test_random_pseudonyms_hold_over_processes_and_runs(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_key(tmp_path / "key")
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    deidentify(export, out=tmp_path / "one", key=load_key("random_table"), workers=2)
    deidentify(export, out=tmp_path / "two", key=load_key("random_table"), workers=1)
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")
    assert len(list((tmp_path / "one" / "share").iterdir())) == 1


def test_exams_are_ranked_in_time(tmp_path: Path) -> None:
    write_cine(tmp_path / "in" / "a", study=3, phases=8)
    write_cine(tmp_path / "in" / "b", study=2, phases=8, name="other")
    deidentify(tmp_path / "in", out=tmp_path / "out", key=KEY, workers=1)
    assert [row["exam_order"] for row in _manifest(tmp_path / "out")] == [2] * 8 + [1] * 8


def test_the_report_claims_no_more_than_is_so(out: Path) -> None:
    report = (out / "report.txt").read_text(encoding="utf-8")
    assert "27 files: 11 shared, 10 to review, 6 refused" in report
    assert all(word in report for word in ("Pseudonymised", "tests passed", "Remaining risk"))
    assert "anonym" not in report.replace("Pseudonymised", "")


def test_a_file_that_ends_its_process_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cine(tmp_path / "in", phases=8)
    read = sharing_group.stored_values

    def hostile(dataset: pydicom.Dataset) -> object:
        if dataset.InstanceNumber == 3:
            raise MemoryError
        return read(dataset)

    monkeypatch.setattr(sharing_group, "stored_values", hostile)
    monkeypatch.setattr(sharing, "in_order", sharing.in_order)
    summary = deidentify(tmp_path / "in", out=tmp_path / "out", key=KEY, workers=1)
    assert (summary.shared, summary.refused) == (7, {"broken_pixels": 1})


def test_an_output_in_use_is_refused(export: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    with pytest.raises(SourceError, match="one that holds something"):
        deidentify(export, out=tmp_path, key=KEY)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("inner", ["out", "."])
def test_an_output_within_the_source_is_refused(export: Path, inner: str) -> None:
    with pytest.raises(SourceError, match="one within the other"):
        deidentify(export, out=export / inner, key=KEY)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(SourceError, match="an empty folder"):
        deidentify(tmp_path / "in", out=tmp_path / "out", key=KEY)


def test_a_full_disk_leaves_nothing_behind(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sharing.tables, "write", full)
    with pytest.raises(SetupError, match="full disk"):
        deidentify(export, out=tmp_path / "out", key=KEY, workers=1)
    assert list(tmp_path.iterdir()) == []


def test_a_value_left_in_a_listed_attribute_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(enhanced(), tmp_path / "in" / "one.dcm")
    monkeypatch.setattr(sharing_group, "left_over", lambda *_: ["PatientName"])
    summary = deidentify(tmp_path / "in", out=tmp_path / "out", key=KEY, workers=1)
    assert summary.refused == {"identity_left": 1}
    assert not (tmp_path / "out" / "share").exists()
