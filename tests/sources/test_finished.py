import os
from pathlib import Path

import pytest

from cinemyo.sources import finished
from cinemyo.sources.finished import Finished, begin, link


@pytest.fixture
def done(tmp_path: Path) -> Finished:
    """One finished item with a file."""
    found = begin(tmp_path / "work", name="study", basis=["key"])
    found.path("a.mha").write_bytes(b"image")
    found.keep("c0", {"rows": [1, 2]}, files=["a.mha"])
    return found


def test_a_finished_item_is_found_again(done: Finished) -> None:
    assert done.find("c0") == {"rows": [1, 2]}


def test_what_was_never_finished_is_not_found(done: Finished) -> None:
    assert done.find("c1") is None


@pytest.mark.parametrize("content", [b"", b"imag", b"other"])
def test_an_item_whose_file_is_not_whole_is_not_found(done: Finished, content: bytes) -> None:
    done.path("a.mha").write_bytes(content)
    assert done.find("c0") is None


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b"{}", b'{"files": {}}', b"\xff"])
def test_a_record_cut_short_is_no_record(done: Finished, record: bytes) -> None:
    next((done.folder / "finished").iterdir()).write_bytes(record)
    assert done.find("c0") is None


def test_the_same_basis_goes_on(done: Finished, tmp_path: Path) -> None:
    assert begin(tmp_path / "work", name="study", basis=["key"]).find("c0") is not None


def test_another_basis_starts_anew_and_clears_the_old(done: Finished, tmp_path: Path) -> None:
    other = begin(tmp_path / "work", name="study", basis=["other key"])
    assert other.find("c0") is None
    assert list((tmp_path / "work").iterdir()) == [other.folder]


def test_another_version_of_the_code_starts_anew(
    done: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finished, "code_digest", lambda: "another")
    assert begin(tmp_path / "work", name="study", basis=["key"]).folder != done.folder


def test_work_of_another_study_is_left_alone(done: Finished, tmp_path: Path) -> None:
    begin(tmp_path / "work", name="study.external", basis=[])
    begin(tmp_path / "work", name="stud[y]", basis=[])
    assert done.find("c0") is not None


def test_nothing_is_left_after_clearing(done: Finished, tmp_path: Path) -> None:
    done.clear()
    assert not (tmp_path / "work").exists()


def test_clearing_spares_the_work_of_others(done: Finished, tmp_path: Path) -> None:
    other = begin(tmp_path / "work", name="other", basis=[])
    done.clear()
    assert list((tmp_path / "work").iterdir()) == [other.folder]


def test_a_file_is_put_in_its_place_where_links_are_not_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_bytes(b"image")
    link(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"image"
