from pathlib import Path

import pytest

from cinemyo.audit.carried import GROUP, Hit, Search

NAMES = [f"p-{number:016d}" for number in range(2 * GROUP + 1)]


@pytest.mark.parametrize("name", [NAMES[0], NAMES[GROUP], NAMES[-1]])
def test_every_name_of_many_is_found_in_bytes_that_are_no_text(name: str, tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(b"\0\xff" * 5000 + name.encode() + b"\0")
    assert Search(names=NAMES, codes=()).hit(file, names="image") == Hit(None, "content")


def test_bytes_without_a_name_hold_none(tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(b"\0\xff" * 5000 + NAMES[0][:-1].encode() + b"\0")
    assert Search(names=NAMES, codes=()).hit(file, names="image") is None


def test_codes_count_in_text_by_line(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(f"{'a' * 32},{NAMES[0]}\n{'b' * 32},x\nnone\n", encoding="ascii")
    assert Search(names=NAMES, codes=["b" * 32]).hit(file, names="table.csv") == Hit(2, "content")
