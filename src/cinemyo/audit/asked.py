"""What a person points at, a number, figure, prediction, cine or run, as a place in the files of the study."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.errors import AuditError
from cinemyo.layout import Layout

Kind = Literal["artefact", "metric", "cell", "row", "prediction", "figure", "heat_map", "section", "run"]

ID: Final = re.compile(tables.ID)
SHOWN: Final = 12
"""Keys, rows or columns that a refusal lists."""
GRAMMAR: Final = (
    "name a file of the study, FILE.json:a.b.c, TABLE.csv:ROW:COLUMN (ROW: the first cells of a row, or column=value, "
    "joined by commas), report.html#section, a cine, an excluded item, or a run of MLflow"
)


@dataclass(frozen=True)
class Asked:
    """What is traced: the file that holds it, where in the file, and the value found there."""

    kind: Kind
    path: str
    """From the project's root, forward slashes."""
    pointer: str = ""
    value: Any = None
    arm: str | None = None
    fold: int | None = None
    cine_id: str | None = None


def asked(text: str, *, params: Params, layout: Layout) -> Asked:
    """The place that a text names: `reports/metrics.json:arms.dual.accuracy_mean`, a cell, a figure, a section.

    Raises:
        AuditError: no such file, key, row, column or section; the refusal lists those that there are.
    """
    path, sign, pointer = _parts(text, layout=layout)
    name = path.relative_to(layout.base).as_posix()
    if sign == "#":
        return Asked("section", name, pointer, _section(path, pointer))
    if pointer and path.suffix == ".json":
        keys = pointer.split(".")
        arm = keys[1] if keys[0] == "arms" and len(keys) > 1 else _arm_of(path, params=params, layout=layout)
        return Asked("metric", name, pointer, value_at(path, keys), arm=arm)
    if pointer:
        return _in_table(path, pointer, name=name, params=params, layout=layout)
    return _file(path, name=name, params=params, layout=layout)


def _parts(text: str, *, layout: Layout) -> tuple[Path, str, str]:
    """The file, `:` or `#`, and what follows; the file as it is, or as a name below `reports/`."""
    for sign in ("#", ":"):
        head, found, tail = text.partition(sign)
        for path in (layout.base / head, layout.reports / head):
            if found and path.exists():
                return _refuse_outside(path, layout=layout), sign, tail
    for path in (layout.base / text, layout.reports / text):
        if path.exists():
            return _refuse_outside(path, layout=layout), "", ""
    head = re.split(r"[:#]", text)[0]
    raise AuditError("trace", expected="what the study knows", got=f"{head!r}, which it does not", remedy=GRAMMAR)


def _refuse_outside(path: Path, *, layout: Layout) -> Path:
    base, plain = layout.base.absolute(), Path(path.absolute().as_posix())
    parts = [part for part in plain.parts if part != "."]
    if ".." in parts or not Path(*parts).is_relative_to(base):
        raise AuditError("trace", expected="a file of this project", got="one outside of it", remedy=GRAMMAR)
    return layout.base / Path(*parts).relative_to(base)


def value_at(path: Path, keys: list[str]) -> Any:
    """The value of a JSON file under dotted keys; a number counts the items of a list from 0.

    Raises:
        AuditError: a key that is not there, with those that are.
    """
    value: Any = json.loads(path.read_text(encoding="utf-8"))
    for depth, key in enumerate(keys):
        there = value if isinstance(value, Mapping) else dict(enumerate(value)) if isinstance(value, list) else {}
        known = {str(name): item for name, item in there.items()}
        if key not in known:
            where = f"{path.name}:{'.'.join(keys[:depth])}".rstrip(":")
            expected = f"one of {_listed(list(known))}" if known else "no further key: this is a value"
            raise AuditError(where, expected=expected, got=key, remedy="name a key that is there")
        value = known[key]
    return value


