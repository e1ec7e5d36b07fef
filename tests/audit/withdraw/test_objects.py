import hashlib
import json
from pathlib import Path

import pytest

from cinemyo.audit.withdraw.ids import Ids
from cinemyo.audit.withdraw.objects import Doomed, Folder, doomed, name_of

MINE, OTHER = "c-abcdefghijklmnop", "c-ponmlkjihgfedcba"
IDS = Ids.of([MINE])


@pytest.fixture
def store(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "cache")


def put(store: Folder, content: bytes, *, below: str = "files/md5") -> str:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return _put(store, md5, content, below)


def put_folder(store: Folder, **files: bytes) -> str:
    items = [{"md5": put(store, content), "relpath": name.replace("__", ".")} for name, content in files.items()]
    content = json.dumps(items).encode()
    return _put(store, hashlib.md5(content, usedforsecurity=False).hexdigest() + ".dir", content, "files/md5")


def _put(store: Folder, name: str, content: bytes, below: str) -> str:
    path = store.root / below / name[:2] / name[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def going(store: Folder, *whole: str) -> set[str | None]:
    return {name_of(path) for path, _ in doomed(store, why=Doomed(IDS, frozenset(whole)))}


def test_a_table_that_names_the_patient_goes(store: Folder) -> None:
    mine, _ = put(store, f"cine_id\n{MINE}\n".encode()), put(store, f"cine_id\n{OTHER}\n".encode())
    assert going(store) == {mine}


def test_an_image_goes_by_the_name_that_a_folder_gives_it(store: Folder) -> None:
    listing = put_folder(store, **{f"{MINE}__mha": b"pixels of mine", f"{OTHER}__mha": b"pixels of another"})
    mine = hashlib.md5(b"pixels of mine", usedforsecurity=False).hexdigest()
    assert going(store) == {listing, mine}


def test_an_output_of_which_all_goes_takes_its_files_along(store: Folder) -> None:
    listing = put_folder(store, overview__png=b"a page of many hearts", typical__png=b"another page")
    assert len(going(store, listing)) == 3


def test_an_object_of_an_older_layout_is_found(store: Folder) -> None:
    mine = put(store, MINE.encode(), below=".")
    assert going(store) == {mine}


def test_files_go_before_the_lists_that_tell_which(store: Folder) -> None:
    put_folder(store, **{f"{MINE}__mha": b"pixels"})
    order = [path for path, _ in doomed(store, why=Doomed(IDS, frozenset()))]
    assert [path.endswith(".dir") for path in order] == [False, True]


def test_what_was_removed_is_not_found_again(store: Folder) -> None:
    put_folder(store, **{f"{MINE}__mha": b"pixels", f"{OTHER}__mha": b"others"})
    for path, _ in list(doomed(store, why=Doomed(IDS, frozenset()))):
        store.remove(path)
        store.remove(path)
    assert going(store) == set()
    assert [(store.root / path).read_bytes() for path in store.paths()] == [b"others"]


def test_the_digest_is_that_of_the_content(store: Folder) -> None:
    put(store, MINE.encode())
    ((_, digest),) = doomed(store, why=Doomed(IDS, frozenset()))
    assert digest == hashlib.sha256(MINE.encode()).hexdigest()


def test_what_makes_an_object_go_travels_as_json() -> None:
    why = Doomed(IDS, frozenset({"a" * 32}))
    assert Doomed.from_values(json.loads(json.dumps(why.values()))) == why
