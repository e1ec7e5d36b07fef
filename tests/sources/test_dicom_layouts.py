import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from cinemyo.sources import dicom_elements
from cinemyo.sources.dicom_elements import Elements, elements, tags
from cinemyo.sources.dicom_facts import KEYWORDS
from cinemyo.sources.dicom_layouts import Layouts, Trail
from tests.sources.dicom_files import mr_image, pixels, save

WANTED = tags(KEYWORDS)
PLAIN = bytes(range(32, 127)) + b"\0"
TEXTS = frozenset({"LO"})
SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)


def _content(folder: Path, *, instance: int = 1, syntax: str = str(ExplicitVRLittleEndian)) -> bytes:
    image = mr_image()
    image.InstanceNumber = instance
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = UID(syntax)
    if syntax == ExplicitVRBigEndian:
        image.PixelData = pixels(0).astype(">u2").tobytes()
    return save(image, folder / f"{instance}.dcm").read_bytes()


def _walked(content: bytes) -> Elements | None:
    """What a walk finds that knows no other."""
    dicom_elements._layouts.cache_clear()
    return elements(content, wanted=WANTED, whole=True)


def _known() -> Layouts:
    layouts = Layouts()
    layouts.keep(b"HEADone HEAD", Trail([(0, 4), (8, 12)], [(7, "LO", 4, 8)]), ("1.2", True, 8, 12, 0), TEXTS)
    return layouts


def test_values_are_taken_where_they_lay_before() -> None:
    assert _known().find(b"HEADtwo HEAD", PLAIN) == ({7: ("LO", b"two ")}, ("1.2", True, 8, 12, 0))


@pytest.mark.parametrize("content", [b"HEAFtwo HEAD", b"HEADtwo HEAF", b"HEADtwo HEAD!", b"HEADtwo HEA"])
def test_another_head_or_size_is_not_known(content: bytes) -> None:
    assert _known().find(content, PLAIN) is None


def test_letters_beyond_ascii_are_left_to_a_walk() -> None:
    assert _known().find(b"HEADtw\xc3 HEAD", PLAIN) is None


def test_few_layouts_are_held() -> None:
    layouts = Layouts()
    for size in range(12, 1012):
        layouts.keep(bytes(size), Trail([(0, 4)], []), ("1.2", True, 4, 8, 0), TEXTS)
    assert layouts.find(bytes(12), PLAIN) is None
    assert layouts.find(bytes(1011), PLAIN) is not None


def test_headers_of_great_size_are_not_held() -> None:
    layouts = Layouts()
    layouts.keep(bytes(1 << 15), Trail([(0, 1 << 15)], []), ("1.2", True, 4, 8, 0), TEXTS)
    assert layouts.find(bytes(1 << 15), PLAIN) is None


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_second_file_of_a_series_is_read_as_by_a_walk(tmp_path: Path, syntax: str) -> None:
    first, second = (_content(tmp_path, instance=number, syntax=syntax) for number in (1, 2))
    walked = _walked(second)
    _walked(first)
    again = elements(second, wanted=WANTED, whole=True)
    assert walked is not None
    assert again == walked
    assert again.raw != _walked(first).raw  # type: ignore[union-attr]


def test_no_walk_is_taken_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (_content(tmp_path, instance=number) for number in (1, 2))
    _walked(first)
    monkeypatch.setattr(dicom_elements, "_Walk", None)
    assert elements(second, wanted=WANTED, whole=True) is not None


@settings(deadline=None, derandomize=True, max_examples=60)
@given(seed=st.integers(0, 10_000), syntax=st.sampled_from(SYNTAXES))
def test_a_damaged_file_is_read_as_by_a_walk(tmp_path_factory: pytest.TempPathFactory, seed: int, syntax: str) -> None:
    whole = _content(tmp_path_factory.mktemp("file"), syntax=syntax)
    generator, damaged = random.Random(seed), bytearray(whole)
    for _ in range(generator.randint(1, 6)):
        damaged[generator.randrange(120, 1200)] ^= 1 << generator.randrange(8)
    walked = _walked(bytes(damaged))
    _walked(whole)
    assert elements(bytes(damaged), wanted=WANTED, whole=True) == walked
