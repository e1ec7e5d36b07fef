"""What tells a patient in bytes and names: pseudonyms of patient, exams, series, cines; keyed hashes of files."""

import gzip
import io
import mmap
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cinemyo.audit.details import Details
from cinemyo.audit.withdraw.tokens import Codes
from cinemyo.audit.words import Content
from cinemyo.layout import Layout
from cinemyo.schema import read_text

PERSONAL: Final = ("patient_id", "exam_id", "accession_id", "series_id", "cine_id", "digest")
_PSEUDONYM: Final = re.compile(r"^[a-z]-[a-z2-7]{16}$")
_OTHER: Final = re.compile(r"^(?:[0-9a-f]{32}|[0-9a-f]{64})$")
_DEEPEST: Final = 3


@dataclass(frozen=True)
class Ids:
    """The codes of some patients; what carries one of them is about one of them."""

    codes: frozenset[bytes]

    @classmethod
    def of(cls, words: Iterable[str]) -> "Ids":
        """The codes among some words."""
        return cls(frozenset(word.encode("ascii") for word in words if is_code(word)))

    def words(self) -> list[str]:
        """The codes as text, in order."""
        return sorted(code.decode("ascii") for code in self.codes)

    def in_text(self, text: str) -> bool:
        """Whether a name, path or cell carries a code."""
        return self._found(text.encode("utf-8", "surrogateescape"))

    def in_bytes(self, content: bytes, *, depth: int = 0) -> bool:
        """Whether a content carries a code: as it is, or within a Parquet table, a zip archive or a gzip stream."""
        if content[:4] == b"PAR1":
            return self._in_parquet(content)
        if self._found(content):
            return True
        if depth == _DEEPEST:
            return False
        return any(self.in_bytes(inner, depth=depth + 1) for inner in _unpacked(content))

    def in_file(self, path: Path) -> bool:
        """Whether a file's content carries a code."""
        with path.open("rb") as file:
            head = file.read(4)
            if head[:2] in (b"\x1f\x8b", b"PK") or head == b"PAR1":
                file.seek(0)
                return self.in_bytes(file.read())
            if not head:
                return False
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return self._found(content)

    def _in_parquet(self, content: bytes) -> bool:
        table = pq.read_table(io.BytesIO(content))
        return bool(pc.any(carrying(table, ids=self)).as_py())

    def masked(self, path: str) -> str:
        """A path in which codes of any patient stand as `*`, so that it names nobody."""
        return re.sub(r"[a-z]-[a-z2-7]{16}", "*", path)

    def _found(self, content: Content) -> bool:
        return self._sought.are_in(content)

    @cached_property
    def _sought(self) -> Codes:
        return Codes(self.codes)


def is_code(word: object) -> bool:
    """Whether a word is a pseudonym or a keyed hash."""
    return isinstance(word, str) and bool(_PSEUDONYM.match(word) or _OTHER.match(word))


def ids_of(patients: frozenset[str], *, layout: Layout, details: Details) -> Ids:
    """The codes of patients in the tables of both cohorts as they are now, and in the details of the ledger.

    A code that another patient bears too, such as a series that two share, tells nobody.
    """
    own: set[str] = set(patients)
    for cohort in (layout, layout.external):
        own |= _in_tables(patients, cohort=cohort)
    for patient in sorted(patients):
        own |= set(_words(details.of(patient)))
    return Ids.of(own - _of_others(patients, layout=layout))


def in_versions(patients: frozenset[str], *, contents: Iterable[bytes]) -> set[str]:
    """Codes of patients in earlier versions of `cines.csv`."""
    found: set[str] = set()
    for content in contents:
        frame = pd.read_csv(io.BytesIO(content), dtype="str", keep_default_na=False)
        if "patient_id" in frame:
            found |= _cells(frame[frame["patient_id"].isin(patients)], PERSONAL)
    return found


def _in_tables(patients: frozenset[str], *, cohort: Layout) -> set[str]:
    cines, excluded = _frame(cohort.cines), _frame(cohort.exclusions)
    own = cines[cines["patient_id"].isin(patients)] if "patient_id" in cines else cines
    found = _cells(own, PERSONAL)
    if "patient_id" in excluded:
        items = excluded.loc[excluded["patient_id"].isin(patients), "item"]
        found |= {str(item).partition(":")[0] for item in items}
    sources = _frame(cohort.sources)
    if "cine_id" in sources:
        found |= _cells(sources[sources["cine_id"].isin(set(own.get("cine_id", ())))], ("file", "digest"))
    folds = _frame(cohort.folds)
    return found | (_cells(folds[folds["patient_id"].isin(patients)], ("cine_id",)) if "patient_id" in folds else set())


def _of_others(patients: frozenset[str], *, layout: Layout) -> set[str]:
    frames = [_frame(cohort.cines) for cohort in (layout, layout.external)]
    known = [frame[~frame["patient_id"].isin(patients)] for frame in frames if "patient_id" in frame]
    return {code for frame in known for code in _cells(frame, PERSONAL)}


def _cells(frame: pd.DataFrame, names: Iterable[str]) -> set[str]:
    return {str(cell) for name in names if name in frame for cell in frame[name].dropna().unique()}


def _frame(path: Path) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame()
    return pd.read_parquet(path) if path.suffix == ".parquet" else read_text(path)


def _words(value: Any) -> Iterator[str]:
    """Every key and text within JSON values."""
    if isinstance(value, Mapping):
        yield from (str(key) for key in value)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _words(item)
    elif isinstance(value, str):
        yield value.partition(":")[0]


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What lies packed in a content; nothing of what is damaged, which nobody can read either."""
    try:
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield name.encode("utf-8", "surrogateescape")
                    yield archive.read(name)
        elif content[:2] == b"\x1f\x8b":
            yield gzip.decompress(content)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, zlib.error):
        return


def carrying(table: pa.Table, *, ids: Ids) -> Any:
    """By row of an Arrow table, whether a cell is a code."""
    found = pa.array(np.zeros(len(table), dtype=bool))
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            options = pc.SetLookupOptions(value_set=pa.array(ids.words(), type=kind))
            found = pc.or_(found, pc.is_in(table.column(name), options=options))
    return found