def _in_table(path: Path, pointer: str, *, name: str, params: Params, layout: Layout) -> Asked:
    row_key, _, column = pointer.partition(":")
    frame = _frame(path)
    row = _row(frame, row_key, where=path.name)
    if column and column not in frame:
        got = f"{column!r}"
        raise AuditError(
            f"{path.name}:{row_key}", expected=f"one of {_listed([*map(str, frame)])}", got=got, remedy=GRAMMAR
        )
    values = {key: _plain(value) for key, value in row.items()}
    arm = _arm_of(path, params=params, layout=layout)
    cine = values.get("cine_id")
    fold = int(values["fold"]) if str(values.get("fold", "")).isdigit() else None
    kind: Kind = "prediction" if layout.data / "predictions" in path.parents else "cell" if column else "row"
    value = values[column] if column else values
    return Asked(kind, name, pointer, value, arm=arm, fold=fold, cine_id=cine)


def _frame(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".csv":
        return tables.read_text(path)
    raise AuditError(
        path.name,
        expected="a .json, .csv or .parquet file before the colon",
        got=path.suffix or "no ending",
        remedy=GRAMMAR,
    )


def _row(frame: pd.DataFrame, key: str, *, where: str) -> dict[str, Any]:
    """The only row whose first cells, or named cells, are as the key says; among predictions that of the test."""
    chosen = frame
    for place, cell in enumerate(key.split(",")):
        name, given, value = cell.partition("=")
        column, wanted = (name, value) if given else (str(frame.columns[min(place, len(frame.columns) - 1)]), cell)
        if column not in frame:
            raise AuditError(where, expected=f"columns {_listed([*map(str, frame)])}", got=repr(column), remedy=GRAMMAR)
        rows = chosen[chosen[column].astype("str") == wanted]
        if rows.empty:
            there = chosen[column].dropna().astype("str").unique().tolist()
            raise AuditError(f"{where}, {column}", expected=f"one of {_listed(there)}", got=wanted, remedy=GRAMMAR)
        chosen = rows
    if len(chosen) > 1 and "set" in chosen and (chosen["set"] == "test").sum() == 1:
        chosen = chosen[chosen["set"] == "test"]
    if len(chosen) > 1:
        differing = [str(name) for name in chosen if chosen[name].nunique(dropna=False) > 1]
        remedy = f"add column=value of {_listed(differing)}"
        raise AuditError(f"{where}:{key}", expected="one row", got=f"{len(chosen)}", remedy=remedy)
    return {str(name): value for name, value in chosen.iloc[0].items()}


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _section(path: Path, anchor: str) -> dict[str, Any]:
    """The title of a section of the page and the tables shown in it."""
    page = path.read_text(encoding="utf-8")
    known = list(dict.fromkeys(re.findall(r'\sid="([\w-]+)"', page)))
    if anchor not in known:
        raise AuditError(path.name, expected=f"one of {_listed(known)}", got=repr(anchor), remedy="name a section")
    contents = path.parent / "tables" / "contents.json"
    listed = json.loads(contents.read_text(encoding="utf-8")) if contents.is_file() else []
    own = [item for item in listed if anchor in (item["section"], f"table-{item['name']}")]
    return {"tables": [f"{item['name']}.csv" for item in own], "titles": [item["title"] for item in own]}


def _file(path: Path, *, name: str, params: Params, layout: Layout) -> Asked:
    cine = path.stem if ID.match(path.stem) and path.stem.startswith("c-") else None
    arm = _arm_of(path, params=params, layout=layout)
    fold = re.search(r"(?:^fold|_)(\d+)$", path.stem)
    kind: Kind = "artefact"
    if layout.heat_maps in path.parents:
        kind = "heat_map"
    elif layout.figures in path.parents:
        kind = "figure"
    return Asked(kind, name, arm=arm, fold=int(fold[1]) if fold and arm else None, cine_id=cine)


def _arm_of(path: Path, *, params: Params, layout: Layout) -> str | None:
    """The arm that a path names: a folder, the whole stem, or the end of the stem; the longest such name."""
    parts = [*path.relative_to(layout.base).parts[:-1], path.stem]
    stems = [arm for arm in params.arms if arm in parts or path.stem.endswith(f"_{arm}")]
    return max(stems, key=len, default=None)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(str(name) for name in names[:SHOWN]) + more
