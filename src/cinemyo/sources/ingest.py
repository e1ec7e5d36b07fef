"""From a source to the first tables and images of a study; identity ends here."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cinemyo import tables
from cinemyo.deid.keys import Key
from cinemyo.deid.refusals import Refusals
from cinemyo.errors import SetupError, SourceError
from cinemyo.layout import Layout
from cinemyo.sources.account import Account
from cinemyo.sources.base import CineSource, Exclusion, Part
from cinemyo.sources.building import FULL, Builder, Built, excluded, failed, image_name, mask_name
from cinemyo.sources.finished import Finished, begin, link
from cinemyo.sources.pool import Failure, Limits, in_order


@dataclass(frozen=True)
class Ingested:
    """How many parts there were, and how many of them an earlier run had finished."""

    parts: int
    reused: int


def work_of(layout: Layout, *, key: Key) -> Finished:
    """The work in progress of a study's ingest: under `.cache/`, never an output."""
    folder = layout.base / ".cache" / "cinemyo" / "ingest"
    return begin(folder, name=layout.study.replace("/", "."), basis=key.id)


def ingest(
    source: CineSource,
    *,
    layout: Layout,
    key: Key,
    found: int | None = None,
    finished: Finished | None = None,
    workers: int | None = None,
    limits: Limits | None = None,
    watch: Callable[[int], object] = lambda cines: None,
    draft: Path | None = None,
    refused: Refusals | None = None,
) -> Ingested:
    """Writes the images, `cines.csv`, `sources.parquet`, `exclusions.csv` and `carried_labels.csv`, all or nothing.

    Rows keep the order of the source, which no pseudonym decides, whatever the number of processes. A file that serves
    several cines (a NIfTI stack) stands in `sources.parquet` once, with the first of them; the others are the cines of
    the same `series_id`. `found` is the number of files under the root, counted apart from the reader: each must be
    used or excluded. What is finished is kept in `finished` until the caller clears it; without one, as `work_of` has
    it, until all is written. `watch` is told the number of new cines after each part. `draft` is a folder that is not
    there, on the disk of the outputs, in which they are put together: beside the study's folder if none is said. Of
    `refused` patients nothing is written but the number of their files.

    Raises:
        SourceError: no cine at all, a cine that comes twice, or files that the reader lost.
        SetupError: the disk is full; what was there before is as it was.
    """
    work = finished or work_of(layout, key=key)
    with _sentences(layout):
        account, done = Account(), Ingested(0, 0)
        builder = Builder(work, key, refused)
        here = partial(_excluded, refused=refused)
        for item, outcome in in_order(builder, source.parts(), workers=workers, limits=limits, here=here):
            built = Built(list(failed(item.files, outcome)), reused=False) if isinstance(outcome, Failure) else outcome
            account.take(built.items)
            done = Ingested(done.parts + (not isinstance(item, Exclusion)), done.reused + built.reused)
            watch(sum("cine" in row for row in built.items))
        _check(account, found=found)
        with _drafted(layout, draft or layout.data.with_name(f".{layout.data.name}.partial")) as drafted:
            _write(account, draft=drafted, work=work)
    if finished is None:
        work.clear()
    return done


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


def _excluded(item: Part | Exclusion, *, refused: Refusals | None) -> Built | None:
    """The outcome of an exclusion of the source's own, which needs no process."""
    return excluded(item, refused=refused) if isinstance(item, Exclusion) else None


@contextmanager
def _sentences(layout: Layout) -> Iterator[None]:
    """Says that the disk is full in one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise SetupError(
            str(layout.data), expected="room for the cines", got="a full disk", remedy="free space and run it again"
        ) from None


@contextmanager
def _drafted(layout: Layout, folder: Path) -> Iterator[Layout]:
    """A layout in a folder of its own; what is complete in it replaces the study's at the end."""
    draft = Layout(layout.study, folder)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        yield draft
        layout.data.mkdir(parents=True, exist_ok=True)
        for made, target in zip(outputs(draft), outputs(layout), strict=True):
            if target.is_dir():
                shutil.rmtree(target)
            made.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(account: Account, *, draft: Layout, work: Finished) -> None:
    draft.ingested.mkdir(parents=True)
    draft.masks.mkdir()
    rows, carried = [], []
    for item in account.cines():
        name = item["cine"]["cine_id"]
        link(work.path(image_name(name)), draft.ingested / f"{name}.mha")
        if item["mask"]:
            link(work.path(mask_name(name)), draft.masks / f"{name}.mha")
        rows.append(item["cine"])
        carried += [item["carried"]] if item["carried"] else []
    account.write_sources(draft.sources)
    _table(rows, table=tables.CINES, path=draft.cines)
    _table(list(account.exclusions()), table=tables.EXCLUSIONS, path=draft.exclusions)
    _table(carried, table=tables.SHEET, path=draft.carried_labels)


def _table(rows: Sequence[dict[str, Any]], *, table: tables.Table, path: Path) -> None:
    tables.write(tables.from_rows(rows, table=table), table=table, path=path)


def _check(account: Account, *, found: int | None) -> None:
    accounted = account.n_files
    if next(account.cines(), None) is None:
        why = ", ".join(f"{code} {count}" for code, count in account.codes().items()) or "nothing to exclude"
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
