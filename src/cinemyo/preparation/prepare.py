"""Canvases of a whole study by one recipe."""

import hashlib
import json
import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.config import Recipe
from cinemyo.errors import SourceError
from cinemyo.layout import Layout
from cinemyo.preparation.canvas import Canvas, Region, make_canvas, write_pages
from cinemyo.preparation.locate import Row, records
from cinemyo.sources.finished import Finished, begin, link
from cinemyo.sources.images import read_cine
from cinemyo.sources.pool import Failure, in_order


@dataclass(frozen=True)
class Prepared:
    """How many cines there were, and how many of them an earlier run had finished."""

    cines: int
    reused: int


def work_of(layout: Layout, *, name: str, recipe: Recipe) -> Finished:
    """The work in progress of one recipe: under `.cache/`, never an output."""
    folder = layout.base / ".cache" / "cinemyo" / "prepare"
    return begin(folder, name=f"{layout.study.replace('/', '.')}.{name}", basis=recipe.model_dump(mode="json"))


def prepare(
    cines: pd.DataFrame,
    *,
    layout: Layout,
    regions: pd.DataFrame,
    name: str,
    recipe: Recipe,
    finished: Finished | None = None,
    workers: int | None = None,
) -> Prepared:
    """Writes the folder of a recipe, whole or not at all: a TIFF per cine, `prepared.csv` and `exclusions.csv`.

    A cine whose gray window is empty is excluded by name. Canvases are made in processes, and what is finished is kept
    in `finished` until the caller clears it; without one, as `work_of` has it, until all is written.

    Raises:
        SourceError: an ingested image is absent or damaged, its process died, or no cine can be prepared.

    Source: Germain 2021, §2.3
    """
    work = finished or work_of(layout, name=name, recipe=recipe)
    target = layout.prepared(name)
    known = {str(row["cine_id"]): row for row in records(regions)}
    tasks = ((cine, known[cine["cine_id"]]) for cine in records(cines))
    outcomes = [_made(*pair) for pair in in_order(Preparer(layout, recipe, work), tasks, workers=workers)]
    rows = [item["row"] for item in outcomes if "row" in item]
    left = [item["left"] for item in outcomes if "left" in item]
    if not rows:
        remedy = "look at the images and their regions"
        raise SourceError(str(target), expected="at least one cine", got=f"{len(left)} excluded", remedy=remedy)
    _write(rows, left, work=work, target=target)
    if finished is None:
        work.clear()
    return Prepared(len(outcomes), sum(item["reused"] for item in outcomes))


@dataclass(frozen=True)
class Preparer:
    """Makes the canvas of a cine beside the finished ones."""

    layout: Layout
    recipe: Recipe
    finished: Finished

    def __call__(self, task: tuple[Row, Row]) -> dict[str, Any]:
        """The cine's row in `prepared.csv` (`row`) or in `exclusions.csv` (`left`), and whether it was `reused`.

        Raises:
            SourceError: the ingested image is absent or damaged.
        """
        cine, region = task
        basis = [cine["cine_id"], cine["digest"], [float(region[field.name]) for field in fields(Region)]]
        content = hashlib.sha256(json.dumps(basis).encode()).hexdigest()
        known = self.finished.find(content)
        if known is not None:
            return known | {"reused": True}
        frames, *spacing = read_cine(self.layout.ingested / f"{cine['cine_id']}.mha")
        try:
            canvas = make_canvas(frames, spacing=(spacing[0], spacing[1]), region=_region(region), recipe=self.recipe)
        except SourceError as fault:
            return self._kept(content, {"left": _exclusion(cine, fault)}, files=[])
        name = f"{cine['cine_id']}.tif"
        write_pages(self.finished.path(name), canvas.pages)
        return self._kept(content, {"row": _row(cine["cine_id"], canvas, recipe=self.recipe)}, files=[name])

    def _kept(self, content: str, item: dict[str, Any], *, files: list[str]) -> dict[str, Any]:
        self.finished.keep(content, item, files=files)
        return item | {"reused": False}


def _made(task: tuple[Row, Row], outcome: dict[str, Any] | Failure) -> dict[str, Any]:
    if isinstance(outcome, Failure):
        raise SourceError(
            f"cine {task[0]['cine_id']}",
            expected="a canvas",
            got=f"a process that {outcome.kind} ({outcome.cause})",
            remedy="run it again: what is finished is kept",
        )
    return outcome


def _write(rows: list[Row], left: list[Row], *, work: Finished, target: Path) -> None:
    draft = target.with_name(f".{target.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        for row in rows:
            link(work.path(f"{row['cine_id']}.tif"), draft / f"{row['cine_id']}.tif")
        _table(rows, table=tables.PREPARED, path=draft / "prepared.csv")
        _table(left, table=tables.EXCLUSIONS, path=draft / "exclusions.csv")
        shutil.rmtree(target, ignore_errors=True)
        draft.replace(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _region(row: Row) -> Region:
    return Region(**{field.name: float(row[field.name]) for field in fields(Region)})


def _row(cine_id: str, canvas: Canvas, *, recipe: Recipe) -> Row:
    return {
        "cine_id": cine_id,
        "pixel_mm": round(canvas.pixel_mm, 6),
        "canvas_px": recipe.canvas_px,
        "centre_row_px": round(canvas.centre_row_px, 3),
        "centre_column_px": round(canvas.centre_column_px, 3),
        "padding_share": round(canvas.padding_share, 6),
        "clipped_share": round(canvas.clipped_share, 6),
    }


def _exclusion(cine: Row, fault: SourceError) -> Row:
    return {
        "item": cine["cine_id"],
        "patient_id": cine["patient_id"],
        "level": "cine",
        "code": "empty_window",
        "reason": f"expected {fault.expected}, got {fault.got}",
        "n_files": 0,
    }


def _table(rows: list[Row], *, table: tables.Table, path: Path) -> None:
    tables.write(tables.from_rows(rows, table=table), table=table, path=path)
