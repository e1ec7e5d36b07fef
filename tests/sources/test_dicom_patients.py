import multiprocessing
import os
import pickle
import signal
from pathlib import Path

import pytest

from cinemyo.deid.keys import load_key
from cinemyo.sources import dicom_spool
from cinemyo.sources.base import Cine, Exclusion, read
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.dicom_patients import Grouper, PackedPart
from tests.sources.dicom_files import write_cine

KEY = load_key("published")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Three patients of two positions each, one position too short."""
    for patient in ("P3", "P1", "P2"):
        write_cine(tmp_path / patient, patient=patient)
        write_cine(tmp_path / patient, patient=patient, z_mm=10.0, phases=2 if patient == "P1" else 10, name="b")
    (tmp_path / "readme.txt").write_text("no image")
    return tmp_path


@pytest.fixture
def in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few files there are."""
    monkeypatch.setattr(dicom_spool, "_FEW", 0)


def told(root: Path) -> list[tuple[str, ...]]:
    """What a folder gives, item by item."""
    items = read(DicomReader(root, key=KEY, workers=2), key=KEY)
    return [
        (item.cine_id, *(file.file for file in item.files)) if isinstance(item, Cine) else (item.item, item.code)
        for item in items
    ]


def test_processes_group_as_the_reader_itself(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = told(export)
    monkeypatch.setattr(dicom_spool, "_FEW", 0)
    assert told(export) == here
    assert len(here) == 7


@pytest.mark.usefixtures("in_processes")
def test_a_patient_that_ends_a_process_is_grouped_here(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, original = told(export), Grouper._patient

    def dies(grouper: Grouper, judged: object) -> object:
        if multiprocessing.current_process().daemon:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(grouper, judged)

    monkeypatch.setattr(Grouper, "_patient", dies)
    assert told(export) == here


@pytest.mark.usefixtures("in_processes")
def test_a_fault_of_grouping_ends_the_run(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(grouper: Grouper, judged: object) -> object:
        raise KeyError("DOE^JOHN")

    monkeypatch.setattr(Grouper, "_patient", fails)
    with pytest.raises(KeyError):
        told(export)


def parts(root: Path) -> list[PackedPart]:
    found = [item for item in DicomReader(root, key=KEY).parts() if not isinstance(item, Exclusion)]
    assert all(isinstance(item, PackedPart) for item in found)
    return [item for item in found if isinstance(item, PackedPart)]


def test_a_packed_part_is_what_was_packed(export: Path) -> None:
    packed = parts(export)[0]
    part = pickle.loads(packed.packed)
    assert (packed.part, packed.content, packed.files) == (part, part.content, part.files)


def test_a_packed_part_shows_no_identity(export: Path) -> None:
    assert "P1" not in repr(parts(export)[0])


def test_a_part_that_was_looked_at_travels_no_heavier(export: Path) -> None:
    packed = parts(export)[0]
    before = len(pickle.dumps(packed))
    assert packed.files
    assert len(pickle.dumps(packed)) == before
