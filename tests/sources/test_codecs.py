"""Decoders of compressed DICOM."""

from importlib.metadata import version

import pytest

from cinemyo.sources import codecs


def test_all_common_compressions_are_decoded_here() -> None:
    assert codecs.missing() == []


def test_a_compression_without_decoder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "COMPRESSED", {"MPEG-4": "1.2.840.10008.1.2.4.102", "RLE": "1.2.840.10008.1.2.5"})
    monkeypatch.setattr(codecs, "get_decoder", _decoder)
    assert codecs.missing() == ["MPEG-4"]


def test_decoders_are_named_with_their_versions() -> None:
    assert codecs.plugins()["JPEG-LS"][0] == f"pyjpegls {version('pyjpegls')}"


def _decoder(syntax: str) -> object:
    return type("Decoder", (), {"is_available": syntax.endswith(".5")})
