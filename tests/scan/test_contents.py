"""Values are found inside whatever holds them."""

import base64
import bz2
import gzip
import io
import json
import lzma
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cinemyo.scan.values import value_of
from tests.scan.trees import KNOWN, kinds, of_bytes, searched

SECRET = "Jane Quimby"


def png(**chunks: str) -> bytes:
    info, buffer = PngInfo(), io.BytesIO()
    if "text" in chunks:
        info.add_text("Author", chunks["text"])
    if "packed" in chunks:
        info.add_text("Comment", chunks["packed"], zip=True)
    if "international" in chunks:
        info.add_itxt("Title", chunks["international"], zip=True)
    Image.new("L", (4, 4)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = SECRET
    Image.new("L", (4, 4)).save(buffer, kind, exif=exif)
    return buffer.getvalue()


def nifti(*, extension: bytes = b"", description: bytes = b"") -> bytes:
    header = bytearray(352)
    header[0:4], header[344:348] = struct.pack("<i", 348), b"n+1\0"
    header[148 : 148 + len(description)] = description
    header[108:112] = struct.pack("<f", 352 + len(extension) + 8)
    if extension:
        header[348] = 1
        return bytes(header) + struct.pack("<ii", len(extension) + 8, 6) + extension
    return bytes(header)


def database(path: Path, *statements: str) -> bytes:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path.read_bytes()


def tarred(content: bytes, *, name: str = "x") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def zipped(content: bytes, *, name: str = "x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def pdf(stream: bytes) -> bytes:
    return b"%PDF-1.4\n1 0 obj <</Length 9/Filter/FlateDecode>> stream\r\n" + zlib.compress(stream) + b"\nendstream"


LONG = (b"a row of a long table\n" * 30 + SECRET.encode() + b"\n") * 3
HOLDERS = {
    "gzip": gzip.compress(LONG),
    "bzip2": bz2.compress(LONG),
    "xz": lzma.compress(LONG),
    "zip": zipped(LONG),
    "zip, name": zipped(b"", name="quimby_jane/1.dcm"),
    "tar": tarred(LONG),
    "tar in gzip": gzip.compress(tarred(LONG)),
    "zip in tar in gzip": gzip.compress(tarred(zipped(LONG))),
    "tar, name": tarred(b"", name="quimby_jane"),
    "PNG text": png(text=SECRET),
    "PNG packed text": png(packed=SECRET),
    "PNG international text": png(international=SECRET),
    "PNG, after its end": png() + SECRET.encode(),
    "JPEG": picture("JPEG"),
    "TIFF": picture("TIFF"),
    "NIfTI description": nifti(description=SECRET.encode()),
    "NIfTI extension": nifti(extension=SECRET.encode()),
    "NIfTI packed": gzip.compress(nifti(description=SECRET.encode())),
    "MetaImage": f"ObjectType = Image\nComment = {SECRET}\nElementDataFile = LOCAL\n".encode() + bytes(300),
    "safetensors": struct.pack("<Q", 40) + json.dumps({"__metadata__": {"a": SECRET}}).encode().ljust(40) + bytes(64),
    "PDF": pdf(f"BT ({SECRET}) Tj ET".encode()),
    "PDF, spaced apart": pdf(b"BT [(Jan) -20 (e Qui) 14 (mby)] TJ ET"),
    "HTML": f'<p title="{SECRET}">'.encode(),
    "HTML, image inside": b'<img src="data:image/png;base64,' + base64.b64encode(png(packed=SECRET)) + b'">',
    "notebook, image inside": json.dumps({"image/png": base64.encodebytes(png(packed=SECRET)).decode()}).encode(),
    "base64 in lines": base64.encodebytes(LONG),
    "UTF-16": SECRET.encode("utf-16"),
    "NumPy": np.array([SECRET]).tobytes() + bytes(8),
    "hexadecimal": b"x = " + LONG.hex().encode(),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_name_is_found_in(holder: str, tmp_path: Path) -> None:
    assert "name" in of_bytes(tmp_path, HOLDERS[holder], *KNOWN)


@pytest.mark.parametrize("holder", HOLDERS)
def test_nothing_is_found_of_others_in(holder: str, tmp_path: Path) -> None:
    assert of_bytes(tmp_path, HOLDERS[holder]) == set()


def test_a_cell_of_a_database_is_found(tmp_path: Path) -> None:
    content = database(tmp_path / "a.db", "CREATE TABLE t (x)", f"INSERT INTO t VALUES ('{SECRET}')")
    assert "name" in of_bytes(tmp_path, content, *KNOWN)


def test_a_cell_over_several_pages_is_found(tmp_path: Path) -> None:
    long = "x" * 4085 + " " + SECRET
    for shift in range(12):
        statement = f"INSERT INTO t VALUES ('{'y' * shift}{long}')"
        content = database(tmp_path / f"{shift}.db", "CREATE TABLE t (x)", statement)
        assert "name" in of_bytes(tmp_path, content, *KNOWN)


def test_a_deleted_cell_is_found_in_the_free_pages(tmp_path: Path) -> None:
    rows = [f"INSERT INTO t VALUES ('{SECRET} {number} {'z' * 500}')" for number in range(40)]
    content = database(tmp_path / "a.db", "PRAGMA secure_delete = 0", "CREATE TABLE t (x)", *rows, "DROP TABLE t")
    assert "name" in of_bytes(tmp_path, content, *KNOWN)


def test_a_database_is_never_written(tmp_path: Path) -> None:
    before = database(tmp_path / "a.db", "PRAGMA journal_mode = wal", "CREATE TABLE t (x)")
    searched(tmp_path / "a.db")
    assert (tmp_path / "a.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


@pytest.mark.parametrize("compression", ["snappy", "zstd", None])
def test_a_cell_of_a_parquet_table_is_found(tmp_path: Path, compression: str | None) -> None:
    frame = pd.DataFrame({"x": ["a", SECRET] * 50, "number": [48213377] * 100})
    frame.to_parquet(tmp_path / "a.parquet", compression=compression)
    assert kinds(searched(tmp_path / "a.parquet", *KNOWN)) >= {"name", "id"}


def test_a_column_named_after_an_identity_is_a_find(tmp_path: Path) -> None:
    pd.DataFrame({"PatientName": ["x"], "view": ["y"]}).to_parquet(tmp_path / "a.parquet")
    report = searched(tmp_path / "a.parquet")
    assert [(place.kind, place.inside) for place in report.finds] == [("identity-attribute", "column 1")]


def test_a_date_column_is_read_as_dates(tmp_path: Path) -> None:
    pd.DataFrame({"x": pd.to_datetime(["1948-03-21"]).date}).to_parquet(tmp_path / "a.parquet")
    assert "date" in kinds(searched(tmp_path / "a.parquet", *KNOWN))


def test_what_unpacks_to_more_than_allowed_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(3 << 20)))
    report = searched(tmp_path / "a.gz", max_bytes=1 << 20)
    assert report.status == 2
    assert "--max-bytes" in report.unread[0][1]


def test_a_bomb_of_packed_zeros_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xz").write_bytes(lzma.compress(bytes(100 << 20)))
    assert searched(tmp_path / "a.xz").status == 2


def test_what_is_packed_too_deep_is_named(tmp_path: Path) -> None:
    content = SECRET.encode()
    for _ in range(9):
        content = gzip.compress(content)
    (tmp_path / "a").write_bytes(content)
    assert searched(tmp_path / "a").status == 2


@pytest.mark.parametrize("holder", ["gzip", "xz", "zip", "PNG packed text", "tar in gzip"])
def test_a_damaged_file_is_named_and_not_clean(holder: str, tmp_path: Path) -> None:
    content = HOLDERS[holder]
    (tmp_path / "a").write_bytes(content[: len(content) // 2])
    assert searched(tmp_path / "a").status == 2 or holder.startswith("PNG")


def test_what_a_fault_says_holds_no_value(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"SQLite format 3\0" + SECRET.encode())
    assert "Quimby" not in str(searched(tmp_path / "a").unread)


def test_hashes_are_no_text(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    hashes = b"\n".join(rng.bytes(32).hex().encode() for _ in range(4000))
    assert of_bytes(tmp_path, hashes, value_of("ZQX^ANN")) == set()
