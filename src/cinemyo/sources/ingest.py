"""From a source to the first tables and images of a study; identity ends here."""

import errno
import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from cinemyo import tables
from cinemyo.deid.keys import Key
from cinemyo.errors import SetupError, SourceError
from cinemyo.layout import Layout
from cinemyo.sources.base import Cine, CineSource, Exclusion, SourceFile, read
from cinemyo.sources.images import write_cine, write_mask

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass
class _Account:
    """Where each file went: to the first cine that uses it, else to the first exclusion that names it."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    carried: list[dict[str, object]] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    facts: dict[str, SourceFile] = field(default_factory=dict)
    cine_of: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def use(self, cine: Cine) -> None:
        """Takes a cine in, with its files."""
        if cine.cine_id in self.seen:
            raise SourceError(
                f"cine {cine.cine_id}",
                expected="each cine once",
                got="a second one",
                remedy="report it: a reader's fault",
            )
        self.seen.add(cine.cine_id)
        self.rows.append(_row(cine))
        self.carried += [cine.carried] if cine.carried else []
        for file in cine.files:
            self.facts.setdefault(file.file, file)
            self.cine_of.setdefault(file.file, cine.cine_id)

    def leave_out(self, exclusion: Exclusion) -> None:
        """Takes an exclusion in, with its files."""
        self.exclusions.append(exclusion)
        for file in exclusion.files:
            self.facts.setdefault(file.file, file)

    def settle(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Rows of the sources and of the exclusions; each file is in one place."""
        code_of: dict[str, str] = {}
        excluded = []
        for item in self.exclusions:
            own = {file.file for file in item.files} - self.cine_of.keys() - code_of.keys()
            code_of |= dict.fromkeys(own, item.code)
            excluded.append(_exclusion_row(item, n_files=len(own)))
        files = [
            {
                "file": fact.file,
                "digest": fact.digest,
                "bytes": fact.bytes,
                "cine_id": self.cine_of.get(fact.file),
                "code": code_of.get(fact.file),
            }
            for fact in self.facts.values()
        ]
        return files, excluded


def ingest(source: CineSource, *, layout: Layout, key: Key, found: int | None = None) -> None:
    """Writes the images, `cines.csv`, `sources.parquet`, `exclusions.csv` and `carried_labels.csv`, all or nothing.

    Rows keep the order of the source, which no pseudonym decides. A file that serves several cines (a NIfTI stack)
    stands in `sources.parquet` once, with the first of them; the others are the cines of the same `series_id`.
    `found` is the number of files under the root, counted apart from the reader: each must be used or excluded.

    Raises:
        SourceError: no cine at all, a cine that comes twice, or files that the reader lost.
        SetupError: the disk is full; what was there before is as it was.
    """
    with _draft(layout) as draft:
        account = _Account()
        draft.ingested.mkdir(parents=True)
        draft.masks.mkdir()
        for item in read(source, key=key):
            if isinstance(item, Exclusion):
                account.leave_out(item)
                continue
            account.use(item)
            _write_images(item, draft=draft)
        _check(account, found=found)
        files, excluded = account.settle()
        tables.write(tables.from_rows(account.rows, table=tables.CINES), table=tables.CINES, path=draft.cines)
        tables.write(tables.from_rows(files, table=tables.SOURCES), table=tables.SOURCES, path=draft.sources)
        left = tables.from_rows(excluded, table=tables.EXCLUSIONS)
        tables.write(left, table=tables.EXCLUSIONS, path=draft.exclusions)
        sheet = tables.from_rows(account.carried, table=tables.SHEET)
        tables.write(sheet, table=tables.SHEET, path=draft.carried_labels)


def outputs(layout: Layout) -> list[Path]:
    """What ingest writes: two folders of images, four tables."""
    return [
        layout.ingested,
        layout.masks,
        layout.cines,
        layout.sources,
        layout.exclusions,
        layout.carried_labels,
    ]


@contextmanager
def _draft(layout: Layout) -> Iterator[Layout]:
    """A layout beside the study's folder; what is complete in it replaces the study's own at the end."""
    folder = layout.data.with_name(f".{layout.data.name}.partial")
    draft = Layout(layout.study, folder)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        yield draft
        layout.data.mkdir(parents=True, exist_ok=True)
        for made, target in zip(outputs(draft), outputs(layout), strict=True):
            if target.is_dir():
                shutil.rmtree(target)
            made.replace(target)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise SetupError(
            str(layout.data), expected="room for the cines", got="a full disk", remedy="free space and run it again"
        ) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_images(cine: Cine, *, draft: Layout) -> None:
    spacing = cine.row_spacing_mm, cine.column_spacing_mm
    write_cine(draft.ingested / f"{cine.cine_id}.mha", cine.frames, *spacing)
    if cine.mask is not None:
        write_mask(draft.masks / f"{cine.cine_id}.mha", cine.mask, *spacing)


def _check(account: _Account, *, found: int | None) -> None:
    accounted = len(account.facts)
    if not account.rows:
        codes = Counter(item.code for item in account.exclusions)
        why = ", ".join(f"{code} {count}" for code, count in codes.most_common()) or "nothing to exclude"
        raise SourceError(
            "source.root",
            expected="at least one cine",
            got=f"none in {accounted if found is None else found} files ({why})",
            remedy="point it at a folder of this kind of source, `make source ROOT=...`",
        )
    if found is not None and found != accounted:
        raise SourceError(
            "source.root",
            expected=f"{found} files used or excluded",
            got=f"{accounted}",
            remedy="run it again if files came or went meanwhile, else report it: a reader's fault",
        )


def _row(cine: Cine) -> dict[str, Any]:
    triggers = cine.trigger_ms
    own = {name: getattr(cine, name) for name in tables.CINES.header if hasattr(cine, name)}
    for name in ("row_cosine", "column_cosine", "position"):
        own |= {f"{name}_{axis}": value for axis, value in zip("xyz", getattr(cine, name), strict=True)}
    n_frames, rows, columns = cine.frames.shape
    return own | {
        "n_frames": n_frames,
        "rows": rows,
        "columns": columns,
        "trigger_start_ms": triggers[0] if triggers else None,
        "trigger_end_ms": triggers[-1] if triggers else None,
        "digest": _digest(cine),
    }


def _exclusion_row(item: Exclusion, *, n_files: int) -> dict[str, Any]:
    names = ("item", "patient_id", "level", "code", "reason")
    return {name: getattr(item, name) for name in names} | {"n_files": n_files}


def _digest(cine: Cine) -> str:
    """SHA-256 of the frames' size, spacing and values (float32, little-endian)."""
    frames = np.ascontiguousarray(cine.frames, dtype="<f4")
    spacing = np.array([cine.row_spacing_mm, cine.column_spacing_mm], dtype="<f8")
    digest = hashlib.sha256(repr(frames.shape).encode())
    digest.update(spacing.tobytes())
    digest.update(frames.tobytes())
    return digest.hexdigest()
