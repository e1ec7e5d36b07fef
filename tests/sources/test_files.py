import os
from pathlib import Path

from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import keyed_hash
from cinemyo.sources.files import count_files, folders_under, source_file

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
