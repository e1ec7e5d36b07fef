import ctypes
import time
from pathlib import Path

import pytest

from cinemyo.deid.keys import load_key
from cinemyo.sources import dicom_spool
from cinemyo.sources.archives import FileRef
from cinemyo.sources.base import Exclusion
from cinemyo.sources.dicom_spool import HeaderReader, HeaderSpool, read_all, unpacked
from cinemyo.sources.files import refs_under, source_file
from cinemyo.sources.pool import Limits
from tests.sources.dicom_files import write_cine

KEY = load_key("published")


def spooled(root: Path, **options: object) -> tuple[list[Exclusion], HeaderSpool]:
    spool = HeaderSpool()
    reader = HeaderReader(root, KEY)
    return list(read_all(refs_under(root), reader=reader, into=spool, **options)), spool


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Three patients, forty files each, mixed in the order of their names, and a text."""
    for number in range(4):
        for patient in ("P3", "P1", "P2"):
            write_cine(tmp_path, patient=patient, z_mm=10.0 * number, name=f"{number}{patient}_")
    (tmp_path / "readme.txt").write_text("no image")
    return tmp_path


def test_patients_come_by_their_identifiers_with_all_their_headers(export: Path) -> None:
    _, spool = spooled(export)
    found = [[header.identity.patient for header, _ in unpacked(packed)] for packed in spool.patients()]
    assert found == [["P1"] * 40, ["P2"] * 40, ["P3"] * 40]


def test_headers_of_a_patient_are_in_the_order_of_the_files(export: Path) -> None:
    _, spool = spooled(export, workers=3)
    for packed in spool.patients():
        names = [header.ref for header, _ in unpacked(packed)]
        assert names == sorted(names)


def test_a_file_without_a_header_is_excluded(export: Path) -> None:
    left, _ = spooled(export)
    assert [(item.code, len(item.files)) for item in left] == [("not_dicom", 1)]


def test_the_caller_is_told_of_every_file(export: Path) -> None:
    told: list[int] = []
    spooled(export, watch=told.append)
    assert sum(told) == 121


@pytest.mark.parametrize(
    ("harm", "code"), [("dies", "reader_crashed"), ("hangs", "reader_timeout"), ("fails", "reader_crashed")]
)
def test_a_file_that_harms_its_reader_is_excluded_alone(
    export: Path, monkeypatch: pytest.MonkeyPatch, harm: str, code: str
) -> None:
    original = dicom_spool.read_headers

    def harmed(ref: FileRef, **options: object) -> object:
        if ref.path.name == "1P2_004.dcm":
            if harm == "dies":
                ctypes.string_at(0)
            if harm == "hangs":
                time.sleep(600)
            raise KeyError("DOE^JOHN")
        return original(ref, **options)

    monkeypatch.setattr(dicom_spool, "read_headers", harmed)
    left, spool = spooled(export, workers=2, limits=Limits(seconds=3))
    assert [item.code for item in left] == [code, "not_dicom"]
    assert left[0].files == (source_file(export / "1P2_004.dcm", root=export, key=KEY),)
    assert [len([*unpacked(packed)]) for packed in spool.patients()] == [40, 39, 40]
    assert "DOE" not in left[0].reason


def test_the_spool_has_no_name_on_the_disk(
    export: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("SQLITE_TMPDIR", str(scratch))
    _, spool = spooled(export)
    for _ in range(3):
        spool.add((b"P9", bytes(8 << 20)))
    assert list(scratch.iterdir()) == []
    spool.close()
