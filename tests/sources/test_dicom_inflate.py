import zlib
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from cinemyo.sources import dicom_inflate
from cinemyo.sources.dicom_inflate import inflated, is_deflated
from tests.sources.dicom_files import mr_image, save


def _deflated(folder: Path, *, extra: bytes = b"") -> bytes:
    image = mr_image()
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return save(image, folder / "a.dcm").read_bytes() + extra


def test_deflated_file_says_so(tmp_path: Path) -> None:
    assert is_deflated(_deflated(tmp_path))
    assert not is_deflated(save(mr_image(), tmp_path / "b.dcm").read_bytes())
    assert not is_deflated(b"")


def test_inflated_file_is_a_plain_one(tmp_path: Path) -> None:
    image = pydicom.dcmread(inflated(BytesIO(_deflated(tmp_path))))
    assert image.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert image.PixelData == mr_image().PixelData


def test_bytes_behind_the_stream_are_left(tmp_path: Path) -> None:
    plain = inflated(BytesIO(_deflated(tmp_path))).read()
    assert inflated(BytesIO(_deflated(tmp_path, extra=b"surplus"))).read() == plain


def test_bomb_is_refused_before_it_is_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_inflate, "_SMALL", 1 << 20)
    content = _deflated(tmp_path)
    meta = content[: content.index(b"1.2.840.10008.1.2.1.99") + 22]
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = engine.compress(bytes(64 << 20)) + engine.flush()
    with pytest.raises(ValueError, match="swells"):
        inflated(BytesIO(meta + bomb))


def test_damaged_stream_is_refused(tmp_path: Path) -> None:
    content = _deflated(tmp_path)
    start = content.index(b"1.2.840.10008.1.2.1.99") + 22
    with pytest.raises(zlib.error):
        inflated(BytesIO(content[:start] + b"\xff" * 200))
