"""From source files to analysed patients in counts: at every level, with every exclusion by code and reason."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow.parquet as pq

from cinemyo.audit.balance import Account, Counts, Loss, Step, refuse_gaps
from cinemyo.config import Params
from cinemyo.errors import AuditError, TableError
from cinemyo.labels import CLASSES, Target
from cinemyo.layout import Layout
from cinemyo.persons import persons_of, read_links
from cinemyo.record.flow import is_analysed
from cinemyo.schema import read_text

LEVELS: Final = {"patients": "person", "exams": "exam_id", "series": "series_id", "cines": "cine_id"}
SINGLE: Final = "dicom"
"""Sources whose every cine has files of its own; a file of a whole stack names the first of its cines alone."""


def account_of(params: Params, *, layout: Layout) -> Account:
    """The flow of a study, checked; patients are persons, who may have several numbers.

    Raises:
        TableError: a table is absent or broken, or counts do not balance, or differ from those of `metrics.json`.

    Source: CONSORT 2010, flow diagram; CLAIM 2024, item 34 (flow of participants)
    """
    name = params.study.primary
    arm = params.arms[name]
    cines = _cines(layout, params=params)
    answers = _answers(layout.predictions(name), target=arm.target)
    steps = [*_first(layout, cines=cines, cohort="study"), *_split(layout, params=params, cines=cines, answers=answers)]
    steps += [_prepared(layout, recipe=recipe, cines=cines, cohort="study") for recipe in params.recipes]
    if layout.external.cines.is_file():
        steps += list(_external(params, layout=layout))
    for step in steps:
        step.check()
    refuse_gaps(steps, names=("labelled", "split", f"analysed, arm {name}"))
    analysed = cines.merge(answers, on="cine_id")
    classes = {own: _counts(analysed[analysed["truth"] == own]) for own in CLASSES[arm.target]}
    _refuse_other_metrics(layout, arm=name, counts=_counts(analysed), classes=classes)
    return Account(name, arm.scheme, tuple(steps), classes, _withdrawn(params, layout=layout))


def _cines(layout: Layout, *, params: Params) -> pd.DataFrame:
    names = ["cine_id", "patient_id", "exam_id", "series_id", "source"]
    if not layout.cines.is_file():
        raise TableError(layout.cines.name, expected="the table cines", got="no file", remedy="run `make repro`")
    frame = read_text(layout.cines).reindex(columns=names)
    links = read_links(params.split.links and str(layout.base / params.split.links))
    persons = persons_of(sorted(set(frame["patient_id"])), links=links)
    return frame.assign(person=frame["patient_id"].map(persons))


def _answers(path: Path, *, target: Target) -> pd.DataFrame:
    if not path.is_file():
        remedy = "run `make repro`"
        raise TableError(path.name, expected=f"answers for the target {target}", got="no file", remedy=remedy)
    frame = read_text(path)
    return frame[frame["set"].isin(("test", "external"))].drop_duplicates("cine_id")[["cine_id", "truth"]]


def _counts(frame: pd.DataFrame) -> Counts:
    return Counts(**{level: int(frame[column].nunique()) for level, column in LEVELS.items()})


def _step(cohort: str, name: str, *, came: pd.DataFrame, codes: pd.Series, reasons: Mapping[str, str]) -> Step:
    """A step at which each cine stays (no code) or leaves under a code; `codes` is by the index of `came`."""
    stays = came[codes.isna()]
    gone = {level: len(set(came[column]) - set(stays[column])) for level, column in LEVELS.items()}
    losses = tuple(
        Loss(str(code), reasons.get(str(code), _words(code)), _counts(came[codes == code]))
        for code in codes.value_counts().index
    )
    return Step(cohort, name, _counts(came), losses, Counts(**gone), _counts(stays))


def _first(layout: Layout, *, cines: pd.DataFrame, cohort: str) -> Iterator[Step]:
    """Files to cines, and cines to those with a label."""
    files = _files(layout)
    excluded = files["code"][files["cine_id"].isna()].fillna("no_code")
    reasons = _reasons(layout)
    _refuse_strangers(files, cines=cines, excluded=excluded, layout=layout)
    found = read_text(layout.exclusions)
    losses = tuple(
        Loss(str(code), reasons.get(str(code), _words(code)), _items(found[found["code"] == code], files=int(count)))
        for code, count in excluded.value_counts().items()
    )
    used = int(files["cine_id"].notna().sum())
    yield Step(cohort, "files", Counts(files=len(files)), losses, Counts(files=len(excluded)), Counts(files=used))
    yield _ingested(cines, found=found, reasons=reasons, cohort=cohort)
    labels = read_text(layout.labels)
    known = set(labels["cine_id"][labels["pathology"].notna()])
    codes = pd.Series("no_label", index=cines.index, dtype="object").where(~cines["cine_id"].isin(known))
    reasons = {"no_label": "the sheet gives no pathology of these classes"}
    yield _step(cohort, "labelled", came=cines, codes=codes, reasons=reasons)


def _items(rows: pd.DataFrame, *, files: int) -> Counts:
    """How many items of each level were excluded under a code, of how many patients, with how many files."""
    by_level = rows["level"].value_counts()
    exams, series, cines = (int(by_level.get(level, 0)) or None for level in ("exam", "series", "cine"))
    return Counts(int(rows["patient_id"].nunique()) or None, exams, series, cines, files)


def _ingested(cines: pd.DataFrame, *, found: pd.DataFrame, reasons: Mapping[str, str], cohort: str) -> Step:
    """Patients of whom anything was found to those who have a cine; the others by the code of their first item."""
    person = dict(zip(cines["patient_id"], cines["person"], strict=True))
    others = found[found["patient_id"].notna() & ~found["patient_id"].isin(set(person))].drop_duplicates("patient_id")
    n_in = int(cines["person"].nunique())
    losses = tuple(
        Loss(str(code), reasons.get(str(code), _words(code)), Counts(patients=int(count)))
        for code, count in others["code"].value_counts().items()
    )
    came, gone = Counts(patients=n_in + len(others)), Counts(patients=len(others))
    return Step(cohort, "patients", came, losses, gone, Counts(patients=n_in))


def _words(code: object) -> str:
    return str(code).replace("_", " ")


def _files(layout: Layout) -> pd.DataFrame:
    if not layout.sources.is_file():
        raise TableError(layout.sources.name, expected="the table sources", got="no file", remedy="run `make repro`")
    table = pq.read_table(layout.sources, columns=["cine_id", "code"])
    return pd.DataFrame({name: table[name].to_pandas() for name in table.column_names})


def _refuse_strangers(files: pd.DataFrame, *, cines: pd.DataFrame, excluded: pd.Series, layout: Layout) -> None:
    """Every used file is in a cine, every cine of single frames has one, and the tables of exclusions agree."""
    named, known = set(files["cine_id"].dropna()), set(cines["cine_id"])
    strangers = sorted((named - known) | (set(cines["cine_id"][cines["source"] == SINGLE]) - named))
    remedy = "run the stage ingest again"
    if strangers:
        got = f"{strangers[0]} in one of the two alone ({len(strangers)} such cines)"
        raise TableError(layout.sources.name, expected="the cines of cines.csv", got=got, remedy=remedy)
    if bool((files["cine_id"].notna() & files["code"].notna()).any()):
        raise TableError(layout.sources.name, expected="a cine or a code", got="both", remedy=remedy)
    told = read_text(layout.exclusions)
    by_code = told.assign(n=told["n_files"].astype(int)).groupby("code")["n"].sum()
    by_code = by_code[by_code > 0]
    counted = excluded.value_counts()
    if by_code.to_dict() != counted.to_dict():
        differing = sorted(set(by_code.index) | set(counted.index))
        wrong = next(code for code in differing if by_code.get(code, 0) != counted.get(code, 0))
        expected = f"{counted.get(wrong, 0)} files under {wrong}, as in {layout.sources.name}"
        raise TableError(layout.exclusions.name, expected=expected, got=str(by_code.get(wrong, 0)), remedy=remedy)


def _reasons(layout: Layout) -> dict[str, str]:
    """The commonest reason of each code, as ingest wrote it."""
    frame = read_text(layout.exclusions)
    return {str(code): str(rows["reason"].mode().iloc[0]) for code, rows in frame.groupby("code")}


def _split(layout: Layout, *, params: Params, cines: pd.DataFrame, answers: pd.DataFrame) -> Iterator[Step]:
    """Labelled cines to those of the analysed parts, and these to those that the arm answered."""
    arm = params.arms[params.study.primary]
    folds = read_text(layout.folds)
    parts = folds[folds["scheme"] == arm.scheme].set_index("cine_id")["part"]
    labels = read_text(layout.labels)
    known = cines[cines["cine_id"].isin(set(labels["cine_id"][labels["pathology"].notna()]))]
    part = known["cine_id"].map(parts).astype("object").where(known["cine_id"].isin(parts.index), "in_no_part")
    codes = part.where(~part.map(is_analysed))
    words = {"holdout": "held out of all folds", "in_no_part": f"in no part of the scheme {arm.scheme}"}
    words |= {"train": "the training part", "validation": "the validation part"}
    yield _step("study", "split", came=known, codes=codes, reasons=words)
    candidates = cines[cines["cine_id"].isin(parts.index[parts.map(is_analysed)])]
    yield _answered(
        "study",
        f"analysed, arm {params.study.primary}",
        came=candidates,
        answers=answers,
        layout=layout,
        recipe=arm.recipe,
    )


def _answered(
    cohort: str, name: str, *, came: pd.DataFrame, answers: pd.DataFrame, layout: Layout, recipe: str
) -> Step:
    """Cines that an arm was asked for to those that it answered; the others by why they had no canvas."""
    lost = _excluded(layout, recipe=recipe)
    is_answered = came["cine_id"].isin(set(answers["cine_id"]))
    why = came["cine_id"].map({item: code for item, (code, _) in lost.items()})
    codes = why.astype("object").where(why.notna(), "not_answered").where(~is_answered)
    reasons = dict(lost.values()) | {"not_answered": "no label of the arm's target"}
    strangers = set(answers["cine_id"]) - set(came["cine_id"])
    if strangers:
        got = f"{min(strangers)} ({len(strangers)} such cines)"
        where, remedy = f"flow, {cohort}, {name}", "run the stages after split again"
        raise TableError(where, expected="answers to the cines of the step before", got=got, remedy=remedy)
    return _step(cohort, name, came=came, codes=codes, reasons=reasons)


def _excluded(layout: Layout, *, recipe: str) -> dict[str, tuple[str, str]]:
    """Code and reason by cine, of those that have no canvas of a recipe."""
    path = layout.prepared(recipe) / "exclusions.csv"
    if not path.is_file():
        return {}
    frame = read_text(path)
    return {str(row.item): (str(row.code), str(row.reason)) for row in frame.itertuples(index=False)}


def _prepared(layout: Layout, *, recipe: str, cines: pd.DataFrame, cohort: str) -> Step:
    made = set(read_text(layout.prepared(recipe) / "prepared.csv")["cine_id"])
    lost = _excluded(layout, recipe=recipe)
    why = cines["cine_id"].map({item: code for item, (code, _) in lost.items()})
    codes = why.astype("object").where(why.notna(), "no_canvas").where(~cines["cine_id"].isin(made))
    both = made & set(lost)
    if both or "no_canvas" in set(codes.dropna()):
        got = f"{min(both)} among both" if both else f"{int((codes == 'no_canvas').sum())} in neither"
        where, expected = f"flow, {cohort}, canvases {recipe}", "each cine prepared or excluded"
        raise TableError(where, expected=expected, got=got, remedy="run the stage prepare again")
    reasons = dict(lost.values())
    return _step(cohort, f"canvases, recipe {recipe}", came=cines, codes=codes, reasons=reasons)


def _external(params: Params, *, layout: Layout) -> Iterator[Step]:
    """The supplementary cohort, which no model was trained on."""
    own = layout.external
    cines = _cines(own, params=params)
    yield from _first(own, cines=cines, cohort="external")
    labels = read_text(own.labels)
    known = cines[cines["cine_id"].isin(set(labels["cine_id"][labels["pathology"].notna()]))]
    for name in params.external.arms:
        path, arm = layout.external_predictions(name), params.arms[name]
        if path.is_file():
            answers = _answers(path, target=arm.target)
            answers = answers[answers["cine_id"].isin(set(known["cine_id"]))]
            yield _answered(
                "external", f"analysed, arm {name}", came=known, answers=answers, layout=own, recipe=arm.recipe
            )


def _withdrawn(params: Params, *, layout: Layout) -> dict[str, int]:
    path = layout.base / params.oversight.withdrawn
    if not path.is_file():
        return {}
    counted = read_text(path)["reason"].value_counts()
    return {str(reason): int(count) for reason, count in counted.items()}


def _refuse_other_metrics(layout: Layout, *, arm: str, counts: Counts, classes: Mapping[str, Counts]) -> None:
    if sum(own.cines or 0 for own in classes.values()) != counts.cines:
        expected = f"{counts.cines} cines by class"
        got = str({name: own.cines for name, own in classes.items()})
        raise TableError("flow, classes", expected=expected, got=got, remedy="run the stage train again")
    if not layout.metrics.is_file():
        raise TableError(layout.metrics.name, expected="the figures", got="no file", remedy="run `make repro`")
    arms = json.loads(layout.metrics.read_text(encoding="utf-8"))["arms"]
    if arm not in arms:
        raise AuditError(layout.metrics.name, expected=f"the arm {arm}", got=", ".join(arms), remedy="run `make repro`")
    told = arms[arm]["n_cines"], arms[arm]["n_patients"]
    if told != (counts.cines, counts.patients):
        expected = f"{told[0]} cines of {told[1]} patients, as in {layout.metrics.name}"
        got, remedy = f"{counts.cines} of {counts.patients}", "run the stage evaluate again"
        raise TableError("flow, analysed", expected=expected, got=got, remedy=remedy)
