from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cinemyo import tables
from cinemyo.errors import SourceError
from cinemyo.sources import account as module
from cinemyo.sources.account import Account


def file(letter: str) -> list[Any]:
    return [letter * 32, letter * 64, 7]


def cine(letter: str, *files: str) -> dict[str, Any]:
    return {"cine": {"cine_id": f"c-{letter * 16}"}, "files": [file(name) for name in files], "mask": False}


def exclusion(item: str, *files: str, code: str = "scout") -> dict[str, Any]:
    row = {"item": item, "patient_id": None, "level": "file", "code": code, "reason": "why"}
    return {"exclusion": row, "files": [file(name) for name in files]}


def written(account: Account, path: Path) -> list[tuple[str, Any, Any]]:
    account.write_sources(path)
    frame = tables.read(path, table=tables.SOURCES)
    rows = zip(frame["file"].str[0], frame["cine_id"].str[2], frame["code"], strict=True)
    return [tuple(None if value != value else value for value in row) for row in rows]  # type: ignore[misc]


def test_a_file_is_with_the_first_cine_that_uses_it(tmp_path: Path) -> None:
    account = Account()
    account.take([cine("a", "b", "c"), cine("d", "c")])
    assert written(account, tmp_path / "s.parquet") == [("b", "a", None), ("c", "a", None)]


def test_a_cine_comes_before_an_exclusion_whichever_was_told_first(tmp_path: Path) -> None:
    account = Account()
    account.take([exclusion("x", "b", "c"), cine("a", "b")])
    assert written(account, tmp_path / "s.parquet") == [("b", "a", None), ("c", None, "scout")]
    assert [row["n_files"] for row in account.exclusions()] == [1]


def test_of_two_exclusions_the_first_has_the_file(tmp_path: Path) -> None:
    account = Account()
    account.take([exclusion("x", "b"), exclusion("y", "b", "c", code="map")])
    assert written(account, tmp_path / "s.parquet") == [("b", None, "scout"), ("c", None, "map")]
    assert [row["n_files"] for row in account.exclusions()] == [1, 1]


def test_items_of_one_name_are_numbered() -> None:
    account = Account()
    account.take([exclusion("s:scout", "a"), exclusion("s:scout", "b"), exclusion("s:scout", "c")])
    assert [row["item"] for row in account.exclusions()] == ["s:scout", "s:scout:2", "s:scout:3"]


def test_files_and_codes_are_counted() -> None:
    account = Account()
    account.take([cine("a", "b"), exclusion("x", "c", code="map"), exclusion("y", "d"), exclusion("z", "e")])
    assert (account.n_files, account.codes()) == (4, {"scout": 2, "map": 1})


def test_a_cine_that_comes_twice_is_refused() -> None:
    account = Account()
    account.take([cine("a")])
    with pytest.raises(SourceError, match="each cine once"):
        account.take([cine("a")])


def test_row_groups_make_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROWS", 2)
    account = Account()
    account.take([cine("a", *"bcdef"), exclusion("x", *"0123")])
    assert [row[0] for row in written(account, tmp_path / "s.parquet")] == [*"bcdef0123"]
    assert pq.ParquetFile(tmp_path / "s.parquet").num_row_groups == 5


def test_the_same_account_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        account = Account()
        account.take([cine("a", "b"), exclusion("x", "c")])
        account.write_sources(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
