"""Every table of a study against its schema, and its folds against leakage."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from cinemyo import folds, tables
from cinemyo.audit.finding import Finding
from cinemyo.config import Params
from cinemyo.errors import CinemyoError
from cinemyo.layout import Layout
from cinemyo.persons import persons_of, read_links

Places = Iterator[tuple[Path, tables.Table]]


def schemas(params: Params, *, layout: Layout) -> Iterator[Finding]:
    """Tables that break their schema, with row, column and value; a table that is not there is no fault of its own."""
    for path, table in places(params, layout=layout):
        try:
            if path.is_file():
                tables.read(path, table=table)
        except CinemyoError as error:
            difference = f"expected {error.expected}, got {error.got}"
            yield Finding("tables", _name(path, layout), difference, error.remedy)
        except (ValueError, OSError) as error:
            got = " ".join(str(error).split())[:200]
            yield Finding("tables", _name(path, layout), f"no table that can be read: {got}", "run `make repro`")


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


def leakage(params: Params, *, layout: Layout) -> Iterator[Finding]:
    """A person or an image on two sides of a split, or an answer to a cine by a model that saw it."""
    if not (layout.folds.is_file() and layout.cines.is_file()):
        return
    try:
        cines, parts = _linked(params, layout=layout)
        folds.verify(parts, cines=cines)
        for name, arm in params.arms.items():
            if layout.predictions(name).is_file():
                answers = tables.read(layout.predictions(name), table=tables.predictions(arm.target))
                yield from _seen(
                    answers, parts=parts[parts["scheme"] == arm.scheme], name=_name(layout.predictions(name), layout)
                )
    except CinemyoError as error:
        yield Finding("folds", error.where, f"expected {error.expected}, got {error.got}", error.remedy)
    except (ValueError, OSError):
        return  # a table that cannot be read is named by `schemas`


def _linked(params: Params, *, layout: Layout) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cines and folds in which linked patient numbers are one person."""
    cines = tables.read(layout.cines, table=tables.CINES)[["cine_id", "patient_id", "digest"]]
    parts = tables.read(layout.folds, table=tables.FOLDS)
    links = read_links(str(layout.base / params.split.links)) if params.split.links else None
    person = persons_of([*cines["patient_id"], *parts["patient_id"]], links=links)
    linked = cines.assign(patient_id=cines["patient_id"].map(person))
    return linked, parts.assign(patient_id=parts["patient_id"].map(person))


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
