"""Decoders of compressed DICOM."""

import struct
from importlib.metadata import version
from pathlib import Path

import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from cinemyo.deid.decoding import stored_values
from cinemyo.deid.keys import load_key
from cinemyo.sources import codecs
from cinemyo.sources.dicom_headers import read_headers
from cinemyo.sources.dicom_pixels import PixelError, read_frames
from tests.sources.dicom_files import mr_image, save


def test_all_common_compressions_are_decoded_here() -> None:
    assert codecs.missing() == []


def test_a_compression_without_decoder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "COMPRESSED", {"MPEG-4": "1.2.840.10008.1.2.4.102", "RLE": "1.2.840.10008.1.2.5"})
    monkeypatch.setattr(codecs, "get_decoder", _decoder)
    assert codecs.missing() == ["MPEG-4"]


def test_a_decoder_that_panics_costs_its_image_alone(tmp_path: Path) -> None:
    image = mr_image()
    image.compress(RLELossless, generate_instance_uid=False)
    first, second = b"\x81\x07" * 3 + b"\xa1\x07", b"\x81\x07" * 5
    header = struct.pack("<16I", 2, 64, 64 + len(first), *[0] * 13)
    image.PixelData = encapsulate([header + first + second])
    (found,) = read_headers(save(image, tmp_path / "a.dcm"), name="a", key=load_key("published"))
    with pytest.raises(PixelError):
        read_frames([found])
    with pytest.raises((ValueError, RuntimeError)):
        stored_values(image)


def test_decoders_are_named_with_their_versions() -> None:
    assert codecs.plugins()["JPEG-LS"][0] == f"pyjpegls {version('pyjpegls')}"


def _decoder(syntax: str) -> object:
    return type("Decoder", (), {"is_available": syntax.endswith(".5")})
