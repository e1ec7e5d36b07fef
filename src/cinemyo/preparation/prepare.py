"""Canvases of a whole study by one recipe."""

import shutil
from dataclasses import fields
from pathlib import Path

import pandas as pd

from cinemyo import tables
from cinemyo.config import Recipe
from cinemyo.errors import SourceError
from cinemyo.layout import Layout
from cinemyo.preparation.canvas import Canvas, Region, make_canvas, write_pages
from cinemyo.preparation.locate import Row, records
from cinemyo.sources.images import read_cine


def prepare(cines: pd.DataFrame, *, layout: Layout, regions: pd.DataFrame, name: str, recipe: Recipe) -> None:
    """Writes the folder of a recipe, whole or not at all: a TIFF per cine, `prepared.csv` and `exclusions.csv`.

    A cine whose gray window is empty is excluded by name.

    Raises:
        SourceError: an ingested image is absent or damaged, or no cine can be prepared.

    Source: Germain 2021, §2.3
    """
    target = layout.prepared(name)
    draft = target.with_name(f".{name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    known = {str(row["cine_id"]): row for row in records(regions)}
    rows: list[Row] = []
    left: list[Row] = []
    try:
        for cine in records(cines):
            region = known[cine["cine_id"]]
            frames, *spacing = read_cine(layout.ingested / f"{cine['cine_id']}.mha")
            try:
                canvas = make_canvas(frames, spacing=(spacing[0], spacing[1]), region=_region(region), recipe=recipe)
            except SourceError as fault:
                left.append(_exclusion(cine, fault))
                continue
            write_pages(draft / f"{cine['cine_id']}.tif", canvas.pages)
            rows.append(_row(cine["cine_id"], canvas, recipe=recipe))
        if not rows:
            remedy = "look at the images and their regions"
            raise SourceError(str(target), expected="at least one cine", got=f"{len(left)} excluded", remedy=remedy)
        _write(rows, table=tables.PREPARED, path=draft / "prepared.csv")
        _write(left, table=tables.EXCLUSIONS, path=draft / "exclusions.csv")
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


def _write(rows: list[Row], *, table: tables.Table, path: Path) -> None:
    tables.write(tables.from_rows(rows, table=table), table=table, path=path)
