"""One thing that goes: a file, a folder, or rows of a table."""

import csv
import hashlib
import io
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow.compute as pc
import pyarrow.parquet as pq

from cinemyo.audit.withdraw.ids import Ids, carrying
from cinemyo.provenance import files_under
from cinemyo.schema import write_bytes

Place = Literal[
    "study data", "reports", "sweeps", "work in progress", "sheets", "tracking store", "cache", "remote", "audit"
]
Drops = Callable[[Mapping[str, str]], bool]
"""Whether a row of a table goes, by its cells."""
PLACES: Final[tuple[Place, ...]] = (
    *("study data", "reports", "sweeps", "work in progress", "sheets", "tracking store", "cache", "remote", "audit"),
)


@dataclass(frozen=True)
class Removal:
    """What goes from where; shown without any pseudonym in it."""

    place: Place
    name: str
    """The path or object, pseudonyms masked."""
    files: int
    rows: int
    sha256: str
    """Of the file before; of a folder over its files; empty where rows went."""

    def values(self) -> dict[str, Any]:
        """The removal as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Step:
    """A removal and how it is done; doing it twice does no harm."""

    removal: Removal
    do: Callable[[], None]


def file_step(path: Path, *, place: Place, base: Path, ids: Ids) -> Step:
    """A file to be deleted."""
    name = ids.masked(path.relative_to(base).as_posix())
    return Step(Removal(place, name, 1, 0, _sha256(path)), lambda: path.unlink(missing_ok=True))


def folder_step(path: Path, *, place: Place, base: Path, ids: Ids) -> Step:
    """A folder to be deleted with all that is in it."""
    files = files_under(path)
    digest = hashlib.sha256("".join(f"{_sha256(item)}\n" for item in files).encode()).hexdigest()
    name = ids.masked(path.relative_to(base).as_posix())
    return Step(Removal(place, name, len(files), 0, digest), lambda: shutil.rmtree(path, ignore_errors=True))


def rows_step(path: Path, *, place: Place, base: Path, ids: Ids, drops: Drops | None = None) -> Step | None:
    """Rows of a table to be dropped: those that carry a code, or that `drops` says; None where there are none.

    Other rows keep their bytes in a CSV, and their values and order in a Parquet table.
    """
    if path.suffix == ".parquet":
        count, content = _without_parquet(path, ids=ids)
    elif drops is None and not ids.in_file(path):
        return None
    else:
        count, content = _without_lines(path, ids=ids, drops=drops)
    if not count:
        return None
    removal = Removal(place, ids.masked(path.relative_to(base).as_posix()), 0, count, "")
    return Step(removal, lambda: write_bytes(path, content))


def _without_lines(path: Path, *, ids: Ids, drops: Drops | None) -> tuple[int, bytes]:
    text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    kept, dropped = [], 0
    header: list[str] = []
    for record, cells in _records(text):
        if not header:
            header = cells
            kept.append(record)
        elif ids.in_text(record) or (drops is not None and drops(dict(zip(header, cells, strict=False)))):
            dropped += 1
        else:
            kept.append(record)
    return dropped, "".join(kept).encode("utf-8", "surrogateescape")


def _records(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each record of a CSV as it stands, line ends within quotes included, with its cells."""
    lines = io.StringIO(text, newline="").readlines()
    pending = ""
    for line in lines:
        pending += line
        if pending.count('"') % 2 == 0:
            yield pending, next(csv.reader([pending.rstrip("\r\n")]), [])
            pending = ""
    if pending:
        yield pending, []


def _without_parquet(path: Path, *, ids: Ids) -> tuple[int, bytes]:
    table = pq.read_table(path)
    kept, sink = table.filter(pc.invert(carrying(table, ids=ids))), io.BytesIO()
    pq.write_table(kept, sink)
    return len(table) - len(kept), sink.getvalue()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def counted(removals: Iterable[Removal]) -> dict[str, dict[str, int]]:
    """Files and rows by place, in the order in which they go."""
    found: dict[str, dict[str, int]] = {place: {"files": 0, "rows": 0} for place in PLACES}
    for one in removals:
        found[one.place]["files"] += one.files
        found[one.place]["rows"] += one.rows
    return {place: counts for place, counts in found.items() if any(counts.values())}
