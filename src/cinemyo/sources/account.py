"""Where each file of a source went, kept on disk however many there are."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow
import pyarrow.parquet as pq

from cinemyo import tables
from cinemyo.errors import SourceError
from cinemyo.sheets import REFUSED
from cinemyo.sources.building import Item
from cinemyo.sources.spool import temporary_database

_ROWS: Final = 10_000
"""Of a row group in `sources.parquet`."""
_TABLES: Final = """
CREATE TABLE files (file TEXT PRIMARY KEY, digest TEXT, bytes INTEGER, cine TEXT, exclusion INTEGER);
CREATE TABLE cines (cine_id TEXT PRIMARY KEY, item TEXT);
CREATE TABLE exclusions (id INTEGER PRIMARY KEY, item TEXT UNIQUE, content TEXT);
CREATE TABLE refused (file TEXT PRIMARY KEY);
"""
_COUNT_REFUSED: Final = "SELECT COUNT(*) FROM refused WHERE file NOT IN (SELECT file FROM files)"
"""A file that others use as well, such as the sheet of a release, is not refused."""


class Account:
    """Each file once: with the first cine that uses it, else with the first exclusion that names it.

    Files of refused patients are counted and named nowhere: their keyed codes would be data of who withdrew.
    """

    def __init__(self) -> None:
        self._database = temporary_database(tables=_TABLES)

    def take(self, items: Iterable[Item]) -> None:
        """Takes cines and exclusions in, with their files.

        Raises:
            SourceError: a cine that is there already.
        """
        for item in items:
            if "cine" in item:
                self._use(item)
            elif "refused" in item:
                self._database.executemany("INSERT OR IGNORE INTO refused VALUES (?)", item["files"])
            else:
                self._leave_out(item)

    def _use(self, item: Item) -> None:
        cine = item["cine"]["cine_id"]
        try:
            self._database.execute("INSERT INTO cines VALUES (?, ?)", (cine, json.dumps(item)))
        except sqlite3.IntegrityError:
            raise SourceError(
                f"cine {cine}", expected="each cine once", got="a second one", remedy="report it: a reader's fault"
            ) from None
        self._database.executemany(
            "INSERT INTO files VALUES (?, ?, ?, ?, NULL)"
            " ON CONFLICT (file) DO UPDATE SET cine = COALESCE(cine, excluded.cine)",
            [(*file, cine) for file in item["files"]],
        )

    def _leave_out(self, item: Item) -> None:
        name = self._unused(item["exclusion"]["item"])
        content = json.dumps({**item["exclusion"], "item": name})
        row = self._database.execute("INSERT INTO exclusions (item, content) VALUES (?, ?)", (name, content)).lastrowid
        self._database.executemany(
            "INSERT INTO files VALUES (?, ?, ?, NULL, ?)"
            " ON CONFLICT (file) DO UPDATE SET exclusion = COALESCE(exclusion, excluded.exclusion)",
            [(*file, row) for file in item["files"]],
        )

    def _unused(self, item: str) -> str:
        """The item's name; with a number where another exclusion has it (a series UID that two patients bear)."""
        name, count = item, 1
        while self._database.execute("SELECT 1 FROM exclusions WHERE item = ?", (name,)).fetchone():
            count += 1
            name = f"{item}:{count}"
        return name

    @property
    def n_files(self) -> int:
        """How many files are used or excluded."""
        return int(self._database.execute("SELECT COUNT(*) FROM files").fetchone()[0]) + self.n_refused

    @property
    def n_refused(self) -> int:
        """How many files are those of refused patients alone."""
        return int(self._database.execute(_COUNT_REFUSED).fetchone()[0])

    def codes(self) -> dict[str, int]:
        """Number of exclusions by code, the commonest first."""
        query = "SELECT content ->> 'code' AS code, COUNT(*) FROM exclusions GROUP BY code ORDER BY 2 DESC, MIN(id)"
        return dict(self._database.execute(query)) | ({REFUSED: 1} if self.n_refused else {})

    def cines(self) -> Iterator[Item]:
        """The cines in the order of the source."""
        for (content,) in self._database.execute("SELECT item FROM cines ORDER BY rowid"):
            yield json.loads(content)

    def exclusions(self) -> Iterator[dict[str, Any]]:
        """Rows of `exclusions.csv` in the order of the source, at the end one for all who were refused."""
        query = """SELECT content, n FROM exclusions LEFT JOIN (
            SELECT exclusion, COUNT(*) AS n FROM files WHERE cine IS NULL GROUP BY exclusion
        ) ON exclusion = id ORDER BY id"""
        for content, count in self._database.execute(query):
            yield {**json.loads(content), "n_files": count or 0}
        if self.n_refused:
            row = {"item": REFUSED, "patient_id": None, "level": "patient", "code": REFUSED}
            yield {**row, "reason": "of patients who withdrew: counted, and named nowhere", "n_files": self.n_refused}

    def write_sources(self, path: Path) -> None:
        """Writes `sources.parquet` in row groups, so that its size in memory does not grow with the files.

        Raises:
            TableError: a row breaks the schema.
        """
        query = """SELECT file, digest, bytes, cine, CASE WHEN cine IS NULL THEN content ->> 'code' END
            FROM files LEFT JOIN exclusions ON exclusion = id ORDER BY files.rowid"""
        rows = self._database.execute(query)
        writer: pq.ParquetWriter | None = None
        try:
            while batch := rows.fetchmany(_ROWS):
                table = _checked(batch, path)
                writer = writer or pq.ParquetWriter(path, table.schema)
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()


def _checked(batch: list[tuple[Any, ...]], path: Path) -> pyarrow.Table:
    records = [dict(zip(tables.SOURCES.header, row, strict=True)) for row in batch]
    frame = tables.from_rows(records, table=tables.SOURCES)
    checked = tables.check(frame, table=tables.SOURCES, where=str(path))
    return pyarrow.Table.from_pandas(checked, preserve_index=False).replace_schema_metadata(None)
