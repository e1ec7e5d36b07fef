"""Known values: what identifies a person, given on the side, never printed."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

from cinemyo.errors import ScanError

Kind = Literal["name", "name-part", "id", "date", "uid", "text", "file-name"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

SHORTEST_PART: Final = 3
"""Letters of the shortest part of a name that is searched for."""
SHORTEST_NUMBER: Final = 5
"""Digits of the shortest number: shorter ones stand everywhere."""
SHORTEST_TEXT: Final = 3

_DATE: Final = re.compile(
    r"^(?P<y>\d{4})[-/.]?(?P<m>\d{2})[-/.]?(?P<d>\d{2})$|^(?P<d2>\d{2})[./-](?P<m2>\d{2})[./-](?P<y2>\d{4})$"
)
_UID: Final = re.compile(r"^[0-2](\.\d+){4,}$")
_NAME_COLUMN: Final = re.compile(r"name|nom\b|physician|operator|médecin|medecin|surname", re.I)
_NOTHING: Final = frozenset({"", "none", "null", "nan", "n/a", "unknown", "anonymous", "anonymized", "anonymised"})


@dataclass(frozen=True, order=True)
class Value:
    """One value that must appear nowhere; shown as its number and kind alone."""

    kind: Kind
    text: str = field(repr=False)


def value_of(text: str, *, kind: Kind | None = None) -> Value:
    """A value of the kind that is said, else of the kind that it looks like."""
    text = " ".join(text.split())
    return Value(kind or _kind_of(text), text)


def numbered(values: Iterable[Value]) -> tuple[list[Value], int]:
    """Values in an order of their own, names also by their parts, and how many are too short to search for.

    A part of a name counts from three letters, a number from five digits, any other text from three characters: what is
    shorter stands everywhere by chance. Dates must be whole.
    """
    wanted: set[Value] = set()
    short: set[Value] = set()
    for value in values:
        if value.text.casefold() in _NOTHING:
            continue
        for item in (value, *_parts(value)):
            (wanted if _is_long(item) else short).add(item)
    return sorted(wanted), len(short)


def read_values(path: Path) -> list[Value]:
    """The values of a file: CSV with a header, JSON (lists or mappings of texts), or one value per line.

    Raises:
        ScanError: the file is absent, unreadable, open to others, or not what its suffix says.
    """
    mode = _mode(path)
    if mode & 0o077:
        raise ScanError(str(path), expected="mode 0600", got=f"{mode:04o}", remedy=f"run `chmod 600 {path}`")
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = list(_READERS.get(path.suffix.lower(), _lines)(text))
    except (OSError, ValueError, csv.Error):
        # the reason could quote a value
        raise ScanError(
            str(path), expected="CSV, JSON or lines of text in UTF-8", got="something else", remedy="write it again"
        ) from None
    return found


def parts_of(name: str) -> list[str]:
    """The words of a person's name, in the order in which they stand."""
    return [part for part in re.split(r"[\^=,;_\s./\\]+", name) if part]


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o777
    except OSError as error:
        raise ScanError(
            str(path), expected="a file of known values", got=str(error.strerror), remedy="check --known"
        ) from None


def _kind_of(text: str) -> Kind:
    if date_of(text):
        return "date"
    if _UID.match(text):
        return "uid"
    if any(letter.isdigit() for letter in text):
        return "id" if " " not in text else "text"
    return "name" if "^" in text or re.match(r"^[^\W\d]+, ?[^\W\d]+", text) else "text"


def date_of(text: str) -> tuple[str, str, str] | None:
    """Year, month and day of a whole date, None for anything else."""
    found = _DATE.match(text.strip())
    if not found:
        return None
    year, month, day = (found[key] or found[f"{key}2"] for key in "ymd")
    whole = 1850 <= int(year) <= 2100 and 1 <= int(month) <= 12 and 1 <= int(day) <= 31
    return (year, month, day) if whole else None


def _parts(value: Value) -> Iterator[Value]:
    if value.kind != "name":
        return
    for part in parts_of(value.text):
        yield Value("name-part", part)
        yield from (Value("name-part", piece) for piece in part.split("-") if piece != part and len(piece) > 2)


def _is_long(value: Value) -> bool:
    if value.kind == "date":
        return date_of(value.text) is not None
    letters = [letter for letter in value.text if letter.isalnum()]
    if all(letter.isdigit() for letter in letters):
        return len(letters) >= SHORTEST_NUMBER
    return len(letters) >= (SHORTEST_PART if value.kind == "name-part" else SHORTEST_TEXT)


def _lines(text: str) -> Iterator[Value]:
    return (value_of(line) for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _csv(text: str) -> Iterator[Value]:
    for row in csv.DictReader(io.StringIO(text)):
        for column, cell in row.items():
            if isinstance(cell, str) and cell.strip():
                yield _under(column, cell)


def _json(text: str) -> Iterator[Value]:
    yield from _json_values(json.loads(text), "")


def _json_values(node: Any, label: str) -> Iterator[Value]:
    if isinstance(node, dict):
        for key, item in node.items():
            yield from _json_values(item, key)
    elif isinstance(node, list):
        for item in node:
            yield from _json_values(item, label)
    elif isinstance(node, (str, int)) and not isinstance(node, bool):
        yield _under(label, str(node))


def _under(label: str | None, text: str) -> Value:
    guessed = value_of(text)
    if guessed.kind == "text" and label and _NAME_COLUMN.search(label):
        return Value("name", guessed.text)
    return guessed


_READERS: Final = {".csv": _csv, ".json": _json}
