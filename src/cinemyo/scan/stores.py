"""Cells of databases and column stores: SQLite, Parquet, Arrow."""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from cinemyo.scan.archives import file_of
from cinemyo.scan.needles import Buffer
from cinemyo.scan.patterns import COLUMN
from cinemyo.scan.pieces import Budget, Inner, Opener, TooMuchError

_ROWS: Final = 20_000


def _sqlite(content: Buffer, budget: Budget) -> Iterator[Inner]:
    """Column by column of every table, and the schema; free pages are among the bytes of the file itself."""
    if len(content) > budget.left:
        raise TooMuchError
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(_without_log(bytes(content)))
        database.text_factory = bytes
        schema = list(database.execute("SELECT name, type, sql FROM sqlite_master"))
        yield Inner("schema", b"\n".join(sql for _, _, sql in schema if sql), "text")
        for number, name in enumerate((name for name, kind, _ in schema if kind == b"table"), 1):
            quoted = name.decode("utf-8", "surrogateescape").replace('"', '""')
            try:
                yield from _table(database.execute(f'SELECT * FROM "{quoted}"'), place=f"table {number}")
            except sqlite3.OperationalError:
                # a virtual table whose module is not here: its contents lie in tables of their own
                continue
    finally:
        database.close()


def _without_log(content: bytes) -> bytes:
    """The database read by itself: a write-ahead log beside it is a file of its own."""
    return content[:18] + b"\1\1" + content[20:]


def _table(cursor: sqlite3.Cursor, *, place: str) -> Iterator[Inner]:
    names = [str(column[0]) for column in cursor.description]
    while rows := cursor.fetchmany(_ROWS):
        for name, cells in zip(names, zip(*rows, strict=True), strict=True):
            column = f"{place} column {names.index(name) + 1}"
            texts = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells if cell is not None]
            yield from _cells(column, name, texts)


def _cells(place: str, name: str, texts: list[bytes]) -> Iterator[Inner]:
    if COLUMN.match(name) and any(texts):
        yield Inner(place, b"", "identity")
    plain = [text for text in texts if b"\0" not in text]
    yield Inner(place, b"\n".join(plain), "text")
    yield from (Inner(place, text) for text in texts if b"\0" in text)


def _parquet(content: Buffer, budget: Budget) -> Iterator[Inner]:
    file = pq.ParquetFile(pa.BufferReader(pa.py_buffer(content)))
    metadata = file.metadata.metadata or {}
    yield Inner("metadata", b"\n".join(part for pair in metadata.items() for part in pair), "text")
    for batch in file.iter_batches(batch_size=_ROWS):
        yield from _batch(batch, budget)


def _arrow(content: Buffer, budget: Budget) -> Iterator[Inner]:
    with pa.ipc.open_file(file_of(content)) as file:
        for number in range(file.num_record_batches):
            yield from _batch(file.get_batch(number), budget)


def _batch(batch: Any, budget: Budget) -> Iterator[Inner]:
    for number, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True), 1):
        place = f"column {number}"
        yield Inner(f"{place} name", name.encode("utf-8", "surrogateescape"), "text")
        if pa.types.is_floating(column.type):
            continue
        cells = [cell for cell in column.to_pylist() if cell is not None]
        texts = [cell if isinstance(cell, bytes) else str(cell).encode("utf-8", "surrogateescape") for cell in cells]
        budget.gather(texts, packed=max(len(batch), sum(map(len, texts))))
        yield from _cells(place, name, list(dict.fromkeys(texts)))


OPENERS: Final = (
    Opener("SQLite", lambda head: head.startswith(b"SQLite format 3\0"), _sqlite),
    Opener("Parquet", lambda head: head.startswith(b"PAR1"), _parquet),
    Opener("Arrow", lambda head: head.startswith(b"ARROW1"), _arrow),
)
