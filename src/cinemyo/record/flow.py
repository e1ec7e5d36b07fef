"""The flow of a study in counts: from the files that were found to the patients and cines that were analysed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm, Params
from cinemyo.errors import TableError
from cinemyo.labels import CLASSES, Scheme
from cinemyo.layout import Layout
from cinemyo.persons import persons_of, read_links
from cinemyo.sheets import REFUSED


@dataclass(frozen=True)
class Units:
    """Patients (persons) and their cines."""

    patients: int
    cines: int


@dataclass(frozen=True)
class Flow:
    """Counts of each step; `check` refuses those that do not add up.

    Source: CONSORT 2010, flow diagram
    """

    files: int
    files_excluded: Mapping[str, int]
    """By code."""
    files_used: int
    found: Units
    unlabelled: Units
    labelled: Units
    unprepared: Mapping[str, Mapping[str, int]]
    """By recipe: cines excluded, by code."""
    prepared: Mapping[str, int]
    """By recipe: cines with a canvas."""
    arm: str
    recipe: str
    scheme: str
    parts: Mapping[str, Units]
    """Of the split that the primary arm uses, by part."""
    unsplit: Units
    """Labelled cines that no part of that split holds."""
    unanswered: Units
    """Cines of the analysed parts that have no canvas or no label of the arm's target."""
    analysed: Units
    analysed_by_class: Mapping[str, Units]

    def check(self) -> None:
        """Refuses counts that do not balance.

        Raises:
            TableError: naming the step, what came in and what came out.
        """
        excluded = sum(self.files_excluded.values())
        split = sum(part.cines for part in self.parts.values())
        answered = sum(part.cines for name, part in self.parts.items() if is_analysed(name))
        steps = {
            "files": (self.files, self.files_used + excluded, "files in cines + files excluded"),
            "cines": (self.found.cines, self.labelled.cines + self.unlabelled.cines, "labelled + without a label"),
            "split": (self.labelled.cines, split + self.unsplit.cines, "cines of the parts + in no part"),
            "analysed cines": (answered, self.analysed.cines + self.unanswered.cines, "analysed + not answered"),
            "classes": (
                self.analysed.cines,
                sum(units.cines for units in self.analysed_by_class.values()),
                "cines of the classes",
            ),
        }
        for recipe, count in self.prepared.items():
            lost = sum(self.unprepared[recipe].values())
            steps[f"canvases {recipe}"] = (self.found.cines, count + lost, "cines prepared + cines excluded")
        for step, (came, went, words) in steps.items():
            if came != went:
                remedy = "run the stages before it again (dvc repro)"
                raise TableError(f"flow, {step}", expected=f"{came} = {words}", got=str(went), remedy=remedy)


def is_analysed(part: str) -> bool:
    """Whether the cines of a part are answered in the figures of an arm: folds, and the test part of a double split."""
    return part.isdigit() or part == "test"


def flow_of(params: Params, *, layout: Layout) -> Flow:
    """The counts of a study, checked.

    Raises:
        TableError: the counts do not balance, or differ from those of `metrics.json`.
    """
    name = params.study.primary
    arm = params.arms[name]
    files = tables.read(layout.sources, table=tables.SOURCES)
    cines = tables.read(layout.cines, table=tables.CINES)[["cine_id", "patient_id", "source"]]
    persons = persons_of(cines["patient_id"].tolist(), links=read_links(params.split.links))
    cines = cines.assign(person=cines["patient_id"].map(persons))
    _refuse_strangers(files, cines=cines, where=str(layout.sources))
    labels = tables.read(layout.labels, table=tables.LABELS)
    known = cines["cine_id"].isin(set(labels["cine_id"][labels["pathology"].notna()]))
    parts = _parts(layout, scheme=arm.scheme, cines=cines)
    answers = _answers(layout, name=name, arm=arm).merge(cines, on="cine_id", how="left")
    candidates = parts[parts["part"].map(is_analysed)]
    withdrawn = _withdrawn(layout)
    flow = Flow(
        files=len(files) + withdrawn.get(REFUSED, 0),
        files_excluded=_counts(files["code"][files["cine_id"].isna()]) | withdrawn,
        files_used=int(files["cine_id"].notna().sum()),
        found=_units(cines),
        unlabelled=_units(cines[~known]),
        labelled=_units(cines[known]),
        unprepared={recipe: _unprepared(layout, recipe=recipe) for recipe in params.recipes},
        prepared={recipe: _prepared(layout, recipe=recipe) for recipe in params.recipes},
        arm=name,
        recipe=arm.recipe,
        scheme=arm.scheme,
        parts={str(part): _units(rows) for part, rows in parts.groupby("part", sort=True)},
        unsplit=_units(cines[known & ~cines["cine_id"].isin(set(parts["cine_id"]))]),
        unanswered=_units(candidates[~candidates["cine_id"].isin(set(answers["cine_id"]))]),
        analysed=_units(answers),
        analysed_by_class={own: _units(answers[answers["truth"] == own]) for own in CLASSES[arm.target]},
    )
    flow.check()
    _refuse_other_metrics(flow, layout=layout)
    return flow


