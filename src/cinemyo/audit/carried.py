"""The files that hold a name of a patient: byte by byte, and inside what is packed."""

import mmap
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ahocorasick_rs import BytesAhoCorasick, MatchKind

from cinemyo.audit.words import SHORTEST, Words
from cinemyo.scan import archives, stores
from cinemyo.scan.pieces import Budget, Fault, Opener, is_text, pieces_of

OPENERS: Final[tuple[Opener, ...]] = (*archives.OPENERS, *stores.OPENERS)
MAX_BYTES: Final = 4 << 30
"""What may be unpacked from one file."""
BATCH: Final = 64
THREADS: Final = 4
"""The search itself runs beside Python, and reading waits for the disk."""
GROUP: Final = 64
"""So many pseudonyms at once, leftmost first, are looked for with the vector instructions of the processor."""
_HEAD: Final = 4096
_PLAIN: Final = re.compile(rb"[a-z0-9-]{%d,}" % SHORTEST)
"""What can be looked for word by word."""


@dataclass(frozen=True)
class Hit:
    """A file that holds a name: in how many rows, where it is a table."""

    rows: int | None
    place: str
    """`content`, `packed` or `name`."""


class Search:
    """The names of one patient, ready to be looked for.

    Pseudonyms are looked for in every byte of every file and, where it is packed or a store of columns, inside. Codes
    (hexadecimal) are looked for in text, tables and stores: no image carries any.
    """

    def __init__(self, *, names: Iterable[str], codes: Iterable[str]) -> None:
        own = sorted(name.encode() for name in names)
        groups = [own[start : start + GROUP] for start in range(0, len(own), GROUP)]
        self._by_name = [BytesAhoCorasick(group, matchkind=MatchKind.LeftmostFirst) for group in groups]
        every = sorted({*own, *(code.encode() for code in codes)})
        self._by_all = BytesAhoCorasick(every)
        self._words = Words(every) if all(map(_PLAIN.fullmatch, every)) else None

    def hits(self, files: Sequence[tuple[str, Path]]) -> list[Hit | None]:
        """Where each file, given with all its names, holds one; a few are read at a time."""
        batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
        with ThreadPoolExecutor(THREADS) as pool:
            found = pool.map(lambda batch: [self.hit(path, names=names) for names, path in batch], batches)
            return [hit for batch in found for hit in batch]

    def hit(self, path: Path, *, names: str) -> Hit | None:
        """Where a file holds a name, or None; a file that vanished meanwhile holds none."""
        try:
            with path.open("rb", buffering=0) as file:
                content = file.read()
        except FileNotFoundError:
            return None
        named = self.named(names)
        head = content[:_HEAD]
        if head.startswith(b"PAR1"):
            rows = self._parquet(content)
            return Hit(rows, "content") if rows else Hit(None, "name") if named else None
        if not self._may_be_in(content):
            pass
        elif is_text(head):
            found = self._by_all.find_matches_as_indexes(content)
            if found:
                return Hit(_lines(content, [start for _, start, _ in found]), "content")
        elif self._names_in(content):
            return Hit(None, "content")
        if any(opener.knows(head) for opener in OPENERS) and self._inside(content):
            return Hit(None, "packed")
        return Hit(None, "name") if named else None

    def named(self, name: str) -> bool:
        """Whether a file's name, or a part of a path, holds one."""
        return self._names_in(name.encode("utf-8", "surrogateescape"))

    def _may_be_in(self, content: bytes) -> bool:
        """Whether a content may hold a name or code as it is: never false where it does."""
        return self._words is None or next(self._words.places(content), None) is not None

    def _names_in(self, content: bytes) -> bool:
        return any(group.find_matches_as_indexes(content) for group in self._by_name)

    def _inside(self, content: bytes) -> bool:
        pieces = pieces_of(content, openers=OPENERS, budget=Budget(MAX_BYTES), fault=Fault())
        return any(
            self._by_all.find_matches_as_indexes(bytes(piece.content)) or self.named(piece.place)
            for piece in pieces
            if piece.place
        )

    def _parquet(self, content: bytes) -> int:
        """Rows of a column store of which a cell of text holds a name, read from the columns' own buffers."""
        found: set[int] = set()
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            start = 0
            for batch in file.iter_batches(batch_size=1 << 17):
                for column in batch.columns:
                    found |= {start + row for row in self._cells(column)}
                start += len(batch)
        return len(found)

    def _cells(self, column: Any) -> Iterator[int]:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)) or not len(column):
            return
        _, offsets, data = column.buffers()
        if data is None:
            return
        width = np.int64 if pa.types.is_large_string(column.type) else np.int32
        ends = np.frombuffer(offsets, dtype=width)[column.offset : column.offset + len(column) + 1]
        for _, first, last in self._by_all.find_matches_as_indexes(memoryview(data).cast("B")):
            row = int(np.searchsorted(ends, first, side="right")) - 1
            if 0 <= row < len(column) and last <= ends[row + 1]:
                yield row


def _lines(content: bytes | mmap.mmap, starts: list[int]) -> int:
    """How many lines the places are in."""
    ends = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == ord("\n"))
    return len(np.unique(np.searchsorted(ends, np.asarray(starts))))
