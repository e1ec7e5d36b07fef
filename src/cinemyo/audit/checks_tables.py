"""Every table of a study against its schema, and its folds against leakage."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cinemyo import folds, tables
from cinemyo.audit.finding import Finding
from cinemyo.config import Params
from cinemyo.errors import CinemyoError
from cinemyo.layout import Layout
from cinemyo.persons import persons_of, read_links

Places = Iterator[tuple[Path, tables.Table]]


@dataclass
class Checked:
    """The tables of a study that hold, by path, and what is wrong with the others."""

    frames: dict[Path, pd.DataFrame] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def checked(params: Params, *, layout: Layout) -> Checked:
    """Every table against its schema, faults with row, column and value; one that is absent is no fault of its own."""
    found = Checked()
    for path, table in places(params, layout=layout):
        try:
            if path.is_file():
                found.frames[path] = tables.read(path, table=table)
        except CinemyoError as error:
            difference = f"expected {error.expected}, got {error.got}"
            found.findings.append(Finding("tables", _name(path, layout), difference, error.remedy))
        except (ValueError, OSError) as error:
            got = " ".join(str(error).split())[:200]
            difference = f"no table that can be read: {got}"
            found.findings.append(Finding("tables", _name(path, layout), difference, "run `make repro`"))
    return found


def places(params: Params, *, layout: Layout) -> Places:
    """The tables of a study and of its supplementary cohort, with their schemas."""
    for cohort in (layout, layout.external):
        yield from _cohort(params, cohort=cohort)
    yield layout.folds, tables.FOLDS
    for name, arm in params.arms.items():
        answers = tables.predictions(arm.target)
        yield layout.predictions(name), answers
        yield layout.holdout(name), answers
        yield layout.external_predictions(name), answers
        yield layout.history(name), tables.HISTORY
        yield layout.attention(name), tables.ATTENTION


def _cohort(params: Params, *, cohort: Layout) -> Places:
    yield cohort.cines, tables.CINES
    yield cohort.sources, tables.SOURCES
    yield cohort.exclusions, tables.EXCLUSIONS
    yield cohort.labels, tables.LABELS
    yield cohort.regions, tables.REGIONS
    yield cohort.phases, tables.PHASE_TABLE
    for recipe in params.recipes:
        yield cohort.prepared(recipe) / "prepared.csv", tables.PREPARED
        yield cohort.prepared(recipe) / "exclusions.csv", tables.EXCLUSIONS


def leakage(frames: Mapping[Path, pd.DataFrame], *, params: Params, layout: Layout) -> Iterator[Finding]:
    """A person or an image on two sides of a split, or an answer to a cine by a model that saw it."""
    if layout.cines not in frames or layout.folds not in frames:
        return
    cines, parts = frames[layout.cines][["cine_id", "patient_id", "digest"]], frames[layout.folds]
    try:
        links = read_links(str(layout.base / params.split.links)) if params.split.links else None
        person = persons_of([*cines["patient_id"], *parts["patient_id"]], links=links)
        linked = parts.assign(patient_id=parts["patient_id"].map(person))
        folds.verify(linked, cines=cines.assign(patient_id=cines["patient_id"].map(person)))
    except CinemyoError as error:
        yield Finding("folds", error.where, f"expected {error.expected}, got {error.got}", error.remedy)
    for name, arm in params.arms.items():
        path = layout.predictions(name)
        if path in frames:
            yield from _seen(frames[path], parts=parts[parts["scheme"] == arm.scheme], name=_name(path, layout))


def _seen(answers: pd.DataFrame, *, parts: pd.DataFrame, name: str) -> Iterator[Finding]:
    """Answers on a test set that their fold does not hold out."""
    part = answers["cine_id"].map(parts.set_index("cine_id")["part"])
    tested = answers["set"] == "test"
    own = (part == answers["fold"].astype(str)) | part.isin(["test"])
    seen = answers["cine_id"][tested & ~own.fillna(False)]
    if len(seen):
        difference = (
            f"{len(seen)} answers on a test set by a model that did not hold the cine out, first {seen.iloc[0]}"
        )
        yield Finding("folds", name, difference, "run `make repro`")


def _name(path: Path, layout: Layout) -> str:
    return path.relative_to(layout.base).as_posix()
