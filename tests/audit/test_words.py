import os

import pytest

from cinemyo.audit.words import SHORTEST, WORD, Words

CODES = [b"a1-" + bytes(range(97, 97 + length - 3)) for length in (SHORTEST, 18, 29)]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("place", range(2 * WORD))
def test_a_place_within_every_code_is_told(code: bytes, place: int) -> None:
    content = bytes(place) + code + bytes(3)
    assert all(place <= own < place + len(code) for own in Words(CODES).places(content))
    assert list(Words(CODES).places(content))


def test_a_code_at_the_end_of_many_blocks_is_told() -> None:
    content = os.urandom(3_000_001)
    assert max(Words(CODES).places(content + CODES[0])) >= len(content)


def test_letters_that_are_part_of_no_code_are_passed_over() -> None:
    assert not list(Words(CODES).places(b"hgfedcba" * 10_000))


def test_no_code_is_nowhere() -> None:
    assert not list(Words([]).places(b"abcdefgh" * 10_000))
