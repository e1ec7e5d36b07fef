"""What the report says of the cohort beside its tables: what was left out, and how it was split."""

from collections.abc import Collection

import pandas as pd

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.labels import CLASSES, DISPLAY, Scheme
from cinemyo.layout import Layout
from cinemyo.persons import persons_of, read_links
from cinemyo.record.figures_flow import SCHEME_WORDS
from cinemyo.record.report.grid import Grid, plain


def labelled_cines(params: Params, *, layout: Layout) -> pd.DataFrame:
    """Cines with patient, person (linked patients are one), pathology and view, a row each."""
    cines = tables.read(layout.cines, table=tables.CINES)[["cine_id", "patient_id"]]
    persons = persons_of(cines["patient_id"].tolist(), links=read_links(params.split.links))
    cines = cines.assign(person=cines["patient_id"].map(persons))
    labels = tables.read(layout.labels, table=tables.LABELS)[["cine_id", "pathology", "view"]]
    return cines.merge(labels, on="cine_id", how="left")


def exclusions(params: Params, *, layout: Layout) -> Grid:
    """What was left out, by code: items, files and the reason in plain words."""
    found = [_exclusions_of("reading", layout, name=None)]
    found += [_exclusions_of(f"preparation ({recipe})", layout, name=recipe) for recipe in params.recipes]
    rows = pd.concat(found)
    lines = []
    for (step, code, level), group in rows.groupby(["step", "code", "level"], sort=True):
        files = int(group["n_files"].sum())
        reasons = group["reason"].value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
        reason = f"{'such as: ' if len(reasons) > 1 else ''}{reasons.index[0]}"
        lines.append((str(code), str(step), f"{len(group)} × {level}", str(files), reason))
    return plain(("Code", "Step", "Items", "Files", "Why"), lines)


def _exclusions_of(step: str, layout: Layout, *, name: str | None) -> pd.DataFrame:
    path = layout.exclusions if name is None else layout.prepared(name) / "exclusions.csv"
    empty = pd.DataFrame(columns=tables.EXCLUSIONS.header)
    frame = tables.read(path, table=tables.EXCLUSIONS) if path.is_file() else empty
    return frame.assign(step=step)


def split(layout: Layout, *, cines: pd.DataFrame, schemes: Collection[Scheme]) -> list[Grid]:
    """Patients and cines of each part of the schemes that the arms use."""
    folds = tables.read(layout.folds, table=tables.FOLDS)
    folds = folds[folds["scheme"].isin(list(schemes))].merge(
        cines[["cine_id", "person", "pathology"]], on="cine_id", how="left"
    )
    grids = []
    for scheme, rows in folds.groupby("scheme", sort=True):
        header = ("Part", "Patients", "Cines", *(f"{DISPLAY[name]} (cines)" for name in CLASSES["pathology"]))
        lines = tuple(_part(str(part), group) for part, group in rows.groupby("part", sort=True))
        grids.append(plain(header, lines, caption=f"{scheme}: {SCHEME_WORDS[str(scheme)]}"))
    return grids


def _part(part: str, rows: pd.DataFrame) -> tuple[str, ...]:
    counts = (str(int((rows["pathology"] == name).sum())) for name in CLASSES["pathology"])
    name = f"fold {part}" if part.isdigit() else part
    return (name, str(rows["person"].nunique()), str(len(rows)), *counts)
