import gzip
import io
import os
import zipfile

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.audit.withdraw.ids import Ids
from cinemyo.audit.withdraw.tokens import Codes, codes_in

CINE = "c-abcdefghijklmnop"
FILE = "0123456789abcdef" * 2
DIGEST = "0123456789abcdef" * 4
IDS = Ids.of([CINE, FILE, DIGEST, "no code"])


def test_a_word_that_is_no_code_is_left_out() -> None:
    assert IDS.words() == [FILE, DIGEST, CINE]


@pytest.mark.parametrize("code", [CINE, FILE, DIGEST])
@pytest.mark.parametrize("around", [b" ", b"\x00", b"\n", b"/", b'"', b"\xff"])
def test_a_code_is_found_between_other_bytes(code: str, around: bytes) -> None:
    assert IDS.in_bytes(os.urandom(1000) + around + code.encode() + around + os.urandom(1000))


@pytest.mark.parametrize("code", [CINE, FILE, DIGEST])
def test_a_code_is_found_at_both_ends(code: str) -> None:
    assert IDS.in_bytes(code.encode() + b"," + bytes(500))
    assert IDS.in_bytes(bytes(500) + b"," + code.encode())


def test_a_pseudonym_after_a_letter_or_within_a_name_is_found() -> None:
    assert IDS.in_text(f"xx{CINE}.mha")
    assert IDS.in_text(f"a-{CINE}")


def test_a_longer_hash_is_another_one() -> None:
    assert not IDS.in_text("f" + FILE)
    assert not IDS.in_text("f" + DIGEST)


@given(
    place=st.integers(0, 2000),
    code=st.sampled_from([CINE, FILE, DIGEST]),
    size=st.sampled_from([2100, 9000, 300_000]),
    around=st.sampled_from([b"\x80", b"-", b"z"]),
)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_a_code_is_found_wherever_it_lies(place: int, code: str, size: int, around: bytes) -> None:
    before, after = around * place, around * (size - place)
    assert Codes(frozenset({code.encode()})).are_in(before + code.encode() + after)
    assert Codes(frozenset({code.encode()})).are_in(after + code.encode() + before)


@given(pieces=st.lists(st.sampled_from([CINE, FILE, DIGEST, "a", "-", "0", "\x00", "f" * 31, "a2-"]), min_size=1))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_a_long_content_is_read_as_a_short_one(pieces: list[str]) -> None:
    content = "".join(pieces).encode()
    whole = {code for _, code in codes_in(content)}
    for code in (CINE, FILE, DIGEST):
        known = Codes(frozenset({code.encode()}))
        assert known.are_in(b"\x80" * 5000 + content + b"\x80" * 5000) == (code.encode() in whole)


def test_a_content_full_of_hashes_is_read_whole() -> None:
    lines = "\n".join(f"{number:064x}" for number in range(5000))
    assert IDS.in_text(f"{lines}\n{DIGEST}\n{lines}")


def test_packed_contents_are_opened() -> None:
    table, archive = io.BytesIO(), io.BytesIO()
    pd.DataFrame({"cine_id": [CINE] * 50}).to_parquet(table, compression="zstd")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("table.parquet", table.getvalue())
    assert IDS.in_bytes(table.getvalue())
    assert IDS.in_bytes(archive.getvalue())
    assert IDS.in_bytes(gzip.compress(CINE.encode()))


def test_a_damaged_archive_carries_nothing() -> None:
    assert not IDS.in_bytes(b"PK\x03\x04" + bytes(100))
    assert not IDS.in_bytes(b"\x1f\x8b" + bytes(100))


def test_a_masked_path_names_nobody() -> None:
    assert IDS.masked(f"data/tiny/ingested/{CINE}.mha") == "data/tiny/ingested/*.mha"
