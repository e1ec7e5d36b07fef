"""Predictions of the listed arms to metrics, tables, figures and the list of misclassified cines."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.evaluation import breakdown
from cinemyo.evaluation.cases import misclassified
from cinemyo.evaluation.scoring import Scored, score
from cinemyo.evaluation.summary import metrics_of
from cinemyo.evaluation.tables import standing, table_2, table_3, table_4
from cinemyo.folds import verify
from cinemyo.layout import Layout
from cinemyo.persons import read_links
from cinemyo.record.figures import Matrix, accuracy_figure, confusion_figure, learning_curves
from cinemyo.record.figures_cases import SHOWN, case_sheet, read_pairs
from pipelines.stage import stage


@dataclass(frozen=True)
class Inputs:
    """What the stage read."""

    cines: pd.DataFrame
    labels: pd.DataFrame
    folds: pd.DataFrame
    regions: pd.DataFrame
    phases: pd.DataFrame
    prepared: dict[str, pd.DataFrame]
    """By recipe."""
    histories: dict[str, pd.DataFrame]
    """By arm."""


def main() -> None:
    """Runs the stage."""
    with stage("evaluate") as run:
        inputs = read(run.params, layout=run.layout)
        verify(inputs.folds, cines=inputs.cines)
        arms = scored(run.params, layout=run.layout, inputs=inputs)
        metrics = metrics_of(arms, study=run.params.study, evaluate=run.params.evaluate, seed=run.params.seed)
        files = dict(outputs(arms, params=run.params, layout=run.layout, inputs=inputs, metrics=metrics))
        for folder in (run.layout.tables, run.layout.figures, run.layout.errors):
            folder.mkdir(parents=True, exist_ok=True)
            for stale in set(folder.iterdir()) - set(files):
                stale.unlink()
        for path, content in files.items():
            tables.write_bytes(path, content)
        params = run.params.model_dump(mode="json", include={"arms", "evaluate", "recipes", "seed", "study"})
        run.wrote(inputs=read_paths(run.params, layout=run.layout), outputs=list(files), params=params)


def read(params: Params, *, layout: Layout) -> Inputs:
    """The tables that the figures are made of."""
    recipes = sorted({arm.recipe for arm in params.arms.values()})
    return Inputs(
        cines=tables.read(layout.cines, table=tables.CINES),
        labels=tables.read(layout.labels, table=tables.LABELS),
        folds=tables.read(layout.folds, table=tables.FOLDS),
        regions=tables.read(layout.regions, table=tables.REGIONS),
        phases=tables.read(layout.phases, table=tables.PHASE_TABLE),
        prepared={name: tables.read(layout.prepared(name) / "prepared.csv", table=tables.PREPARED) for name in recipes},
        histories={name: tables.read(layout.history(name), table=tables.HISTORY) for name in params.arms},
    )


def read_paths(params: Params, *, layout: Layout) -> list[Path]:
    """Files and folders that the stage reads."""
    recipes = sorted({arm.recipe for arm in params.arms.values()})
    arms = [path for name in params.arms for path in (layout.predictions(name), layout.history(name))]
    common = [layout.cines, layout.labels, layout.folds, layout.regions, layout.phases]
    return [*common, *(layout.prepared(name) for name in recipes), *arms]


def scored(params: Params, *, layout: Layout, inputs: Inputs) -> list[Scored]:
    """Every arm of the study, checked and scored."""
    return [
        score(
            tables.read(layout.predictions(name), table=tables.predictions(arm.target)),
            name=name,
            arm=arm,
            folds=inputs.folds,
            cines=inputs.cines,
            labels=inputs.labels,
            prepared=set(inputs.prepared[arm.recipe]["cine_id"]),
            seed=params.seed,
            links=read_links(params.split.links),
        )
        for name, arm in params.arms.items()
    ]


def outputs(
    arms: list[Scored], *, params: Params, layout: Layout, inputs: Inputs, metrics: dict[str, Any]
) -> Iterator[tuple[Path, bytes]]:
    """Files of the stage with their content."""
    yield layout.metrics, (json.dumps(metrics, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()
    for name, frame in result_tables(arms, params=params, inputs=inputs, metrics=metrics).items():
        if not frame.empty:
            yield layout.tables / f"{name}.csv", csv(frame)
    bars = f"bars: {params.evaluate.level:.0%} interval, patients drawn within their class"
    words = "; ".join(filter(None, ["synthetic phantoms" if params.study.synthetic else "", bars, params.study.notice]))
    title = f"Accuracy on the test folds: {params.study.title}"
    yield layout.figures / "accuracy.png", accuracy_figure(metrics["arms"], title=title, note=words)
    for own in arms:
        yield from arm_files(own, params=params, layout=layout, inputs=inputs)


def result_tables(
    arms: list[Scored], *, params: Params, inputs: Inputs, metrics: dict[str, Any]
) -> dict[str, pd.DataFrame]:
    """Tables by file name."""
    seed = params.seed
    return {
        "table_2": table_2(arms, params=params, metrics=metrics),
        "table_3": table_3(arms, params=params, target="pathology"),
        "table_3_view": table_3(arms, params=params, target="view"),
        "table_4": table_4(arms, params=params, metrics=metrics, histories=inputs.histories),
        "arms": breakdown.arm_table(arms, params=params, seed=seed),
        "classes": breakdown.class_table(arms, params=params),
        "views": breakdown.view_table(arms, params=params, seed=seed),
        "leakage": breakdown.leakage_table(arms, params=params, seed=seed),
    }


def arm_files(own: Scored, *, params: Params, layout: Layout, inputs: Inputs) -> Iterator[tuple[Path, bytes]]:
    """Figures and misclassified cines of an arm."""
    note = standing(own.arm, study=params.study)
    matrices = [Matrix(f"by cine (n = {len(own.answers)})", own.confusion(own.answers))]
    if own.arm.target == "pathology":
        matrices.append(Matrix(f"by patient (n = {len(own.patients)})", own.confusion(own.patients)))
    title = f"{own.name}: test folds together"
    figure = confusion_figure(matrices, classes=own.classes, title=title, note=note)
    yield layout.figures / f"confusion_{own.name}.png", figure
    curves = learning_curves(inputs.histories[own.name], title=f"{own.name}: learning curves", note=note)
    yield layout.figures / f"learning_{own.name}.png", curves
    cases = misclassified(own, regions=inputs.regions, phases=inputs.phases)
    yield layout.errors / f"{own.name}.csv", csv(cases)
    prepared, shown = inputs.prepared[own.arm.recipe], cases["cine_id"].head(SHOWN).tolist()
    pairs = read_pairs(shown, arm=own.arm, layout=layout, prepared=prepared, phases=inputs.phases)
    sheet = case_sheet(cases, pairs=pairs, title=f"{own.name}: misclassified cines", note=note)
    yield layout.errors / f"{own.name}.png", sheet


def csv(frame: pd.DataFrame) -> bytes:
    """The table as CSV."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


if __name__ == "__main__":
    main()
