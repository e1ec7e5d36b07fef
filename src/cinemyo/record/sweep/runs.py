"""The jobs of a sweep as runs nested under one parent, and what is written beside them; all read from files."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from cinemyo import tables
from cinemyo.commit import git_commit
from cinemyo.config import Arm, Params
from cinemyo.labels import LEAKY_SCHEMES
from cinemyo.layout import Layout
from cinemyo.provenance import sha256
from cinemyo.record.run_figures import numbers
from cinemyo.record.runs import CURVES, flat
from cinemyo.record.sweep.figure import accuracy_against_cost
from cinemyo.record.sweep.page import page
from cinemyo.record.tracking import Data, Entry, Metric
from cinemyo.record.tracking.nested import Ended, Item, record_nested
from cinemyo.sweeping.job import Job, sweep_folder, told
from cinemyo.sweeping.ranking import RANKING, job_folders, ranking

log = logging.getLogger(__name__)
FILES: Final = ("ranking.csv", "ranking.html", "accuracy_against_cost.png")


def keep(jobs: Sequence[Job], *, params: Params, layout: Layout, status: Ended | None) -> pd.DataFrame:
    """The ranking of all jobs that rest on the same tables and code, written and recorded with the jobs given.

    `status` is that of the sweep, or None while it goes on: the page and its figure are drawn at its end.

    Raises:
        SetupError: the tracking store does not answer; the files are written all the same.
    """
    folder, basis = sweep_folder(layout), jobs[0].basis
    ranked = ranking(job_folders(folder, basis=basis))
    tables.write(ranked, table=RANKING, path=folder / FILES[0])
    if status:
        write_page(ranked, params=params, folder=folder)
    ended = [job for job in jobs if job.state != "owed"]
    items = [job_item(job.folder, params=params, layout=layout) for job in {job.key: job for job in ended}.values()]
    parent = parent_entry(
        ranked, params=params, files={name: folder / name for name in (FILES if status else FILES[:1])}
    )
    record_nested(layout.base, parent, key=f"sweep {basis}", items=items, status=status)
    return ranked


def write_page(ranked: pd.DataFrame, *, params: Params, folder: Path) -> None:
    """Writes the ranking as a figure and a page."""
    note = "Inner validation parts, by cine; bars: one standard deviation over folds. No test part was looked at."
    figure = accuracy_against_cost(
        ranked, title=f"{params.study.title}: accuracy against cost", note=f"{note} {params.study.notice}".strip()
    )
    tables.write_bytes(folder / FILES[2], figure)
    tables.write_bytes(folder / FILES[1], page(ranked, study=params.study, figure=figure))


def parent_entry(ranked: pd.DataFrame, *, params: Params, files: Mapping[str, Path]) -> Entry:
    """The parent run: how many jobs there are, the best of them, and the ranking."""
    finished = ranked[ranked["state"] == "finished"]
    figures = {"finished": float(len(finished)), "failed": float(len(ranked) - len(finished))}
    best = ranked[ranked["rank"] == 1]
    if len(best):
        figures["best_validation_accuracy"] = float(best["validation_accuracy"].iloc[0])
    return Entry(
        study=f"{params.study.name}_sweep",
        arm="sweep",
        fold=None,
        metrics=[Metric(name, value) for name, value in figures.items()],
        files=files,
        tags={"kind": "sweep", "level": "sweep", "synthetic": str(params.study.synthetic).lower()},
    )


def job_item(folder: Path, *, params: Params, layout: Layout) -> Item:
    """The run of a job: its configuration and figures, or the reason of its failure."""
    job = told(folder / "job.json")
    figures, fault = told(folder / "metrics.json"), told(folder / "failed.json")
    arm = Arm.model_validate(job["arm"])
    reads = {"cines": layout.cines, "labels": layout.labels, "phases": layout.phases, "folds": layout.folds}
    entry = Entry(
        study=f"{params.study.name}_sweep",
        arm=job["name"],
        fold=None,
        params={"seed": str(job["seed"]), "study": params.study.name, **flat(job["arm"])},
        metrics=[*_single(figures), *_curves(folder)] if figures else [],
        files={f"{name}.csv": folder / f"{name}.csv" for name in ("predictions", "history")} if figures else {},
        documents={"confusion.json": figures["validation_confusion"]} if figures else {"failure.json": fault},
        data=[Data(path.relative_to(layout.base).as_posix(), sha256(path), name) for name, path in reads.items()],
        tags=_tags(arm, params=params, job=job["key"], layout=layout) | ({"reason": fault["reason"]} if fault else {}),
    )
    return Item(job["key"], entry, "FINISHED" if figures else "FAILED")


def _single(figures: dict[str, object]) -> list[Metric]:
    folds = figures["validation_accuracy_folds"]
    by_fold = [Metric("fold_validation_accuracy", float(value), step) for step, value in enumerate(folds)]  # type: ignore[arg-type, var-annotated]
    return [*(Metric(name, value) for name, value in numbers(figures).items()), *by_fold]


def _curves(folder: Path) -> list[Metric]:
    """The mean over folds of each curve, by epoch."""
    history = tables.read(folder / "history.csv", table=tables.HISTORY)
    rows = history.groupby("epoch")[list(CURVES)].mean().dropna(axis=1).reset_index().to_dict("records")
    # the figure of a curve's plain name is the one at the kept epoch
    return [
        Metric(f"mean_{name}", float(row[name]), int(row["epoch"])) for row in rows for name in row if name in CURVES
    ]


def _tags(arm: Arm, *, params: Params, job: str, layout: Layout) -> dict[str, str]:
    return {
        "kind": "sweep",
        "level": "job",
        "job": job,
        "mlflow.source.git.commit": git_commit(layout.base).rstrip("+"),
        "target": arm.target,
        "input": "+".join(arm.phases),
        "backbone": arm.backbone.name,
        "crop_px": str(arm.crop_px or "whole canvas"),
        "recipe": arm.recipe,
        "scheme": arm.scheme,
        "leaky": str(arm.scheme in LEAKY_SCHEMES).lower(),
        "synthetic": str(params.study.synthetic).lower(),
        **({"notice": params.study.notice} if params.study.notice else {}),
    }
