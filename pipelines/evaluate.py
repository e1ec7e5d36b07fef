"""All answers of the study to its results section: metrics, tables, figures, and what a person should look at."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.evaluation import sections
from cinemyo.evaluation.cases import misclassified
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.label_errors import label_error_list
from cinemyo.evaluation.reading import read_evidence, read_paths
from cinemyo.evaluation.review_queue import review_queue
from cinemyo.evaluation.scores import answers, scores
from cinemyo.evaluation.scoring import Scored
from cinemyo.evaluation.summary import metrics_of
from cinemyo.layout import Layout
from cinemyo.record.figures_cases import SHOWN, case_sheet, read_pairs
from cinemyo.record.result_figures import figures_of
from pipelines.stage import stage

PARAMS = {
    "arms",
    "evaluate",
    "explain",
    "external",
    "leakage",
    "recipes",
    "robustness",
    "seed",
    "sheets",
    "split",
    "study",
}


def main() -> None:
    """Runs the stage."""
    with stage("evaluate") as run:
        layout = run.layout
        evidence = read_evidence(run.params, layout=layout)
        files = dict(outputs(evidence, layout=layout))
        for folder in (layout.tables, layout.figures, layout.errors, layout.scores, layout.plots):
            _clear(folder, keep=set(files))
        for path, content in files.items():
            tables.write_bytes(path, content)
        params = run.params.model_dump(mode="json", include=PARAMS)
        run.wrote(inputs=read_paths(run.params, layout=layout), outputs=list(files), params=params)


def _clear(folder: Path, *, keep: set[Path]) -> None:
    """Removes what an earlier run left of arms and tables that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path not in keep:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def outputs(evidence: Evidence, *, layout: Layout) -> Iterator[tuple[Path, bytes]]:
    """Files of the stage with their content."""
    params = evidence.params
    metrics = metrics_of(evidence.arms, study=params.study, evaluate=params.evaluate, seed=params.seed)
    yield layout.metrics, as_json(metrics)
    results = sections.results_of(evidence)
    for _, found in results:
        for table in found:
            yield layout.tables / f"{table.name}.csv", table.csv()
    yield layout.contents, sections.contents(results)
    yield layout.review_queue, csv(review_queue(evidence))
    for name, content in figures_of(evidence, metrics=metrics):
        yield layout.figures / name, content
    for scored in evidence.arms:
        yield layout.scores / f"{scored.name}.json", as_json(scores(metrics["arms"][scored.name]))
        yield layout.plots / f"{scored.name}.csv", csv(answers(scored))
        yield from case_files(scored, evidence=evidence, layout=layout)


def case_files(scored: Scored, *, evidence: Evidence, layout: Layout) -> Iterator[tuple[Path, bytes]]:
    """Misclassified cines of an arm as a list and as a sheet, and the labels that may be wrong."""
    note = standing(scored.arm, study=evidence.params.study)
    cases = misclassified(scored, regions=evidence.regions, phases=evidence.phases)
    yield layout.errors / f"{scored.name}.csv", csv(cases)
    prepared, shown = evidence.prepared[scored.arm.recipe], cases["cine_id"].head(SHOWN).tolist()
    pairs = read_pairs(shown, arm=scored.arm, layout=layout, prepared=prepared, phases=evidence.phases)
    sheet = case_sheet(cases, pairs=pairs, title=f"{scored.name}: misclassified cines", note=note)
    yield layout.errors / f"{scored.name}.png", sheet
    if scored in evidence.honest and scored.arm.target == "pathology":
        yield layout.errors / f"label_errors_{scored.name}.csv", csv(label_error_list(scored, cines=evidence.cines))


def as_json(values: dict[str, Any] | dict[str, float]) -> bytes:
    """Values as JSON."""
    return (json.dumps(values, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def csv(frame: pd.DataFrame) -> bytes:
    """The table as CSV."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


if __name__ == "__main__":
    main()
