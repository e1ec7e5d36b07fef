"""Known values are found however they are written, and short ones only as words."""

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.scan.needles import CHUNK, Needles
from cinemyo.scan.values import Value, numbered
from tests.scan.trees import ACCENTS, BORN, JANE, NUMBER, SHORT, UID

ORDERS = ["QUIMBY^JANE", "Quimby, Jane", "Quimby,Jane", "Jane Quimby", "quimby_jane", "jane_quimby", "jane.quimby",
          "JaneQuimby", "quimby-jane"]  # fmt: skip
DATES = ["19480321", "1948-03-21", "21/03/1948", "03/21/1948", "21.03.1948", "1948/03/21", "21 March 1948",
         "March 21, 1948", "21 mars 1948", "21-Mar-1948", "19480321141500"]  # fmt: skip
NAMES = ["MÜLLER^ZOË", "müller", "Muller, Zoe", "MUELLER", "Mu\u0308ller"]


def found(content: bytes, *values: Value, is_text: bool = True) -> list[str]:
    return [hit.kind for hit in Needles(numbered(values)[0]).find(content, is_text=is_text)]


@pytest.mark.parametrize("text", ORDERS)
def test_a_name_is_found_in_any_order(text: str) -> None:
    assert "name" in found(f"<{text}>".encode(), JANE)


@pytest.mark.parametrize("text", DATES)
def test_a_date_is_found_in_any_format(text: str) -> None:
    assert found(f"on {text} she".encode(), BORN) == ["date"]


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_accents_do_not_hide_a_name(text: str, encoding: str) -> None:
    assert found(f" {text} ".encode(encoding), ACCENTS)


def test_latin_1_does_not_hide_a_name() -> None:
    assert found(" Zoë Müller ".encode("latin-1"), ACCENTS)


def test_a_wrongly_decoded_name_is_found() -> None:
    assert found("MÜLLER".encode().decode("latin-1").encode(), ACCENTS)


@pytest.mark.parametrize("shift", [0, 1, 2])
@pytest.mark.parametrize("value", ["quimby", "QUIMBY^JANE", "Jane Quimby", "48213377"])
def test_base64_is_found_in_every_alignment(shift: int, value: str) -> None:
    coded = base64.b64encode(b"x" * shift + value.encode() + b"yz")
    assert found(b"." + coded, JANE, NUMBER) or len(value) < 8


def test_hexadecimal_is_found() -> None:
    assert found(b"00" + b"QUIMBY".hex().upper().encode() + b"00", JANE) == ["name-part"]


@pytest.mark.parametrize(
    "coded",
    [json.dumps("MÜLLER"), quote("MÜLLER"), quote("MÜLLER".encode("latin-1")), "M&Uuml;LLER", "M&#220;LLER",
     "m&#xfc;ller", html.escape("MÜLLER")],
)  # fmt: skip
def test_escapes_do_not_hide_a_name(coded: str) -> None:
    assert found(coded.encode(), ACCENTS) == ["name-part"]


@pytest.mark.parametrize("text", ["fleeting", "LEEDS", "sleep", "manna", "leeward"])
def test_a_short_part_inside_a_word_is_none(text: str) -> None:
    assert found(text.encode(), SHORT) == []


@pytest.mark.parametrize("text", ["lee", "x_lee.png", "/LEE/", "(Lee)", "Anna's", "lee\n"])
def test_a_short_part_that_is_a_word_is_found(text: str) -> None:
    assert found(text.encode(), SHORT) == ["name-part"]


@pytest.mark.parametrize("before", [0, 200, 600])
def test_a_short_part_within_a_coded_image_is_none(before: int) -> None:
    coded = base64.b64encode(bytes(range(256)) * 4)
    assert found(coded[:before] + b"/Lee+" + coded[before:], SHORT) == []


@pytest.mark.parametrize("text", ["/home/x/Lee/scans", "src=Lee+Anna", "lee\n" * 300, "Lee " * 300, "/ab/Lee" * 60])
def test_a_short_part_outside_of_long_codes_is_found(text: str) -> None:
    assert "name-part" in found(text.encode(), SHORT)


@pytest.mark.parametrize("text", ["0.48213377", "148213377", "482133771", "x48213377"])
def test_a_number_inside_a_number_is_none(text: str) -> None:
    assert found(text.encode(), NUMBER) == []


@pytest.mark.parametrize("text", ["48213377", "ID:48213377.", "1.2.48213377.9", "a_48213377_b"])
def test_a_number_that_stands_alone_is_found(text: str) -> None:
    assert found(text.encode(), NUMBER) == ["id"]


def test_a_short_part_among_bytes_needs_a_run_of_text() -> None:
    assert found(b"\0\xff lee \xff\0", SHORT, is_text=False) == []
    assert found(b"\0\xff the name is lee\0", SHORT, is_text=False) == ["name-part"]


def test_a_uid_that_goes_on_is_found() -> None:
    assert found(f"{UID.text}.4".encode(), UID) == ["uid"]


def test_no_uid_is_found_in_a_longer_number() -> None:
    assert found(f"{UID.text}4".encode(), UID) == []


@pytest.mark.parametrize("offset", [CHUNK - 3, CHUNK, 2 * CHUNK - 1])
def test_a_value_over_the_border_of_chunks_is_found_once(offset: int) -> None:
    content = bytearray(b"." * (2 * CHUNK + 50))
    content[offset : offset + 11] = b"QUIMBY^JANE"
    assert found(bytes(content), JANE).count("name") == 1


def test_nothing_known_finds_nothing() -> None:
    assert found(b"QUIMBY^JANE") == []


@settings(deadline=None, derandomize=True, max_examples=60)
@given(before=st.binary(max_size=40), after=st.binary(max_size=40))
def test_a_long_value_is_found_among_any_bytes(before: bytes, after: bytes) -> None:
    assert "name" in found(before + b"quimby^jane" + after, JANE, is_text=False)
