"""What the report says of the cohort: who is in it, what was left out, and how it was split."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.labels import CLASSES, DISPLAY, LEAKY_SCHEMES, PATHOLOGIES, VIEWS, Scheme
from cinemyo.layout import Layout

SCHEME_WORDS: Final = {
    "honest": "by patient, hold-out drawn first, an inner fold for choices",
    "paper": "by patient, nothing chosen on the folds",
    "paper_by_input": "by cine: patients occur in training and test (leaky)",
    "paper_holdout": "60 % training, 20 % validation, 20 % hold-out",
}


@dataclass(frozen=True)
class Grid:
    """A table to print: a header and rows of text; the first column names the row."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Balance:
    """Files or cines that came in, and what became of them."""

    what: str
    found: int
    used: int
    excluded: int


def labelled_cines(layout: Layout) -> pd.DataFrame:
    """Cines with their labels and phases, a row each."""
    cines = tables.read(layout.cines, table=tables.CINES)
    labels = tables.read(layout.labels, table=tables.LABELS)[["cine_id", "pathology", "view"]]
    phases = tables.read(layout.phases, table=tables.PHASE_TABLE)[["cine_id", "systole_ms"]]
    return cines.merge(labels, on="cine_id", how="left").merge(phases, on="cine_id", how="left")


def cohort(cines: pd.DataFrame) -> Grid:
    """The cohort by pathology, as the paper's Table 1.

    Source: Germain 2021, Table 1
    Departs from Table 1: sex and age are counted by patient, not by cine.
    """
    named = cines["pathology"].dropna()
    groups = [(DISPLAY[name], cines[cines["pathology"] == name]) for name in PATHOLOGIES if (named == name).any()]
    if cines["pathology"].isna().any():
        groups.append(("No label", cines[cines["pathology"].isna()]))
    groups.append(("Total", cines))
    rows = [_line(label, [measure(part) for _, part in groups]) for label, measure in _MEASURES]
    views = [view for view in VIEWS if (cines["view"] == view).any()]
    rows += [_line(DISPLAY[view], [str(int((part["view"] == view).sum())) for _, part in groups]) for view in views]
    return Grid(("", *(name for name, _ in groups)), tuple(rows))


def _line(label: str, cells: Sequence[str]) -> tuple[str, ...]:
    return (label, *cells)


def _patients(cines: pd.DataFrame) -> pd.DataFrame:
    return cines.drop_duplicates("patient_id")


def _sex(cines: pd.DataFrame) -> str:
    sexes = _patients(cines)["sex"]
    counted = f"{int((sexes == 'F').sum())} / {int((sexes == 'M').sum())}"
    return counted if sexes.notna().any() else "not known"


def _spread(values: pd.Series) -> str:
    known = values.dropna().astype(float)
    if known.empty:
        return "not known"
    return f"{known.mean():.1f} ± {known.std():.1f}" if len(known) > 1 else f"{known.mean():.1f}"


_MEASURES: Final = (
    ("Patients", lambda part: str(part["patient_id"].nunique())),
    ("Cines", lambda part: str(len(part))),
    ("Sex, F / M (patients)", _sex),
    ("Age, years (patients)", lambda part: _spread(_patients(part)["age_years"])),
    ("Systole, ms after the R wave", lambda part: _spread(part["systole_ms"])),
)


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
    return Grid(("Code", "Step", "Items", "Files", "Why"), tuple(lines))


def _exclusions_of(step: str, layout: Layout, *, name: str | None) -> pd.DataFrame:
    path = layout.exclusions if name is None else layout.prepared(name) / "exclusions.csv"
    empty = pd.DataFrame(columns=tables.EXCLUSIONS.header)
    frame = tables.read(path, table=tables.EXCLUSIONS) if path.is_file() else empty
    return frame.assign(step=step)


def balances(params: Params, *, layout: Layout) -> list[Balance]:
    """Files read, and cines prepared by each recipe: in = used + excluded."""
    files = tables.read(layout.sources, table=tables.SOURCES)
    used = int(files["cine_id"].notna().sum())
    found = [Balance("files", len(files), used, int(files["cine_id"].isna().sum()))]
    cines = len(tables.read(layout.cines, table=tables.CINES))
    for recipe in params.recipes:
        prepared = len(tables.read(layout.prepared(recipe) / "prepared.csv", table=tables.PREPARED))
        out = len(_exclusions_of("", layout, name=recipe))
        found.append(Balance(f"cines, canvas {recipe}", cines, prepared, out))
    return found


def split(layout: Layout, *, cines: pd.DataFrame, schemes: Collection[Scheme]) -> list[Grid]:
    """Patients and cines of each part of the schemes that the arms use."""
    folds = tables.read(layout.folds, table=tables.FOLDS)
    folds = folds[folds["scheme"].isin(list(schemes))].merge(cines[["cine_id", "pathology"]], on="cine_id", how="left")
    grids = []
    for scheme, rows in folds.groupby("scheme", sort=True):
        header = ("Part", "Patients", "Cines", *(f"{DISPLAY[name]} (cines)" for name in CLASSES["pathology"]))
        lines = tuple(_part(str(part), group) for part, group in rows.groupby("part", sort=True))
        leaky = " — LEAKY" if scheme in LEAKY_SCHEMES else ""
        grids.append(Grid(header, lines, f"{scheme}: {SCHEME_WORDS[str(scheme)]}{leaky}"))
    return grids


def _part(part: str, rows: pd.DataFrame) -> tuple[str, ...]:
    counts = (str(int((rows["pathology"] == name).sum())) for name in CLASSES["pathology"])
    name = f"fold {part}" if part.isdigit() else part
    return (name, str(rows["patient_id"].nunique()), str(len(rows)), *counts)
