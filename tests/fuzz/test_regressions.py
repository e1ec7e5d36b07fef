"""What the fuzzer found once, each by name: the damaged image is left out with its reason, its siblings stay."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, RLELossless

from tests.fuzz.edits import raw, written
from tests.sources.dicom_files import mr_image, pixels
from tests.sources.reading import codes, read

PHASES = 12
Damage = Callable[[Dataset], Any]


def cine_with(damage: Damage, folder: Path, *, syntax: str | None = None) -> dict[str, int]:
    """Codes of what is left out when the fifth of twelve frames is damaged, once the others are known to be right."""
    for phase in range(PHASES):
        image = mr_image(phase=phase, phases=PHASES)
        if syntax is not None:
            image.compress(syntax, generate_instance_uid=False)
        content = damage(image) if phase == 4 else None
        (folder / f"{phase:02d}.dcm").write_bytes(content if isinstance(content, bytes) else written(image) or b"")
    (cine,), exclusions = read(folder)
    assert np.array_equal(cine.frames, np.stack([pixels(phase) for phase in range(PHASES) if phase != 4]))
    return codes(exclusions)


def stating(keyword: str, value: bytes, *, vr: str | None = None) -> Damage:
    return lambda image: raw(image, keyword, value, vr=vr)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("RescaleSlope", b"abc"),
        ("RescaleIntercept", b"1,5"),
        ("RescaleSlope", b"nan"),
        ("RescaleSlope", "\u0663x".encode()),
        ("NumberOfFrames", b"-1"),
        ("NumberOfFrames", b"1\\2"),
        ("NumberOfFrames", b"x"),
    ],
)
def test_a_number_that_is_none_is_not_taken_for_absent(keyword: str, value: bytes, tmp_path: Path) -> None:
    assert cine_with(stating(keyword, value), tmp_path) == {"bad_pixel_facts": 1}


@pytest.mark.parametrize("sign", [2, 17, 65535])
def test_a_sign_that_is_none_is_not_taken_for_unsigned(sign: int, tmp_path: Path) -> None:
    damage = stating("PixelRepresentation", struct.pack("<H", sign), vr="US")
    assert cine_with(damage, tmp_path) == {"bad_pixel_facts": 1}


def test_a_high_bit_that_cannot_be_read_is_not_taken_for_absent(tmp_path: Path) -> None:
    def damage(image: Dataset) -> bytes:
        return (written(image) or b"").replace(b"\x28\x00\x02\x01US", b"\x28\x00\x02\x01Us", 1)

    assert cine_with(damage, tmp_path) == {"bad_pixel_facts": 1}


@pytest.mark.parametrize("high", [2049, 16, 3])
def test_a_high_bit_outside_the_pixel_is_not_shifted_by(high: int, tmp_path: Path) -> None:
    assert cine_with(stating("HighBit", struct.pack("<H", high), vr="US"), tmp_path) == {"broken_pixels": 1}


def test_a_padding_limit_without_a_padding_value_hides_nothing(tmp_path: Path) -> None:
    for phase in range(PHASES):
        image = mr_image(phase=phase, phases=PHASES)
        raw(image, "PixelPaddingRangeLimit", struct.pack("<H", 255), vr="US")
        (tmp_path / f"{phase:02d}.dcm").write_bytes(written(image) or b"")
    (cine,), _ = read(tmp_path)
    assert np.array_equal(cine.frames, np.stack([pixels(phase) for phase in range(PHASES)]))


def test_an_intercept_padded_with_a_null_counts(tmp_path: Path) -> None:
    for phase in range(PHASES):
        image = mr_image(phase=phase, phases=PHASES)
        raw(image, "RescaleIntercept", b"-10\0")
        (tmp_path / f"{phase:02d}.dcm").write_bytes(written(image) or b"")
    (cine,), _ = read(tmp_path)
    assert np.array_equal(cine.frames[0], pixels(0).astype(np.float32) - 10)


@pytest.mark.parametrize("missing", [2, 4, 10])
def test_pixels_that_end_within_the_length_of_a_header_are_truncated(missing: int, tmp_path: Path) -> None:
    assert cine_with(lambda image: (written(image) or b"")[:-missing], tmp_path) == {"truncated": 1}


def test_pixels_under_a_transfer_syntax_that_lies_are_not_shifted(tmp_path: Path) -> None:
    for phase in range(PHASES):
        content = written(mr_image(phase=phase, phases=PHASES)) or b""
        lie = content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0", 1)
        (tmp_path / f"{phase:02d}.dcm").write_bytes(lie)
    (cine,), _ = read(tmp_path)
    assert np.array_equal(cine.frames, np.stack([pixels(phase) for phase in range(PHASES)]))


@pytest.mark.parametrize("vr", [b"KW", b"UV", b"US", b"SQ"])
def test_pixels_under_another_vr_are_none(vr: bytes, tmp_path: Path) -> None:
    def damage(image: Dataset) -> bytes:
        content = written(image) or b""
        at = content.index(b"\xe0\x7f\x10\x00OW")
        return content[: at + 4] + vr + content[at + 6 :]

    (code,) = cine_with(damage, tmp_path)
    assert code in {"missing_pixel_data", "unreadable", "truncated", "absurd_size"}


def test_pixels_are_not_read_beyond_their_element(tmp_path: Path) -> None:
    def damage(image: Dataset) -> bytes:
        content = written(image) or b""
        at = content.index(b"\xe0\x7f\x10\x00") + 8
        return content[:at] + struct.pack("<I", 900) + content[at + 4 :]

    assert cine_with(damage, tmp_path) == {"truncated": 1}


def test_a_stream_of_another_size_does_not_end_the_process(tmp_path: Path) -> None:
    def damage(image: Dataset) -> None:
        start = b"\xff\xd8\xff\xf7\x00\x0b\x10" + struct.pack(">HH", 4096, 65535) + b"\x01\x01\x11\x00"
        stream = start + b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + bytes(100) + b"\xff\xd9"
        image.PixelData = encapsulate([stream])

    assert cine_with(damage, tmp_path, syntax=JPEGLSLossless) == {"broken_pixels": 1}


def test_values_beyond_the_stored_bits_are_not_cut(tmp_path: Path) -> None:
    def damage(image: Dataset) -> None:
        image.PixelData = None
        wide = mr_image(phase=4, phases=PHASES)
        wide.BitsStored, wide.HighBit = 16, 15
        wide.compress(JPEGLSLossless, generate_instance_uid=False)
        image.PixelData, image.BitsStored, image.HighBit = wide.PixelData, 9, 8

    assert cine_with(damage, tmp_path, syntax=JPEGLSLossless) == {"broken_pixels": 1}


def test_a_run_length_stream_that_makes_its_decoder_panic_is_broken(tmp_path: Path) -> None:
    def damage(image: Dataset) -> None:
        first, second = b"\x81\x07" * 3 + b"\xa1\x07", b"\x81\x07" * 5
        header = struct.pack("<16I", 2, 64, 64 + len(first), *[0] * 13)
        image.PixelData = encapsulate([header + first + second])

    assert cine_with(damage, tmp_path, syntax=RLELossless) == {"broken_pixels": 1}


@pytest.mark.parametrize("vr", ["SQ", "OB"])
def test_an_identifier_under_a_vr_that_lies_is_none(vr: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def damage(image: Dataset) -> bytes:
        content = written(image) or b""
        at = content.index(b"\x08\x00\x18\x00UI")
        length = int.from_bytes(content[at + 6 : at + 8], "little")
        value = content[at + 8 : at + 8 + length]
        items = struct.pack("<HHI", 0xFFFE, 0xE000, length) + value if vr == "SQ" else value
        element = content[at : at + 4] + vr.encode() + b"\0\0" + struct.pack("<I", len(items)) + items
        return content[:at] + element + content[at + 8 + length :]

    assert cine_with(damage, tmp_path) == {"missing_uid": 1}
    assert capfd.readouterr() == ("", "")


def test_a_hundred_thousand_items_are_not_parsed(tmp_path: Path) -> None:
    def damage(image: Dataset) -> bytes:
        content = written(image) or b""
        items = b"\xfe\xff\x00\xe0\0\0\0\0" * 100_000
        start = b"\x08\x00\x40\x11ZZ\0\0\xff\xff\xff\xff"
        at = content.index(b"\x10\x00\x10\x00PN")
        return content[:at] + start + items + b"\xfe\xff\xdd\xe0\0\0\0\0" + content[at:]

    assert cine_with(damage, tmp_path) == {"unreadable": 1}
