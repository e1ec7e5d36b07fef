"""Table 1: the cohort by class, counted by patient and by cine, with the tests that the paper names on both."""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from cinemyo.evaluation import published
from cinemyo.evaluation.cohort_tests import Tested, anova, chi_square, chi_square_by_patient, untested
from cinemyo.evaluation.describe import joined
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.groups import NOT_GIVEN, scanners
from cinemyo.evaluation.result import DIGITS, REASON, ResultTable
from cinemyo.labels import DISPLAY, PATHOLOGIES, VIEWS
from cinemyo.persons import persons_of

NAME: Final = "table_1"
TITLE: Final = "Table 1. The cohort by class"
NOTE: Final = (
    "All labelled cines, hold-out included. p_patients is the right one: patients are independent, the cines of one "
    "patient are not; p_cines is what the paper computes. A patient who came back with another pathology counts in "
    "both classes; age and systolic time of a patient are means over the cines; a view counts the patients who have "
    "it, and is tested by permuting patients. One test per characteristic, repeated in its rows."
)
GROUPS: Final = (*PATHOLOGIES, "all")
UNITS: Final = ("patients", "cines")
NOT_RECORDED: Final = "not recorded in this study"
NO_TEST: Final = "a count: nothing to test"
BY_PATIENT_ALONE: Final = "a figure of patients alone"

Units = Mapping[str, pd.DataFrame]


class Line(NamedTuple):
    """A category of a characteristic: by unit, a figure of each class and of all."""

    category: str
    figures: dict[str, list[Any]]
    printed: published.Printed | None = None


def tables(evidence: Evidence) -> list[ResultTable]:
    """Patients, cines, sex, age, view, systolic time and scanner by class.

    Source: Germain 2021, Table 1
    Departs from Table 1: by patient as well; the paper counts sex and age by input and takes inputs as independent.
    """
    rows = list(_rows(_units(evidence), evidence=evidence))
    return [ResultTable(NAME, TITLE, pd.DataFrame(rows, dtype=object), note=NOTE)]


def _units(evidence: Evidence) -> Units:
    """Labelled cines, and one row per patient and class: class number, sex, age, view, systolic time and scanner."""
    scanner = scanners(evidence.cines).astype("object").rename("scanner").reset_index()
    own = ["cine_id", "patient_id", "exam_order", "sex", "age_years"]
    cines = evidence.cines[own].merge(scanner, on="cine_id")
    cines = cines.merge(evidence.labels[["cine_id", "pathology", "view"]], on="cine_id")
    cines = cines.merge(evidence.phases[["cine_id", "systole_ms"]], on="cine_id", how="left")
    cines = cines[cines["pathology"].notna()].sort_values(["exam_order", "cine_id"], kind="stable", ignore_index=True)
    persons = persons_of(cines["patient_id"].tolist(), links=evidence.links)
    cines["patient_id"] = cines["patient_id"].map(persons)
    cines["truth"] = cines["pathology"].map({name: k for k, name in enumerate(PATHOLOGIES)}).to_numpy(int)
    patients = cines.groupby(["patient_id", "truth"], sort=False).agg(
        sex=("sex", "first"),
        age_years=("age_years", "mean"),
        systole_ms=("systole_ms", "mean"),
        scanner=("scanner", "first"),
        n_cines=("cine_id", "size"),
    )
    return {"patients": patients.reset_index(), "cines": cines}


def _rows(units: Units, *, evidence: Evidence) -> Iterator[dict[str, Any]]:
    printed = published.TABLE_1
    count = Line("n", {unit: _counts(rows["truth"]) for unit, rows in units.items()}, printed["cines"])
    yield from _block("cohort", [count], {}, nothing=NO_TEST, evidence=evidence)
    yield from _numbers("cines per patient", {"patients": units["patients"]}, column="n_cines", evidence=evidence)
    yield from _categories("sex", units, column="sex", evidence=evidence)
    yield from _numbers("age, years", units, column="age_years", evidence=evidence, printed=printed["age"])
    yield from _views(units, evidence=evidence)
    time = printed["systolic time"]
    yield from _numbers("systolic time, ms", units, column="systole_ms", evidence=evidence, printed=time)
    yield from _categories("scanner", units, column="scanner", evidence=evidence)


def _categories(characteristic: str, units: Units, *, column: str, evidence: Evidence) -> Iterator[dict[str, Any]]:
    """A row per category, tested by chi-square without what is not given."""
    given = {unit: rows[column].astype(object).fillna(NOT_GIVEN) for unit, rows in units.items()}
    known = sorted(set(given["cines"]) - {NOT_GIVEN})
    if not known:
        yield from _block(characteristic, [_blank(NOT_GIVEN)], {}, nothing=NOT_RECORDED, evidence=evidence)
        return
    names = known + ([NOT_GIVEN] if (given["cines"] == NOT_GIVEN).any() else [])
    printed = published.TABLE_1.get(characteristic)
    lines = [
        Line(name, {unit: _counts(rows["truth"][given[unit] == name]) for unit, rows in units.items()}, printed)
        for name in names
    ]
    table = {unit: np.array([line.figures[unit][:-1] for line in lines if line.category in known]) for unit in units}
    yield from _block(characteristic, lines, {unit: chi_square(own) for unit, own in table.items()}, evidence=evidence)


