"""What one cine went into, from its source files to the heat maps of every arm."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm, Params
from cinemyo.errors import TableError
from cinemyo.folds import fold_count
from cinemyo.labels import LEAKY_SCHEMES, Scheme
from cinemyo.layout import Layout
from cinemyo.provenance import sha256


@dataclass(frozen=True)
class Step:
    """One fact of a trace: the kind of step, which one of its kind, and its values."""

    kind: str
    name: str
    values: dict[str, Any]


def trace(cine_id: str, *, params: Params, layout: Layout) -> list[Step]:
    """The steps of a cine in the order of the pipeline; stages that have not run leave none.

    Raises:
        TableError: no table of the study names the cine.
    """
    steps = list(_steps(cine_id, params=params, layout=layout))
    if not steps:
        remedy = "take an id from cines.csv or exclusions.csv"
        raise TableError(str(layout.cines), expected="a cine of the study", got=cine_id, remedy=remedy)
    return steps


def _steps(cine_id: str, *, params: Params, layout: Layout) -> Iterator[Step]:
    yield from _of_table("source file", layout.sources, tables.SOURCES, cine_id, name="file")
    yield from _excluded(layout.exclusions, cine_id)
    for kind, path, table in (
        ("cine", layout.cines, tables.CINES),
        ("label", layout.labels, tables.LABELS),
        ("region", layout.regions, tables.REGIONS),
        ("phases", layout.phases, tables.PHASE_TABLE),
    ):
        yield from _of_table(kind, path, table, cine_id)
    yield from _image("ingested", layout.ingested / f"{cine_id}.mha", layout)
    yield from _image("mask", layout.masks / f"{cine_id}.mha", layout)
    for recipe in params.recipes:
        yield from _of_table("canvas", layout.prepared(recipe) / "prepared.csv", tables.PREPARED, cine_id, name=recipe)
        yield from _image(f"canvas {recipe}", layout.prepared(recipe) / f"{cine_id}.tif", layout)
        yield from _excluded(layout.prepared(recipe) / "exclusions.csv", cine_id)
    yield from _of_table("fold", layout.folds, tables.FOLDS, cine_id, name="scheme")
    for name, arm in params.arms.items():
        yield from _arm_steps(cine_id, arm=arm, name=name, layout=layout)


def _arm_steps(cine_id: str, *, arm: Arm, name: str, layout: Layout) -> Iterator[Step]:
    if layout.folds.is_file():
        folds = tables.read(layout.folds, table=tables.FOLDS)
        roles = roles_of(folds, scheme=arm.scheme, cine_id=cine_id)
        if roles:
            yield Step("arm", name, {**roles, "leaky": arm.scheme in LEAKY_SCHEMES})
    predictions = tables.predictions(arm.target)
    yield from _of_table("prediction", layout.predictions(name), predictions, cine_id, name=name)
    if layout.attention(name).is_file():
        heat = tables.read(layout.attention(name), table=tables.ATTENTION)
        for row in _records(heat[(heat["arm"] == name) & (heat["cine_id"] == cine_id)]):
            yield Step("heat map", name, row)
    yield from _image(f"heat map {name}", layout.heat_maps / name / f"{cine_id}.png", layout)


def roles_of(folds: pd.DataFrame, *, scheme: Scheme, cine_id: str) -> dict[str, str]:
    """Folds whose model trained on a cine, chose by it, and was tested on it; nothing for a cine without a part."""
    rows = folds[(folds["scheme"] == scheme) & (folds["cine_id"] == cine_id)]
    if rows.empty:
        return {}
    part = str(rows["part"].iloc[0])
    if not part.isdigit():
        return {part: "all"}
    count, own = fold_count(folds, scheme=scheme), int(part)
    chosen = [(own - 1) % count] if scheme == "honest" else []
    trained = [fold for fold in range(count) if fold != own and fold not in chosen]
    by_role = {"train": trained, "validation": chosen, "test": [own]}
    return {role: ", ".join(str(fold) for fold in found) for role, found in by_role.items() if found}


def _of_table(kind: str, path: Path, table: tables.Table, cine_id: str, *, name: str = "") -> Iterator[Step]:
    """A step per row of the cine; `name` is a column that names it, or the name itself."""
    if not path.is_file():
        return
    frame = tables.read(path, table=table)
    for row in _records(frame[frame["cine_id"] == cine_id]):
        yield Step(kind, str(row.pop(name, name)), row)


def _excluded(path: Path, cine_id: str) -> Iterator[Step]:
    if not path.is_file():
        return
    frame = tables.read(path, table=tables.EXCLUSIONS)
    for row in _records(frame[frame["item"] == cine_id]):
        yield Step("exclusion", str(row["code"]), row)


def _records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows as plain values, without the id and the empty cells."""
    for row in frame.drop(columns="cine_id", errors="ignore").astype(object).to_dict("records"):
        yield {str(key): _plain(value) for key, value in row.items() if not pd.isna(value)}


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _image(kind: str, path: Path, layout: Layout) -> Iterator[Step]:
    if path.is_file():
        yield Step("image", kind, {"path": path.relative_to(layout.base).as_posix(), "sha256": sha256(path)})


def as_text(steps: list[Step]) -> str:
    """The steps as lines: kind, name, and values as `key=value`."""
    width = max(len(f"{step.kind} {step.name}".strip()) for step in steps)
    lines = []
    for step in steps:
        values = "  ".join(f"{key}={_short(value)}" for key, value in step.values.items())
        lines.append(f"{f'{step.kind} {step.name}'.strip():<{width}}  {values}".rstrip())
    return "\n".join(lines)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
