"""The cines behind a result, and the source files behind the cines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cinemyo.audit.asked import Asked
from cinemyo.config import Params
from cinemyo.folds import fold_count
from cinemyo.layout import Layout
from cinemyo.schema import read_text

OWN: Final = ("cine_id", "patient_id", "series_id", "digest")
FILES: Final = ("file", "digest", "bytes", "cine_id", "code")


@dataclass(frozen=True)
class Reach:
    """Cines and source files that a result comes from."""

    cines: pd.DataFrame
    """`cine_id`, `patient_id`, `series_id` and `digest`, which is the SHA-256 of the pixels."""
    sources: pd.DataFrame
    """`file` and `digest`, keyed hashes of name and bytes, `bytes`, and the cine that each file is in."""
    roles: Mapping[str, int]
    """Cines by what they were to the arm, or to the fold where one is named: train, validation, test, holdout."""


def reach_of(found: Asked, *, params: Params, layout: Layout, external: bool) -> Reach:
    """The cines behind what was asked, with their source files; both cohorts where the result has an external one."""
    cohorts = [layout, layout.external] if external else [layout]
    roles = _roles(found, params=params, layout=layout)
    cines = pd.concat([cines_of(own) for own in cohorts], ignore_index=True)
    if found.cine_id:
        cines = cines[cines["cine_id"] == found.cine_id]
    elif roles is not None:
        used = roles.index[roles != "holdout"]
        known = set(used) | (set(cines_of(layout.external)["cine_id"]) if external else set())
        cines = cines[cines["cine_id"].isin(known)]
    files = [source_rows(own, series=cines["series_id"].unique().tolist()) for own in cohorts]
    counted = {} if roles is None else {str(role): int(count) for role, count in roles.value_counts().items()}
    return Reach(cines, pd.concat(files, ignore_index=True), counted)


def cines_of(layout: Layout) -> pd.DataFrame:
    """The cines of a cohort; none where it has no table of them."""
    return _columns(layout.cines, OWN)


def excluded_items(layout: Layout) -> set[str]:
    """Items that ingest or prepare excluded."""
    paths = [layout.exclusions, *sorted((layout.data / "prepared").glob("*/exclusions.csv"))]
    return {str(item) for path in paths for item in _columns(path, ("item",))["item"]}


def source_rows(
    layout: Layout, *, series: Sequence[str] | None = None, files: Sequence[str] | None = None
) -> pd.DataFrame:
    """Rows of `sources.parquet`: of whole series, or of single files by their keyed names.

    A file of a whole stack names the first of its cines alone; the others are the cines of the same series.
    """
    if not layout.sources.is_file():
        return pd.DataFrame(columns=list(FILES))
    if files is not None:
        return _picked(layout.sources, column="file", values=files)
    cines = cines_of(layout)
    return _picked(
        layout.sources, column="cine_id", values=cines["cine_id"][cines["series_id"].isin(set(series or ()))]
    )


def _picked(path: Path, *, column: str, values: Sequence[str] | pd.Series) -> pd.DataFrame:
    table = pq.read_table(path, columns=list(FILES))
    wanted = pa.array([str(value) for value in values], type=table.schema.field(column).type)
    rows = table.filter(pc.is_in(table.column(column), options=pc.SetLookupOptions(value_set=wanted)))
    return pd.DataFrame({name: rows.column(name).to_pandas() for name in FILES})


def _columns(path: Path, names: Sequence[str]) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame(columns=list(names), dtype="str")
    frame = read_text(path)
    return frame.reindex(columns=list(names))


def _roles(found: Asked, *, params: Params, layout: Layout) -> pd.Series | None:
    """By cine, what it was to the arm; to the fold alone where one is named; None where no arm is."""
    if found.arm not in params.arms or not layout.folds.is_file():
        return None
    scheme = params.arms[found.arm].scheme
    folds = _columns(layout.folds, ("scheme", "cine_id", "part"))
    own = folds[folds["scheme"] == scheme].set_index("cine_id")["part"]
    if found.fold is None or not own.str.isdigit().any():
        return own.where(~own.str.isdigit(), "in the folds")
    count = fold_count(folds, scheme=scheme)
    validation = str((found.fold + 1) % count) if scheme == "honest" else None
    named = {str(found.fold): "test"} | ({validation: "validation"} if validation else {})
    return own.map(lambda part: named.get(part, "train") if part.isdigit() else part)
