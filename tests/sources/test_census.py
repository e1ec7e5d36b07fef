"""The census changes with the export and tells nothing of it."""

import json
import os
from pathlib import Path

import pytest

from cinemyo.deid.crosswalk import CROSSWALK_VARIABLE
from cinemyo.deid.keys import KEY_VARIABLE, Key, load_key, new_key
from cinemyo.errors import SourceError
from cinemyo.sources.census import check_census, folder_of, take_census

KEY = Key(b"k" * 32)


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / "source" / "QUIMBY_JANE").mkdir(parents=True)
    (tmp_path / "source" / "QUIMBY_JANE" / "1.dcm").write_bytes(b"one")
    return str(tmp_path / "source.census")


def taken(root: str, *, key: Key = KEY) -> bytes:
    take_census(root, key=key, memory=Path(root).with_name("memory"))
    return Path(root).read_bytes()


def test_a_root_is_a_folder_or_its_census() -> None:
    assert folder_of("data/source.census") == folder_of("data/source") == Path("data/source")


def test_it_counts_files_and_bytes_under_the_key(root: str) -> None:
    census = json.loads(taken(root))
    assert (census["files"], census["bytes"], census["key"], len(census["digest"])) == (1, 3, KEY.id, 64)


def test_it_holds_no_name(root: str) -> None:
    assert b"QUIMBY" not in taken(root) + Path(root).with_name("memory").read_bytes()


def test_another_key_gives_another_digest(root: str) -> None:
    assert json.loads(taken(root))["digest"] != json.loads(taken(root, key=Key(b"l" * 32)))["digest"]


@pytest.fixture
def crosswalk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key of mode `random_table`, of which the crosswalk lies at this place."""
    new_key(tmp_path / "key")
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    monkeypatch.delenv(CROSSWALK_VARIABLE, raising=False)
    return tmp_path / "key.crosswalk"


@pytest.mark.usefixtures("crosswalk")
def test_with_random_codes_it_stays_as_it_was(root: str) -> None:
    before = taken(root, key=load_key("random_table"))
    assert not take_census(root, key=load_key("random_table"), memory=Path(root).with_name("memory"))
    Path(root).with_name("memory").unlink()
    assert taken(root, key=load_key("random_table")) == before


def test_with_random_codes_it_does_not_derive_from_the_names(root: str, crosswalk: Path) -> None:
    memory = Path(root).with_name("memory")
    before, glance = taken(root, key=load_key("random_table")), memory.read_bytes()[:64]
    crosswalk.unlink()
    assert taken(root, key=load_key("random_table")) != before
    assert memory.read_bytes()[:64] != glance


def test_a_name_that_is_no_text_is_counted(root: str) -> None:
    before = taken(root)
    Path(os.fsdecode(os.fsencode(folder_of(root)) + b"/J\xe4ne.dcm")).write_bytes(b"")
    assert json.loads(taken(root))["files"] == json.loads(before)["files"] + 1


@pytest.mark.parametrize("change", ["content", "name", "new"])
def test_it_changes_with_the_export(root: str, change: str) -> None:
    before, file = taken(root), folder_of(root) / "QUIMBY_JANE" / "1.dcm"
    if change == "name":
        file.rename(file.with_name("2.dcm"))
    else:
        (file if change == "content" else file.with_name("2.dcm")).write_bytes(b"two")
    assert taken(root) != before


def test_a_touched_file_does_not_change_it(root: str) -> None:
    before, file = taken(root), folder_of(root) / "QUIMBY_JANE" / "1.dcm"
    os.utime(file, ns=(1, 1))
    assert taken(root) == before


def test_an_unchanged_export_is_not_read_again(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(root)
    monkeypatch.setattr("cinemyo.sources.census._content", lambda path, key: pytest.fail("read"))
    assert not take_census(root, key=KEY, memory=Path(root).with_name("memory"))


def test_a_file_that_came_since_is_told(root: str) -> None:
    taken(root)
    check_census(root)
    (folder_of(root) / "2.dcm").write_bytes(b"two")
    with pytest.raises(SourceError, match="expected 1 files, as counted, got 2; run `make census`"):
        check_census(root)


def test_without_a_census_nothing_is_read(root: str) -> None:
    with pytest.raises(SourceError, match="expected the census of the export, got none"):
        check_census(root)


def test_a_folder_needs_no_census(root: str) -> None:
    check_census(str(folder_of(root)))