def _views(units: Units, *, evidence: Evidence) -> Iterator[dict[str, Any]]:
    """A row per view: patients who have it, and cines; patients are permuted, since one may have several."""
    cines = units["cines"]
    if cines["view"].isna().all():
        yield from _block("view", [_blank(NOT_GIVEN)], {}, nothing=NOT_RECORDED, evidence=evidence)
        return
    lines = []
    for view in VIEWS:
        own = cines[cines["view"] == view]
        once = own.drop_duplicates(["patient_id", "truth"])
        figures = {"patients": _counts(once["truth"]), "cines": _counts(own["truth"])}
        lines.append(Line(DISPLAY[view], figures, published.TABLE_1[view]))
    by_cine = chi_square(np.array([line.figures["cines"][:-1] for line in lines]))
    number = cines.groupby(["patient_id", "truth"], sort=False).ngroup().to_numpy(int)
    seen = np.zeros((number.max() + 1, len(VIEWS)), dtype=np.int64)
    for index, view in enumerate(VIEWS):
        np.add.at(seen[:, index], number[(cines["view"] == view).to_numpy(bool, na_value=False)], 1)
    first = np.unique(number, return_index=True)[1]
    params = evidence.params
    by_patient = chi_square_by_patient(
        seen,
        classes=cines["truth"].to_numpy(int)[first],
        draws=params.evaluate.bootstrap,
        generator=np.random.default_rng([params.seed, zlib.crc32(NAME.encode())]),
    )
    yield from _block("view", lines, {"patients": by_patient, "cines": by_cine}, evidence=evidence)


def _numbers(
    characteristic: str,
    units: Units,
    *,
    column: str,
    evidence: Evidence,
    printed: published.Printed | None = None,
) -> Iterator[dict[str, Any]]:
    """Mean and standard deviation, tested by one-way analysis of variance."""
    known = {unit: rows[rows[column].notna()] for unit, rows in units.items()}
    if known["patients"].empty:
        yield from _block(characteristic, [_blank("mean")], {}, nothing=NOT_RECORDED, evidence=evidence)
        return
    figures = {unit: _moments(rows, column=column) for unit, rows in known.items()}
    lines = [
        Line(name, {unit: own[index] for unit, own in figures.items()}, printed)
        for index, name in enumerate(("mean", "sd"))
    ]
    tested = {
        unit: anova(rows[column].to_numpy(float), classes=rows["truth"].to_numpy(int)) for unit, rows in known.items()
    }
    yield from _block(characteristic, lines, tested, nothing=BY_PATIENT_ALONE, test="ANOVA", evidence=evidence)


def _block(
    characteristic: str,
    lines: list[Line],
    tested: dict[str, Tested],
    *,
    evidence: Evidence,
    nothing: str = "",
    test: str = "chi-square",
) -> Iterator[dict[str, Any]]:
    """Rows of a characteristic with its tests; `nothing` is why a unit has none."""
    found = {unit: tested.get(unit, untested(nothing)) for unit in UNITS}
    columns: dict[str, Any] = {"test": test if tested else "none"}
    for unit, own in found.items():
        columns |= {f"statistic_{unit}": _short(own.statistic), f"p_{unit}": _short(own.p)}
    told = [f"{unit}: {own.reason}" for unit, own in found.items() if own.reason]
    told = [found["cines"].reason] if len({own.reason for own in found.values()}) == 1 else told
    for line in lines:
        cells = {f"{group}_{unit}": figure for unit in UNITS for group, figure in _cells(line, unit=unit)}
        lacking = ["a class has too few values"] if _has_gaps(cells) and not told else []
        row = {"characteristic": characteristic, "category": line.category} | cells | columns
        yield row | _printed(line.printed, evidence=evidence) | {REASON: joined([*told, *lacking])}


def _cells(line: Line, *, unit: str) -> Iterator[tuple[str, Any]]:
    yield from zip(GROUPS, line.figures.get(unit, [np.nan] * len(GROUPS)), strict=True)


def _has_gaps(cells: Mapping[str, Any]) -> bool:
    return any(isinstance(value, float) and np.isnan(value) for value in cells.values())


def _blank(category: str) -> Line:
    return Line(category, {})


def _counts(truth: pd.Series) -> list[int]:
    counts = np.bincount(truth.to_numpy(int), minlength=len(PATHOLOGIES)).tolist()
    return [*counts, sum(counts)]


def _moments(rows: pd.DataFrame, *, column: str) -> tuple[list[float], list[float]]:
    """(means, standard deviations) of each class and of all; nan of too few values."""
    values, truth = rows[column].to_numpy(float), rows["truth"].to_numpy(int)
    groups = [*(values[truth == k] for k in range(len(PATHOLOGIES))), values]
    means = [round(float(own.mean()), DIGITS) if len(own) else np.nan for own in groups]
    return means, [round(float(np.std(own, ddof=1)), DIGITS) if len(own) > 1 else np.nan for own in groups]


def _short(value: float) -> float:
    """A statistic or p to four significant digits, so that a very small p does not end as nil."""
    return float(f"{value:.4g}")


def _printed(line: published.Printed | None, *, evidence: Evidence) -> dict[str, str]:
    """The paper's line, which counts inputs, beside ours; in the study `paper` alone."""
    if evidence.params.study.name != "paper":
        return {}
    texts = line or published.Printed(*["none printed"] * 4)
    return {f"paper_{key}": text or "none printed" for key, text in texts._asdict().items()}
