"""The facts of all DICOM files, read in processes and kept on disk by patient until their turn comes."""

import contextlib
import os
import pickle
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import KeyedDigest, file_code
from cinemyo.errors import SourceError
from cinemyo.sources.archives import FileRef
from cinemyo.sources.base import Exclusion, SourceFile, left_out
from cinemyo.sources.building import FAILURES
from cinemyo.sources.dicom_codes import REASONS
from cinemyo.sources.dicom_headers import Header, Refusal, read_headers
from cinemyo.sources.dicom_selection import refusal
from cinemyo.sources.files import source_file
from cinemyo.sources.pool import Failure, Limits, in_order
from cinemyo.sources.spool import temporary_database

_CHUNK: Final = 32
"""Files that a process reads before it answers."""
_FEW: Final = 64
"""Rows of a spool, each of the headers of up to as many files of one patient."""
_TABLES: Final = """
CREATE TABLE files (patient BLOB, headers BLOB);
CREATE INDEX patients ON files (patient);
"""

Judged = tuple[Header, str | None]
"""A frame's header, and the code why it can be no frame of a cine."""
_Facts = tuple[bytes, bytes]
"""A patient's identifier, and judged headers of some of the patient's files, pickled."""
_Chunk = tuple[FileRef, ...]
Packed = tuple[bytes, ...]
"""All headers of one patient, as they were taken in."""
_Read = tuple[list[Refusal], list[_Facts]]


class HeaderSpool:
    """Judged headers by patient, packed; in memory are those of one patient."""

    def __init__(self) -> None:
        self._database = temporary_database(tables=_TABLES)

    def add(self, facts: _Facts) -> None:
        """Takes in headers of one patient."""
        self._database.execute("INSERT INTO files VALUES (?, ?)", facts)

    def is_small(self) -> bool:
        """Whether grouping takes less time than to start processes for it."""
        return int(self._database.execute("SELECT COUNT(*) FROM files").fetchone()[0]) <= _FEW

    def patients(self) -> Iterator[Packed]:
        """All headers of each patient, by the patients' identifiers."""
        for (patient,) in self._database.execute("SELECT DISTINCT patient FROM files ORDER BY patient"):
            rows = self._database.execute("SELECT headers FROM files WHERE patient = ? ORDER BY rowid", (patient,))
            yield tuple(headers for (headers,) in rows)

    def close(self) -> None:
        """Lets go of the file."""
        self._database.close()


def unpacked(packed: Packed) -> Iterator[Judged]:
    """The judged headers of one patient, in the order of the files."""
    for headers in packed:
        # written by this very program, into a file that nobody else can open
        yield from pickle.loads(headers)  # noqa: S301


@dataclass(frozen=True)
class HeaderReader:
    """Reads and judges the headers of some files; the key is inherited by the process and never sent."""

    root: Path
    key: Key = field(repr=False)

    def __call__(self, refs: _Chunk) -> _Read:
        """Why some of the files have no facts, and the facts of the others by patient."""
        refused: list[Refusal] = []
        patients: dict[str, list[Judged]] = defaultdict(list)
        for ref in refs:
            headers = read_headers(ref, name=ref.name(self.root), key=self.key)
            if isinstance(headers, Refusal):
                refused.append(headers)
            else:
                patients[headers[0].identity.patient] += [(header, refusal(header)) for header in headers]
        # together, so that what the files of a series have alike is written once
        facts = [
            (patient.encode("utf-8", "surrogatepass"), pickle.dumps(judged, protocol=5))
            for patient, judged in patients.items()
        ]
        return refused, facts

    def kept(self, ref: FileRef) -> SourceFile:
        """What is kept of a file that its reader cannot read."""
        if ref.member is None:
            with contextlib.suppress(SourceError):
                return source_file(ref.path, root=self.root, key=self.key)
        code = file_code(os.fsencode(ref.name(self.root)), key=self.key)
        return SourceFile(code, KeyedDigest(key=self.key).hexdigest(), 0)


def read_all(
    refs: Iterable[FileRef],
    *,
    reader: HeaderReader,
    into: HeaderSpool,
    workers: int | None = None,
    limits: Limits | None = None,
    watch: Callable[[int], object] = lambda files: None,
) -> Iterator[Exclusion]:
    """An exclusion of each file without a header; those with one go into the spool. Both in the order of the files.

    A file that ends the process or hangs is found by reading those it came with one by one. `watch` is told the number
    of files after each chunk.
    """
    for chunk, facts in in_order(reader, _chunks(refs), workers=workers, limits=limits):
        watch(len(chunk))
        if not isinstance(facts, Failure):
            yield from _kept(facts, into)
            continue
        alone = in_order(reader, ((ref,) for ref in chunk), workers=workers, limits=limits)
        for (ref,), own in alone:
            if isinstance(own, Failure):
                code, reason = FAILURES[own.kind]
                yield left_out(reader.kept(ref), code=code, reason=f"{reason} ({own.cause})")
            else:
                yield from _kept(own, into)


def _kept(read: _Read, into: HeaderSpool) -> Iterator[Exclusion]:
    refused, facts = read
    for item in facts:
        into.add(item)
    for refusal_ in refused:
        yield left_out(refusal_.file, code=refusal_.code, reason=REASONS[refusal_.code])


def _chunks(refs: Iterable[FileRef]) -> Iterator[_Chunk]:
    found = iter(refs)
    while chunk := tuple(islice(found, _CHUNK)):
        yield chunk
