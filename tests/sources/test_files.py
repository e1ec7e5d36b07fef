import os
import zipfile
from pathlib import Path

import pytest

from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import keyed_hash
from cinemyo.errors import SourceError
from cinemyo.sources.files import count_files, count_refs, folders_under, source_file

KEY = load_key("published")


def test_files_are_counted_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x", "a/y", "a/b/.hidden"):
        (tmp_path / name).write_text("")
    assert count_files(tmp_path) == 3


def test_folders_and_files_come_in_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        for file in ("2", "1"):
            (tmp_path / name / file).write_text("")
    found = [file.relative_to(tmp_path).as_posix() for files in folders_under(tmp_path).values() for file in files]
    assert found == ["a/1", "a/2", "b/1", "b/2"]


def test_a_folder_that_cannot_be_listed_is_refused_without_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "DOE^JOHN").mkdir()
    listed = os.scandir

    def guarded(path: str) -> object:
        if "DOE" in path:
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(SourceError, match=r"^a folder under the source's root: expected one that you can list"):
        count_files(tmp_path)


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    assert count_files(tmp_path) == 1


def test_members_of_an_archive_are_counted_beside_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("inner/x", "1")
        archive.writestr("inner/y", "2")
    assert (count_files(tmp_path), count_refs(tmp_path)) == (1, 3)


def test_a_file_keeps_keyed_hashes_and_its_size(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"abc")
    found = source_file(tmp_path / "a" / "x", root=tmp_path, key=KEY)
    assert (found.file, found.digest, found.bytes) == (keyed_hash("a/x", key=KEY)[:32], keyed_hash(b"abc", key=KEY), 3)


def test_a_file_that_cannot_be_read_counts_as_one_without_bytes(tmp_path: Path) -> None:
    found = source_file(tmp_path / "name", root=tmp_path, key=KEY)
    assert (found.file, found.digest, found.bytes) == (keyed_hash("name", key=KEY)[:32], keyed_hash(b"", key=KEY), 0)


def test_a_name_that_is_no_text_has_a_code(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.nii")
    path.write_bytes(b"abc")
    assert source_file(path, root=tmp_path, key=KEY).file == keyed_hash(b"\xff.nii", key=KEY)[:32]


def test_what_is_no_file_is_passed_over_and_never_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"abc")
    (tmp_path / "itself.dcm").symlink_to("itself.dcm")
    (tmp_path / "nowhere.dcm").symlink_to("gone")
    (tmp_path / "zeros.dcm").symlink_to("/dev/zero")
    (tmp_path / "folder.dcm").mkdir()
    os.mkfifo(tmp_path / "pipe.dcm")
    assert count_files(tmp_path) == 1
