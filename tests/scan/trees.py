"""Searches of small trees."""

from collections.abc import Iterable
from pathlib import Path

from cinemyo.scan.allow import Rule
from cinemyo.scan.finds import Report
from cinemyo.scan.search import MAX_BYTES, Search
from cinemyo.scan.values import Value, value_of

JANE = value_of("QUIMBY^JANE")
SHORT = Value("name", "LEE^ANNA")
ACCENTS = Value("name", "MÜLLER^ZOË")
NUMBER = Value("id", "48213377")
BORN = Value("date", "19480321")
UID = Value("uid", "1.3.12.2.1107.5.2.30.25123.30000")
KNOWN = (JANE, NUMBER, BORN)


def searched(path: Path, *values: Value, rules: Iterable[Rule] = (), max_bytes: int = MAX_BYTES) -> Report:
    """The report on everything under a path."""
    search = Search.of(values, rules=list(rules), max_bytes=max_bytes)
    search.tree(path)
    return search.report


def of_bytes(folder: Path, content: bytes, *values: Value, name: str = "file") -> set[str]:
    """The kinds of find in one file."""
    (folder / name).write_bytes(content)
    return kinds(searched(folder / name, *values))


def kinds(report: Report) -> set[str]:
    """The kinds of find."""
    return {place.kind for place in report.finds}
