import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import file_code
from cinemyo.sources import archives
from cinemyo.sources.archives import FileRef, archive_code, expanded, member_code
from tests.sources.dicom_files import mr_image, save, write_cine
from tests.sources.reading import codes, read


def _zip(path: Path, members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _names(path: Path) -> list[str]:
    return [ref.name(path.parent) for ref in expanded(path)]


def test_plain_file_stands_for_itself(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"x")
    (ref,) = expanded(tmp_path / "a.dcm")
    with ref.open() as stream:
        assert (ref.name(tmp_path), stream.read(), archive_code(ref)) == ("a.dcm", b"x", None)


def test_archive_is_followed_by_its_members(tmp_path: Path) -> None:
    path = _zip(tmp_path / "e.zip", {"DICOM/": b"", "DICOM/1": b"one", "2": b"two"})
    assert _names(path) == ["e.zip", "e.zip!DICOM/1", "e.zip!2"]


def test_members_are_read_in_place(tmp_path: Path) -> None:
    path = _zip(tmp_path / "e.zip", {"1": b"one", "2": b"two"})
    contents = [ref.open().read() for ref in expanded(path) if ref.member]
    assert contents == [b"one", b"two"]
    assert sorted(tmp_path.iterdir()) == [path]


def test_stream_of_a_member_can_be_sought_in(tmp_path: Path) -> None:
    *_, ref = expanded(_zip(tmp_path / "e.zip", {"1": b"0123456789"}))
    with ref.open() as stream:
        stream.seek(-3, os.SEEK_END)
        assert stream.read() == b"789"


def test_archive_in_an_archive_is_opened_once(tmp_path: Path) -> None:
    deepest = _zip(tmp_path / "c.zip", {"3": b"three"})
    inner = _zip(tmp_path / "b.zip", {"2": b"two", "c.zip": deepest.read_bytes()})
    refs = list(expanded(_zip(tmp_path / "a.zip", {"b.zip": inner.read_bytes()})))
    assert [ref.name(tmp_path) for ref in refs] == ["a.zip", "a.zip!b.zip", "a.zip!b.zip!2", "a.zip!b.zip!c.zip"]
    assert [archive_code(ref) for ref in refs] == ["archive", "archive", None, "nested_archive"]
    assert refs[2].open().read() == b"two"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_told_apart(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("1", b"one")
        archive.writestr("1", b"two")
    refs = [ref for ref in expanded(tmp_path / "e.zip") if ref.member]
    assert [(ref.member, ref.open().read()) for ref in refs] == [("1", b"one"), ("1#2", b"two")]


def test_member_that_climbs_out_of_the_folder_is_read_where_it_is(tmp_path: Path) -> None:
    path = _zip(tmp_path / "e.zip", {"../../etc/passwd": b"x"})
    assert [ref.open().read() for ref in expanded(path) if ref.member] == [b"x"]


def test_damaged_archive_has_no_members(tmp_path: Path) -> None:
    path = _zip(tmp_path / "e.zip", {"1": b"one"})
    path.write_bytes(path.read_bytes()[:-10])
    (ref,) = expanded(path)
    assert archive_code(ref) == "bad_archive"


def test_text_with_the_name_of_an_archive_is_none(tmp_path: Path) -> None:
    (tmp_path / "e.zip").write_bytes(b"hello")
    (ref,) = expanded(tmp_path / "e.zip")
    assert archive_code(ref) is None


def test_damaged_member_cannot_be_opened(tmp_path: Path) -> None:
    path = _zip(tmp_path / "e.zip", {"1": b"one" * 100}, method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    *_, ref = expanded(path)
    with pytest.raises(OSError, match="BadZipFile"):
        ref.open()


def test_member_under_a_password_is_named(tmp_path: Path) -> None:
    path = _zip(tmp_path / "e.zip", {"1": b"one"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)
    *_, ref = expanded(path)
    assert member_code(ref) == "encrypted"
    with pytest.raises(OSError, match="BadZipFile"):
        ref.open()


def test_members_that_share_their_bytes_are_a_bomb(tmp_path: Path) -> None:
    path = _zip(tmp_path / "e.zip", {"1": b"\0" * 100_000, "2": b""})
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    entry = content[start : content.index(b"PK\x01\x02", start + 4)]
    end = content[content.index(b"PK\x05\x06") :]
    copies = 500
    struct.pack_into("<HHIH", end, 8, copies, copies, len(entry) * copies, start)
    path.write_bytes(content[:start] + entry * copies + end[:16] + struct.pack("<IH", start, 0))
    (ref,) = expanded(path)
    assert archive_code(ref) in {"archive_bomb", "bad_archive"}


@pytest.mark.parametrize(("limit", "value"), [("MOST_MEMBERS", 1), ("MOST_BYTES", 5)])
def test_archive_beyond_the_bounds_is_a_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(archives, limit, value)
    (ref,) = expanded(_zip(tmp_path / "e.zip", {"1": b"one", "2": b"two"}))
    assert archive_code(ref) == "archive_bomb"


@pytest.mark.parametrize(("limit", "value"), [("LARGEST_MEMBER", 99), ("_SMALL", 10)])
def test_member_beyond_the_bounds_is_a_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(archives, "MOST_SHRUNK", 5)
    monkeypatch.setattr(archives, limit, value)
    *_, ref = expanded(_zip(tmp_path / "e.zip", {"1": b"\0" * 100_000}))
    assert member_code(ref) == "archive_bomb"


def test_reference_can_be_sent_to_a_process(tmp_path: Path) -> None:
    *_, ref = expanded(_zip(tmp_path / "e.zip", {"1": b"one"}))
    assert pickle.loads(pickle.dumps(ref)).open().read() == b"one"


def test_archive_that_changed_is_read_anew(tmp_path: Path) -> None:
    path = _zip(tmp_path / "e.zip", {"1": b"one"})
    *_, ref = expanded(path)
    assert ref.open().read() == b"one"
    _zip(path, {"1": b"two and more"})
    assert ref.open().read() == b"two and more"


def test_plain_file_is_no_member() -> None:
    assert member_code(FileRef("a.dcm")) is None


def test_export_of_a_cd_is_read_as_if_it_were_unpacked(tmp_path: Path) -> None:
    paths = write_cine(tmp_path / "source")
    (tmp_path / "target").mkdir()
    inner = _zip(tmp_path / "inner.zip", {f"IMAGES/{path.name}": path.read_bytes() for path in paths[5:]})
    members = {path.name: path.read_bytes() for path in paths[:5]} | {"more.zip": inner.read_bytes()}
    _zip(tmp_path / "target" / "export.ZIP", members)
    (cine,), left = read(tmp_path / "target")
    (plain,), _ = read(tmp_path / "source")
    assert np.array_equal(cine.frames, plain.frames)
    assert (cine.cine_id, codes(left)) == (plain.cine_id, {"archive": 2})


def test_every_member_is_accounted_for_by_its_own_name(tmp_path: Path) -> None:
    _zip(tmp_path / "a.zip", {"x/1": save(mr_image(), tmp_path / "1").read_bytes(), "notes": b"text"})
    (tmp_path / "1").unlink()
    _, left = read(tmp_path)
    names = ("a.zip", "a.zip!x/1", "a.zip!notes")
    expected = {file_code(name, key=load_key("published")) for name in names}
    assert {file.file for item in left for file in item.files} == expected
    assert codes(left) == {"archive": 1, "not_dicom": 1, "incomplete": 1}


def test_members_that_cannot_be_read_cost_no_more(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"1": b"one", "2": b"two"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 and no more")
    write_cine(tmp_path)
    (cine,), left = read(tmp_path)
    assert len(cine.frames) == 10
    assert codes(left) == {"archive": 1, "encrypted": 1, "not_dicom": 1, "bad_archive": 1}


def test_member_without_a_name_is_a_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = ""
        archive.writestr(info, b"one")
    assert _names(tmp_path / "e.zip") == ["e.zip", "e.zip!"]


def test_archive_in_an_archive_with_a_wrong_checksum_is_unreadable(tmp_path: Path) -> None:
    write_cine(tmp_path)
    inner = _zip(tmp_path / "b.zip", {"2": b"two" * 1000}, method=zipfile.ZIP_STORED).read_bytes()
    outer = _zip(tmp_path / "b.zip", {"inner.zip": inner}, method=zipfile.ZIP_STORED)
    content = outer.read_bytes()
    outer.write_bytes(content.replace(b"twotwo", b"twoTwo", 1))
    cines, exclusions = read(tmp_path)
    assert (len(cines), set(codes(exclusions)) & {"reader_crashed"}) == (1, set())
