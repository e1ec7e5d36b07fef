import pickle
from pathlib import Path

import pytest

from cinemyo.deid.keys import KEY_VARIABLE, PUBLISHED_KEY, Key, load_key, new_key
from cinemyo.errors import IdentityKeyError


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "key"
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    return path


def test_published_key_is_the_constant() -> None:
    assert load_key("published").secret == PUBLISHED_KEY


def test_new_key_is_read_back(key_file: Path) -> None:
    made = new_key(key_file)
    assert load_key("file") == made


def test_new_key_file_is_for_its_owner_alone(key_file: Path) -> None:
    new_key(key_file)
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_new_keys_differ(tmp_path: Path) -> None:
    assert new_key(tmp_path / "a") != new_key(tmp_path / "b")


def test_existing_key_is_never_replaced(key_file: Path) -> None:
    new_key(key_file)
    with pytest.raises(IdentityKeyError, match="never replaced"):
        new_key(key_file)


def test_key_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(IdentityKeyError, match="a folder that can be written"):
        new_key(tmp_path / "absent" / "key")


def test_raw_bytes_are_a_key_too(key_file: Path) -> None:
    key_file.write_bytes(bytes(range(200, 240)))
    key_file.chmod(0o600)
    assert load_key("file").secret == bytes(range(200, 240))


def test_unset_variable_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with pytest.raises(IdentityKeyError, match="cinemyo key new"):
        load_key("file")


def test_absent_file_names_the_remedy(key_file: Path) -> None:
    with pytest.raises(IdentityKeyError, match="cinemyo key new"):
        load_key("file")


def test_key_readable_by_others_is_refused(key_file: Path) -> None:
    new_key(key_file)
    key_file.chmod(0o640)
    with pytest.raises(IdentityKeyError, match="mode 0600, got 0640"):
        load_key("file")


def test_short_key_is_refused(key_file: Path) -> None:
    key_file.write_text("00" * 31)
    key_file.chmod(0o600)
    with pytest.raises(IdentityKeyError, match="got 31"):
        load_key("file")


def test_short_bytes_make_no_key() -> None:
    with pytest.raises(IdentityKeyError):
        Key(b"short")


def test_key_is_never_shown() -> None:
    key = load_key("published")
    assert all(PUBLISHED_KEY.decode() not in shown for shown in (repr(key), str(key), f"{key}"))


def test_key_is_never_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(load_key("published"))


def test_id_has_eight_hexadecimal_characters() -> None:
    assert len(bytes.fromhex(load_key("published").id)) == 4
