"""Any folder ingested outside a study: the same code, the same tables, in a folder that is named."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cinemyo import review, tables
from cinemyo.config import Source
from cinemyo.deid.keys import Key
from cinemyo.errors import SourceError
from cinemyo.layout import Layout
from cinemyo.sources.base import CineSource
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.finished import begin
from cinemyo.sources.ingest import Ingested, ingest
from cinemyo.sources.opened import count_of, open_source
from cinemyo.sources.outcome import Outcome, outcome
from cinemyo.sources.sheet import join, read_sheet
from cinemyo.sources.sunnybrook import SunnybrookReader

WORK: Final = ".ingest"
"""Folder of unfinished work within the outputs; gone when all is written."""

Watch = Callable[[int], object]


def _silent(number: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class OutFolder(Layout):
    """The outputs of one folder, without a study around them."""

    @property
    def data(self) -> Path:
        """The folder itself."""
        return self.base


@dataclass(frozen=True)
class Watches:
    """Who is told of new files while headers are read, and of new cines while pixels are."""

    files: Watch = _silent
    cines: Watch = _silent


def ingest_folder(
    source: Source, *, out: Path, key: Key, workers: int | None = None, watches: Watches | None = None
) -> tuple[Ingested, Outcome]:
    """How much was built, and what became of the folder; images and tables as of a study lie in `out`.

    Run again after it was ended, it goes on from what is finished.

    Raises:
        SourceError: `out` lies within the source or is not empty; or as `ingest`.
        SetupError: the disk is full.
    """
    check_out(out, root=Path(source.root))
    told, layout = watches or Watches(), OutFolder("out", out)
    finished = begin(out / WORK, name="work", basis=[key.id, source.model_dump(mode="json")])
    done = ingest(
        opened(source, key=key, workers=workers, watch=told.files),
        layout=layout,
        key=key,
        found=count_of(source),
        finished=finished,
        workers=workers,
        watch=told.cines,
        draft=out / WORK / "draft",
    )
    finished.clear()
    return done, outcome_of(layout)


def outcome_of(layout: Layout) -> Outcome:
    """What the tables of an ingest tell."""
    return outcome(
        tables.read(layout.cines, table=tables.CINES),
        sources=tables.read(layout.sources, table=tables.SOURCES),
        exclusions=tables.read(layout.exclusions, table=tables.EXCLUSIONS),
    )


def opened(source: Source, *, key: Key, workers: int | None = None, watch: Watch = _silent) -> CineSource:
    """The reader of a source; one of DICOM files tells of the files that it reads."""
    reader = open_source(source, key=key)
    if isinstance(reader, DicomReader):
        return replace(reader, workers=workers, watch=watch)
    return replace(reader, workers=workers) if isinstance(reader, SunnybrookReader) else reader


def check_out(out: Path, *, root: Path) -> None:
    """Refuses a folder for the outputs that lies in the source, or holds files and no unfinished work.

    Raises:
        SourceError: it does.
    """
    if out.resolve().is_relative_to(root.resolve()):
        raise SourceError(
            f"--out {out}", expected="a folder outside ROOT", got="one within it", remedy="choose another"
        )
    is_resumed = (out / WORK).is_dir()
    if out.exists() and not is_resumed and (not out.is_dir() or any(out.iterdir())):
        raise SourceError(
            f"--out {out}", expected="a new or empty folder", got="files", remedy="choose another, or empty it"
        )


def label_folder(sheet: Path, *, out: Path, key: Key) -> dict[str, Any]:
    """How a label sheet fits the cines in `out`, counted; the labels are written there as `labels.csv`.

    Raises:
        LabelError: the sheet contradicts itself or the cines.
    """
    layout = OutFolder("out", out)
    cines = tables.read(layout.cines, table=tables.CINES)
    rows = read_sheet(sheet)
    labels = join(cines, rows, key=key, exclusions=tables.read(layout.exclusions, table=tables.EXCLUSIONS))
    tables.write(labels, table=tables.LABELS, path=layout.labels)
    known = labels["view"].where(labels["view"].notna(), None)
    against = sum(
        "view_label_geometry" in review.reasons_of_views({str(k): v for k, v in row.items()}, label=label)
        for row, label in zip(cines.to_dict("records"), known, strict=True)
    )
    return {
        "rows": len(rows),
        "pathology": _counted(labels["pathology"]),
        "view": _counted(labels["view"]),
        "cines_without_label": int((labels["pathology"].isna() & labels["view"].isna()).sum()),
        "view_label_geometry": against,
    }


def _counted(column: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in column.value_counts().items()}
