"""The evidence of a study, read from its files: nothing here computes a figure."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from cinemyo import measures, sheets, tables
from cinemyo.config import Arm, Params
from cinemyo.evaluation.evidence import Evidence, External
from cinemyo.evaluation.scoring import Scored, score
from cinemyo.folds import verify
from cinemyo.layout import Layout
from cinemyo.persons import read_links


def read_evidence(params: Params, *, layout: Layout) -> Evidence:
    """All tables that the results of the study's arms are made of, checked against folds and labels.

    Raises:
        TableError: a table that an earlier stage should have written is absent or broken.
        SplitError: predictions contradict the folds or the labels.
    """
    cines = tables.read(layout.cines, table=tables.CINES)
    labels = tables.read(layout.labels, table=tables.LABELS)
    folds = tables.read(layout.folds, table=tables.FOLDS)
    verify(folds, cines=cines)
    prepared = {
        name: tables.read(layout.prepared(name) / "prepared.csv", table=tables.PREPARED) for name in recipes_of(params)
    }
    predictions = {
        name: tables.read(layout.predictions(name), table=tables.predictions(arm.target))
        for name, arm in params.arms.items()
    }
    links = read_links(params.split.links)
    arms = scored(
        params, predictions=predictions, folds=folds, cines=cines, labels=labels, prepared=prepared, links=links
    )
    return Evidence(
        params=params,
        arms=arms,
        cines=cines,
        labels=labels,
        folds=folds,
        links=links,
        regions=tables.read(layout.regions, table=tables.REGIONS),
        phases=tables.read(layout.phases, table=tables.PHASE_TABLE),
        prepared=prepared,
        histories={name: tables.read(layout.history(name), table=tables.HISTORY) for name in params.arms},
        predictions=predictions,
        holdout={name: answers(layout.holdout(name), arm=arm) for name, arm in params.arms.items()},
        external=external_of(params, layout=layout),
        attention=pd.concat([tables.read(layout.attention(name), table=tables.ATTENTION) for name in params.arms]),
        leakage=tables.read(layout.leakage, table=measures.LEAKAGE),
        robustness={
            name: tables.read(layout.robustness(name), table=measures.robustness(arm.target))
            for name, arm in params.arms.items()
        },
        readers=tables.read(layout.base / params.sheets.readers, table=sheets.READERS),
        corrections=tables.read(layout.base / params.sheets.corrections, table=sheets.CORRECTIONS),
        openings=tables.read(layout.base / params.sheets.openings, table=sheets.OPENINGS),
    )


def scored(
    params: Params,
    *,
    predictions: dict[str, pd.DataFrame],
    folds: pd.DataFrame,
    cines: pd.DataFrame,
    labels: pd.DataFrame,
    prepared: dict[str, pd.DataFrame],
    links: pd.DataFrame | None,
) -> tuple[Scored, ...]:
    """Every arm of the study, checked and scored."""
    return tuple(
        score(
            predictions[name],
            name=name,
            arm=arm,
            folds=folds,
            cines=cines,
            labels=labels,
            prepared=set(prepared[arm.recipe]["cine_id"]),
            seed=params.seed,
            links=links,
        )
        for name, arm in params.arms.items()
    )


def answers(path: Path, *, arm: Arm) -> pd.DataFrame:
    """Predictions beside those of the folds; no rows where the stage that writes them had nothing to answer."""
    table = tables.predictions(arm.target)
    return tables.read(path, table=table) if path.is_file() else tables.from_rows([], table=table)


def external_of(params: Params, *, layout: Layout) -> External | None:
    """The supplementary cohort, where the study has one."""
    if not params.external.sources:
        return None
    own = layout.external
    return External(
        cines=tables.read(own.cines, table=tables.CINES),
        labels=tables.read(own.labels, table=tables.LABELS),
        phases=tables.read(own.phases, table=tables.PHASE_TABLE),
        predictions={
            name: tables.read(layout.external_predictions(name), table=tables.predictions(params.arms[name].target))
            for name in params.external.arms
        },
    )


def recipes_of(params: Params) -> list[str]:
    """Recipes that the arms use."""
    return sorted({arm.recipe for arm in params.arms.values()})


def read_paths(params: Params, *, layout: Layout) -> list[Path]:
    """Files and folders that the evidence is read from, for its provenance."""
    common = [layout.cines, layout.labels, layout.folds, layout.regions, layout.phases, layout.leakage]
    written = [
        layout.base / path for path in (params.sheets.readers, params.sheets.corrections, params.sheets.openings)
    ]
    per_arm = [path for name in params.arms for path in _arm_paths(name, layout=layout)]
    external = [layout.external.cines, layout.external.labels, layout.external.phases]
    external += [layout.external_predictions(name) for name in params.external.arms]
    links = [Path(params.split.links)] if params.split.links else []
    recipes = [layout.prepared(name) for name in recipes_of(params)]
    return [*common, *written, *links, *recipes, *per_arm, *_present(external)]


def _arm_paths(name: str, *, layout: Layout) -> list[Path]:
    always = [layout.predictions(name), layout.history(name), layout.attention(name), layout.robustness(name)]
    return [*always, *_present([layout.holdout(name)])]


def _present(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.is_file()]
