import re

from hypothesis import given
from hypothesis import strategies as st

from cinemyo import tables
from cinemyo.deid.keys import Key, load_key
from cinemyo.deid.pseudonyms import LETTERS, KeyedDigest, keyed_hash, keyed_uid, pseudonym

KEY = load_key("published")
OTHER = Key(b"another key of more than thirty-two bytes")


def test_pseudonym_of_the_published_key_never_changes() -> None:
    assert pseudonym("patient", "SCD0000101", key=KEY) == "p-toyvujelly5cbwcc"


def test_every_kind_has_the_form_of_the_tables() -> None:
    assert all(re.match(tables.ID, pseudonym(kind, "x", key=KEY)) for kind in LETTERS)


def test_blanks_around_an_identifier_do_not_count() -> None:
    assert pseudonym("patient", " 42 ", key=KEY) == pseudonym("patient", "42", key=KEY)


@given(st.text())
def test_kinds_never_share_a_pseudonym(identifier: str) -> None:
    bodies = {pseudonym(kind, identifier, key=KEY)[2:] for kind in LETTERS}
    assert len(bodies) == len(LETTERS)


@given(st.text())
def test_keys_never_share_a_pseudonym(identifier: str) -> None:
    assert pseudonym("patient", identifier, key=KEY) != pseudonym("patient", identifier, key=OTHER)


@given(st.text(min_size=1, alphabet="ab"), st.text(min_size=1, alphabet="ab"))
def test_parts_do_not_run_together(one: str, other: str) -> None:
    assert pseudonym("cine", one, other, key=KEY) != pseudonym("cine", one + other, key=KEY)


def test_lone_surrogates_have_a_pseudonym() -> None:
    assert pseudonym("patient", "\udc80", key=KEY).startswith("p-")


@given(st.lists(st.binary()))
def test_digest_in_pieces_is_the_digest_of_the_whole(pieces: list[bytes]) -> None:
    digest = KeyedDigest(key=KEY)
    for piece in pieces:
        digest.update(piece)
    assert digest.hexdigest() == keyed_hash(b"".join(pieces), key=KEY)


def test_text_is_hashed_as_utf8() -> None:
    assert keyed_hash("é", key=KEY) == keyed_hash("é".encode(), key=KEY)


@given(st.text())
def test_keyed_uid_is_a_valid_uid(uid: str) -> None:
    made = keyed_uid(uid, key=KEY)
    assert re.match(r"^2\.25\.(0|[1-9]\d*)$", made)
    assert len(made) <= 64
