"""The positive control: each canary, planted alone, is found in each encoding and in each kind of file."""

import base64
import gzip
import html
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest

from cinemyo.scan.needles import Needles
from cinemyo.scan.search import Search
from cinemyo.scan.values import Value, numbered, value_of
from tests import canaries

VALUES = [*canaries.TEXTS.values(), *canaries.DATES, canaries.name_of(0), canaries.name_of(5), canaries.id_of(3),
          canaries.accession_of(4), canaries.uid_of("2.25.123456789012345678901234")]  # fmt: skip
WANTED, _ = numbered(value_of(text) for text in VALUES)
NEEDLES = Needles(WANTED)

ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "upper case": lambda text: text.upper().encode(),
    "lower case": lambda text: text.lower().encode(),
    "Latin-1": lambda text: text.encode("latin-1"),
    "UTF-16 LE": lambda text: f"the value is {text};".encode("utf-16-le"),
    "UTF-16 BE": lambda text: f"the value is {text};".encode("utf-16-be"),
    "URL": lambda text: quote(text, safe="").encode(),
    "JSON": lambda text: json.dumps(text)[1:-1].encode(),
    "HTML": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace"),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "base64": lambda text: base64.b64encode(b"<i>" + text.encode() + b"</i>"),
    "base64, shifted by one": lambda text: base64.b64encode(b"<b>(" + text.encode() + b"</b>"),
    "base64, shifted by two": lambda text: base64.b64encode(b"<b>((" + text.encode() + b"</b>"),
}


def parquet(path: Path, text: str) -> None:
    pd.DataFrame({"x": ["a", text]}).to_parquet(path)


def database(path: Path, text: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (?)", (text,))
    connection.commit()
    connection.close()


HOLDERS: dict[str, Callable[[Path, str], object]] = {
    "text": lambda path, text: path.write_text(f"a,{text},b\n", encoding="utf-8"),
    "binary": lambda path, text: path.write_bytes(b"\0\1\2 the value is " + text.encode() + b"\0\xff" * 9),
    "gzip": lambda path, text: path.write_bytes(gzip.compress(f"a {text} b".encode())),
    "Parquet": parquet,
    "SQLite": database,
    "link": lambda path, text: path.symlink_to(f"/export/{text}"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_found_in_each_encoding(encoding: str, tmp_path: Path) -> None:
    for number, value in enumerate(WANTED, 1):
        (tmp_path / f"{number:03d}").write_bytes(ENCODINGS[encoding](value.text) + b"\n")
    missed = [value.text for value in unfound(tmp_path)]
    # a few characters of base64 or hexadecimal stand for anything: short values are not looked for in short runs
    is_packed = encoding.startswith(("base64", "hexadecimal"))
    assert [text for text in missed if not is_packed or len(text.encode()) >= 8] == []


def unfound(folder: Path) -> list[Value]:
    """The values that are not found in the file of their number."""
    search = Search(NEEDLES)
    search.tree(folder)
    found = {(place.path.rpartition("/")[2], place.known) for place in search.report.finds}
    return [value for number, value in enumerate(WANTED, 1) if (f"{number:03d}", number) not in found]


@pytest.mark.parametrize("holder", HOLDERS)
def test_found_in_each_holder(holder: str, tmp_path: Path) -> None:
    for number, value in enumerate(WANTED, 1):
        HOLDERS[holder](tmp_path / f"{number:03d}", value.text)
    assert [value.text for value in unfound(tmp_path)] == []


def test_found_as_a_name_of_a_file(tmp_path: Path) -> None:
    for value in WANTED:
        (tmp_path / value.text.replace("/", " ")).mkdir(exist_ok=True)
    search = Search(NEEDLES)
    search.tree(tmp_path)
    missed = set(range(1, len(WANTED) + 1)) - {place.known for place in search.report.finds}
    assert [WANTED[number - 1].text for number in missed if "/" not in WANTED[number - 1].text] == []


def test_none_is_in_the_code() -> None:
    search = Search(NEEDLES)
    search.tree(Path(__file__).resolve().parents[2] / "src")
    assert [place for place in search.report.finds if place.known] == []