def _refuse_strangers(files: pd.DataFrame, *, cines: pd.DataFrame, where: str) -> None:
    """Every file that was used belongs to a cine, and every cine of single frames has a file.

    A file of a whole stack, as ACDC has them, names the first of its cines alone.
    """
    named, known = set(files["cine_id"].dropna()), set(cines["cine_id"])
    single = set(cines["cine_id"][cines["source"] == "dicom"])
    strangers = sorted((named - known) | (single - named))
    if strangers:
        got = f"{strangers[0]} in one of the two alone ({len(strangers)} such cines)"
        expected, remedy = "the cines of cines.csv", "run the stage ingest again"
        raise TableError(where, expected=expected, got=got, remedy=remedy)


def _units(rows: pd.DataFrame) -> Units:
    return Units(int(rows["person"].nunique()), len(rows))


def _withdrawn(layout: Layout) -> dict[str, int]:
    """Files of patients who withdrew, which `sources.parquet` does not name."""
    excluded = tables.read(layout.exclusions, table=tables.EXCLUSIONS)
    own = excluded[excluded["code"] == REFUSED]
    return {REFUSED: int(own["n_files"].sum())} if len(own) else {}


def _counts(codes: pd.Series) -> dict[str, int]:
    counted = codes.fillna("no code").value_counts()
    return {str(code): int(counted[code]) for code in sorted(counted.index, key=lambda code: (-counted[code], code))}


def _unprepared(layout: Layout, *, recipe: str) -> dict[str, int]:
    path = layout.prepared(recipe) / "exclusions.csv"
    return _counts(tables.read(path, table=tables.EXCLUSIONS)["code"]) if path.is_file() else {}


def _prepared(layout: Layout, *, recipe: str) -> int:
    return len(tables.read(layout.prepared(recipe) / "prepared.csv", table=tables.PREPARED))


def _parts(layout: Layout, *, scheme: Scheme, cines: pd.DataFrame) -> pd.DataFrame:
    folds = tables.read(layout.folds, table=tables.FOLDS)
    own = folds[folds["scheme"] == scheme][["cine_id", "part"]]
    return own.merge(cines, on="cine_id", how="inner")


def _answers(layout: Layout, *, name: str, arm: Arm) -> pd.DataFrame:
    predictions = tables.read(layout.predictions(name), table=tables.predictions(arm.target))
    return predictions[predictions["set"] == "test"][["cine_id", "truth"]]


def _refuse_other_metrics(flow: Flow, *, layout: Layout) -> None:
    figures = json.loads(layout.metrics.read_text(encoding="utf-8"))["arms"][flow.arm]
    told = Units(int(figures["n_patients"]), int(figures["n_cines"]))
    if told != flow.analysed:
        expected = f"{told.cines} cines of {told.patients} patients, as in {layout.metrics.name}"
        got = f"{flow.analysed.cines} of {flow.analysed.patients}"
        raise TableError("flow, analysed", expected=expected, got=got, remedy="run the stage evaluate again")
