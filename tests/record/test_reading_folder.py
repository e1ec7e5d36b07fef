"""What a reader gets tells nothing but the images."""

import io
import stat
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cinemyo import schema
from cinemyo.errors import SetupError
from cinemyo.record.reading_folder import SIZE, answer_sheet, index_page, instructions, item_png, write_folder
from cinemyo.record.reading_set import key_of
from cinemyo.sheets import READING_KEY

PAIR = np.random.default_rng(0).integers(0, 256, size=(2, 32, 32)).astype(np.uint8)
CINES = ["c-" + letter * 16 for letter in "abc"]
ITEMS = ["item_0001", "item_0002", "item_0003"]
KEY = key_of([(cine, 1) for cine in CINES], origins={})


def written(base: Path) -> Path:
    write_folder(base / "set", key=KEY, images=[item_png(PAIR)] * 3)
    return base / "set"


def chunks(content: bytes) -> set[bytes]:
    found, at = set(), 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        found.add(content[at + 4 : at + 8])
        at += 12 + length
    return found


def test_an_image_holds_pixels_and_nothing_else() -> None:
    assert chunks(item_png(PAIR)) == {b"IHDR", b"IDAT", b"IEND"}


def test_an_image_has_diastole_left_and_systole_right() -> None:
    dark, bright = np.zeros((32, 32), np.uint8), np.full((32, 32), 255, np.uint8)
    pixels = np.asarray(Image.open(io.BytesIO(item_png(np.stack([dark, bright])))))
    middle = pixels.shape[0] // 2
    assert (pixels[middle, SIZE[0] // 4], pixels[middle, 3 * SIZE[0] // 4]) == (0, 255)


def test_the_same_pair_is_the_same_bytes() -> None:
    assert item_png(PAIR) == item_png(PAIR)


def test_the_page_shows_every_item_in_order() -> None:
    page = index_page(ITEMS).decode()
    places = [page.index(f'src="images/{item}.png"') for item in ITEMS]
    assert places == sorted(places)


def test_the_page_needs_no_network() -> None:
    page = index_page(ITEMS).decode()
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page


def test_the_page_links_items_without_a_script() -> None:
    page = index_page(ITEMS).decode()
    assert page.count('href="#item_0002"') == 2


def test_the_answer_sheet_is_empty_but_for_the_items() -> None:
    assert answer_sheet(ITEMS).decode().splitlines()[:2] == ["item,pathology,confidence", "item_0001,,"]


def test_the_instructions_name_the_classes() -> None:
    assert all(word in instructions(3).decode() for word in ("normal", "hcm", "dcm", "3 items"))


def test_no_file_of_the_folder_names_a_cine(tmp_path: Path) -> None:
    folder = written(tmp_path)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 6
    assert not any(cine.encode() in path.read_bytes() or cine in path.name for path in files for cine in CINES)


def test_the_key_lies_outside_and_its_owner_alone_reads_it(tmp_path: Path) -> None:
    written(tmp_path)
    key = tmp_path / "set.key.csv"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert schema.read(key, table=READING_KEY)["cine_id"].tolist() == CINES


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(SetupError, match="does not exist yet"):
        written(tmp_path)


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "set.key.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(SetupError):
        written(tmp_path)
    assert (tmp_path / "set.key.csv").read_text(encoding="utf-8") == "mine"
