"""DICOM where none should be, the identities in it, and those of a whole export."""

import os
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from cinemyo.errors import ScanError
from cinemyo.scan.dicom import known_values
from cinemyo.scan.values import Value
from tests.scan.trees import JANE, NUMBER, kinds, searched


def header(**attributes: object) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, "2.25.1"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def saved(folder: Path, dataset: Dataset, name: str = "file") -> Path:
    folder.mkdir(exist_ok=True)
    dataset.save_as(folder / name, enforce_file_format=True)
    return folder / name


def nested(**attributes: object) -> Dataset:
    inner = Dataset()
    for keyword, value in attributes.items():
        setattr(inner, keyword, value)
    middle = Dataset()
    middle.RequestAttributesSequence = [inner]
    return header(RequestAttributesSequence=[middle])


def test_a_dicom_file_is_a_find_by_being_there(tmp_path: Path) -> None:
    assert kinds(searched(saved(tmp_path, header()))) == {"dicom-file"}


@pytest.mark.parametrize("cut", [128, 132])
def test_a_dicom_file_without_its_preamble_is_one(tmp_path: Path, cut: int) -> None:
    path = saved(tmp_path, header(PatientID="48213377"))
    path.write_bytes(path.read_bytes()[132:] if cut == 132 else path.read_bytes())
    assert "dicom-file" in kinds(searched(path))


@pytest.mark.parametrize("keyword", ["PatientID", "PatientBirthDate", "AccessionNumber", "InstitutionName"])
def test_an_identifying_attribute_is_a_find_by_its_keyword(tmp_path: Path, keyword: str) -> None:
    report = searched(saved(tmp_path, header(**{keyword: "19480321"})))
    assert ("identity-attribute", keyword) in {(place.kind, place.inside) for place in report.finds}


def test_pseudonyms_and_keyed_uids_are_no_identity(tmp_path: Path) -> None:
    clean = header(PatientID="p-abcdefghijklmnop", StudyInstanceUID="2.25.99", PatientName="p-abcdefghijklmnop")
    assert kinds(searched(saved(tmp_path, clean))) == {"dicom-file"}


def test_a_known_value_two_deep_is_found(tmp_path: Path) -> None:
    report = searched(saved(tmp_path, nested(RequestingPhysician="QUIMBY^JANE")), JANE)
    assert "name" in kinds(report)


@pytest.mark.parametrize("charset", ["ISO_IR 100", "ISO_IR 192", "\\ISO 2022 IR 87"])
def test_a_name_in_another_character_set_is_found(tmp_path: Path, charset: str) -> None:
    name = "山田^太郎" if "87" in charset else "MÜLLER^ZOË"
    path = saved(tmp_path, header(SpecificCharacterSet=charset.split("\\"), PatientName=name))
    assert "name" in kinds(searched(path, Value("name", name)))


def test_an_export_gives_its_identities(tmp_path: Path) -> None:
    full = header(
        PatientName="QUIMBY^JANE=X^Y", PatientID="48213377", PatientBirthDate="19480321", StationName="MR1",
        InstitutionName="Nowhere Infirmary", StudyInstanceUID="1.3.12.2.5.1", OtherPatientIDs=["A1", "B2"],
    )  # fmt: skip
    saved(tmp_path / "QUIMBY_48213377", full, "IM0001.dcm")
    found = {(value.kind, value.text) for value in known_values(tmp_path)}
    assert found == {
        ("name", "QUIMBY^JANE"), ("name", "X^Y"), ("id", "48213377"), ("date", "19480321"), ("uid", "2.25.1"),
        ("text", "Nowhere Infirmary"), ("uid", "1.3.12.2.5.1"), ("id", "A1"), ("id", "B2"),
        ("file-name", "QUIMBY_48213377"),
    }  # fmt: skip


def test_classes_and_syntaxes_are_no_identity(tmp_path: Path) -> None:
    saved(tmp_path, header())
    assert {value.text for value in known_values(tmp_path)} == {"2.25.1"}


@pytest.mark.parametrize("name", ["IM0001", "012_sa", "DICOMDIR", "slice 12.dcm", "image"])
def test_a_name_that_a_machine_gave_is_no_identity(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no image")
    assert list(known_values(tmp_path)) == []


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="expected a folder of DICOM files"):
        list(known_values(tmp_path / "none"))


def test_the_folder_of_an_export_counts_as_a_value(tmp_path: Path) -> None:
    (tmp_path / "Quimby holiday").mkdir()
    assert list(known_values(tmp_path)) == [Value("file-name", "Quimby holiday")]
    assert NUMBER.kind == "id"


def test_folders_that_link_back_are_read_once(tmp_path: Path) -> None:
    saved(tmp_path, header(PatientID="48213377"))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "up").symlink_to(tmp_path)
    assert [value.text for value in known_values(tmp_path)].count("48213377") == 1


def test_a_pipe_in_an_export_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Quimby pipe")
    assert list(known_values(tmp_path)) == [Value("file-name", "Quimby pipe")]
