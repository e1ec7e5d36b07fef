import multiprocessing
import multiprocessing.connection
import pickle
from pathlib import Path

import pytest

from cinemyo.deid.crosswalk import CROSSWALK_VARIABLE
from cinemyo.deid.keys import KEY_VARIABLE, Key, load_key, new_key
from cinemyo.deid.pseudonyms import file_code, keyed_hash, keyed_uid, pseudonym
from cinemyo.errors import IdentityKeyError

NAME = "Dupont-4711"


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "key"
    new_key(path)
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    monkeypatch.delenv(CROSSWALK_VARIABLE, raising=False)
    return path


@pytest.fixture
def crosswalk(key_file: Path) -> Path:
    load_key("random_table")
    return key_file.with_name("key.crosswalk")


@pytest.mark.usefixtures("key_file")
def test_an_identifier_keeps_its_pseudonym() -> None:
    first = pseudonym("patient", NAME, key=load_key("random_table"))
    assert pseudonym("patient", NAME, key=load_key("random_table")) == first


@pytest.mark.usefixtures("key_file")
def test_a_uid_and_a_file_keep_theirs() -> None:
    one, two = load_key("random_table"), load_key("random_table")
    assert keyed_uid("1.2.3", key=one) == keyed_uid("1.2.3", key=two)
    assert file_code("a/b.dcm", key=one) == file_code(b"a/b.dcm", key=two)


def test_pseudonyms_do_not_derive_from_the_key_and_the_identifier(key_file: Path, crosswalk: Path) -> None:
    first = pseudonym("patient", NAME, key=load_key("random_table"))
    crosswalk.unlink()
    assert pseudonym("patient", NAME, key=load_key("random_table")) != first
    assert key_file.is_file()


@pytest.mark.usefixtures("key_file")
def test_pseudonyms_have_the_form_of_all_others() -> None:
    table, plain = load_key("random_table"), load_key("file")
    for kind in ("patient", "exam"):
        assert len(pseudonym(kind, NAME, key=table)) == len(pseudonym(kind, NAME, key=plain)) == 18
    assert keyed_uid("1.2.3", key=table).startswith("2.25.")
    assert len(file_code("a", key=table)) == 32


@pytest.mark.usefixtures("key_file")
def test_kinds_and_identifiers_have_codes_of_their_own() -> None:
    key = load_key("random_table")
    codes = {pseudonym("patient", "a", key=key)[2:], pseudonym("exam", "a", key=key)[2:]}
    assert len(codes | {pseudonym("patient", "b", key=key)[2:], pseudonym("patient", "a", "b", key=key)[2:]}) == 4


def test_the_file_shows_no_identifier(crosswalk: Path) -> None:
    key = load_key("random_table")
    code = pseudonym("patient", NAME, key=key)
    assert NAME.encode() not in crosswalk.read_bytes()
    assert code.encode() not in crosswalk.read_bytes()


def test_the_file_is_for_its_owner_alone(crosswalk: Path) -> None:
    assert crosswalk.stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_may_read_is_refused(crosswalk: Path) -> None:
    crosswalk.chmod(0o640)
    with pytest.raises(IdentityKeyError, match="mode 0600"):
        load_key("random_table")


def test_the_crosswalk_of_another_key_is_refused(crosswalk: Path, key_file: Path) -> None:
    pseudonym("patient", NAME, key=load_key("random_table"))
    key_file.unlink()
    new_key(key_file)
    with pytest.raises(IdentityKeyError, match="belong together"):
        load_key("random_table")
    assert crosswalk.is_file()


@pytest.mark.parametrize("content", [b"something else entirely, not ours", b"short"])
def test_another_file_is_refused_and_left_as_it_is(crosswalk: Path, content: bytes) -> None:
    crosswalk.write_bytes(content)
    with pytest.raises(IdentityKeyError, match="another file"):
        load_key("random_table")
    assert crosswalk.read_bytes() == content


def test_an_altered_record_is_refused(crosswalk: Path) -> None:
    pseudonym("patient", NAME, key=load_key("random_table"))
    content = bytearray(crosswalk.read_bytes())
    content[-1] ^= 1
    crosswalk.write_bytes(content)
    with pytest.raises(IdentityKeyError, match="altered"):
        load_key("random_table")


def test_half_a_record_is_cut_off(crosswalk: Path) -> None:
    first = pseudonym("patient", NAME, key=load_key("random_table"))
    whole = crosswalk.read_bytes()
    pseudonym("patient", "another", key=load_key("random_table"))
    crosswalk.write_bytes(crosswalk.read_bytes()[:-5])
    again = load_key("random_table")
    assert crosswalk.read_bytes() == whole
    assert pseudonym("patient", NAME, key=again) == first


def test_the_variable_names_another_place(key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CROSSWALK_VARIABLE, str(tmp_path / "kept" / "table"))
    with pytest.raises(IdentityKeyError, match="read and written"):
        load_key("random_table")
    (tmp_path / "kept").mkdir()
    load_key("random_table")
    assert (tmp_path / "kept" / "table").is_file()
    assert not key_file.with_name("key.crosswalk").exists()


def test_asking_adds_nothing(crosswalk: Path) -> None:
    key = load_key("random_table")
    known = pseudonym("patient", NAME, key=key)
    before = crosswalk.read_bytes()
    asking = key.asking()
    assert pseudonym("patient", NAME, key=asking) == known
    assert pseudonym("patient", "unknown", key=asking) != pseudonym("patient", "unknown", key=asking)
    assert crosswalk.read_bytes() == before


@pytest.mark.usefixtures("key_file")
def test_two_keys_of_one_process_see_each_others_codes() -> None:
    one, two = load_key("random_table"), load_key("random_table")
    drawn = pseudonym("patient", NAME, key=one)
    assert pseudonym("patient", NAME, key=two) == drawn


def _draw(key: Key, pipe: multiprocessing.connection.Connection) -> None:
    pipe.send([pseudonym("patient", str(number), key=key) for number in range(60)])


@pytest.mark.usefixtures("key_file")
def test_processes_side_by_side_agree() -> None:
    context = multiprocessing.get_context("fork")
    key = load_key("random_table")
    pipes = []
    for _ in range(3):
        ours, theirs = context.Pipe()
        context.Process(target=_draw, args=(key, theirs), daemon=True).start()
        pipes.append(ours)
    first, *others = [pipe.recv() for pipe in pipes]
    assert all(other == first for other in others)
    assert len(set(first)) == 60


@pytest.mark.usefixtures("key_file")
def test_the_table_has_an_id_of_its_own_and_shows_nothing_else() -> None:
    table, plain = load_key("random_table"), load_key("file")
    assert table.id != plain.id
    assert repr(table) == repr(table.asking()) == f"Key(id={table.id!r})"
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(table)


def test_a_plain_key_asks_as_it_is() -> None:
    key = Key(b"a key of more than thirty-two bytes, for tests")
    assert key.asking() is key
    assert file_code("a/b", key=key) == keyed_hash("a/b", key=key)[:32]
