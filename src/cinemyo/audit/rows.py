"""Rows of the tables of a cohort: cines, exclusions, source files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cinemyo.layout import Layout
from cinemyo.schema import read_text

OWN: Final = ("cine_id", "patient_id", "series_id", "digest")
FILES: Final = ("file", "digest", "bytes", "cine_id", "code")


def cines_of(layout: Layout) -> pd.DataFrame:
    """The cines of a cohort; none where it has no table of them."""
    return columns(layout.cines, OWN)


def excluded_items(layout: Layout) -> set[str]:
    """Items that ingest or prepare excluded."""
    return {str(item) for path in exclusions_of(layout) for item in columns(path, ("item",))["item"]}


def exclusions_of(layout: Layout) -> list[Path]:
    """Where a cohort's tables of exclusions lie: that of ingest, and one per recipe."""
    return [layout.exclusions, *sorted((layout.data / "prepared").glob("*/exclusions.csv"))]


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


def columns(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Columns of a table as text, empty where it has no such column; no row where there is no file."""
    if not path.is_file():
        return pd.DataFrame(columns=list(names), dtype="str")
    return read_text(path).reindex(columns=list(names))
