"""The first screen: disease by patient of the arm that was named before any fit, and the price of leakage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cinemyo.config import Params
from cinemyo.labels import CLASSES, DISPLAY, PATHOLOGIES
from cinemyo.layout import Layout
from cinemyo.record.report.contents import table_rows
from cinemyo.record.report.numbers import NONE, is_number, share, with_interval

DISEASES: Final = ("hcm", "dcm")
GAP: Final = ("gap", "gap_low", "gap_high", "accuracy_by_input", "accuracy_by_patient")
TO_BE_STATED: Final = "to be stated by the study: conf/study"
FIELDS: Final = {
    "intended_use": "Intended use",
    "reference_standard": "Reference standard",
    "eligibility": "Eligibility",
}
"""What a study must say of itself, by its key in `conf/study`."""


@dataclass(frozen=True)
class Figure:
    """A figure of the first screen: its name, value, interval, and the counts that it is made of."""

    name: str
    value: str
    interval: str
    counts: str


@dataclass(frozen=True)
class Disease:
    """Sensitivity and specificity for a disease by patient."""

    name: str
    sensitivity: Figure
    specificity: Figure


@dataclass(frozen=True)
class Price:
    """The price of leakage in a sentence: what was measured, and the gap with its interval; or why there is none."""

    what: str
    gap: str
    detail: str


@dataclass(frozen=True)
class First:
    """What stands on the first screen."""

    arm: str
    level: str
    diseases: tuple[Disease, ...]
    accuracy: Figure | None
    missed: tuple[Figure, ...]
    """Disease called normal: of both diseases together, then of each."""
    why_none: str
    prices: tuple[Price, ...]
    statements: tuple[tuple[str, str], ...]


def first(params: Params, *, layout: Layout, metrics: Mapping[str, Any]) -> First:
    """The first screen of the study."""
    name = params.study.primary
    figures = metrics[name]
    has_patients = "patient_sensitivity" in figures
    why = "" if has_patients else f"the primary arm {name} tells the {params.arms[name].target}: no figure by patient"
    return First(
        arm=name,
        level=percent(params.evaluate.level),
        diseases=tuple(disease(figures, name=own) for own in DISEASES) if has_patients else (),
        accuracy=_accuracy(figures) if has_patients else None,
        missed=missed(figures) if has_patients else (),
        why_none=why,
        prices=(trained_price(layout, arm=name), repeated_price(params, layout=layout)),
        statements=statements(params),
    )


def percent(level: float) -> str:
    """A level of confidence: `95 %`."""
    return f"{100 * level:g} %"


def statements(params: Params) -> tuple[tuple[str, str], ...]:
    """What the study says of its use, reference standard and eligibility; what it does not say is marked so."""
    return tuple((words, getattr(params.study, key) or TO_BE_STATED) for key, words in FIELDS.items())


def disease(figures: Mapping[str, Any], *, name: str) -> Disease:
    """Sensitivity and specificity for a disease against all others, by patient."""
    matrix, index = figures["patient_confusion"], PATHOLOGIES.index(name)
    total, ill, hit = sum(map(sum, matrix)), sum(matrix[index]), matrix[index][index]
    called = sum(row[index] for row in matrix)
    spared = total - ill - (called - hit)
    return Disease(
        DISPLAY[name],
        _figure("Sensitivity", figures, table="patient_sensitivity", key=name, counts=f"{hit} of {ill} patients"),
        _figure(
            "Specificity", figures, table="patient_specificity", key=name, counts=f"{spared} of {total - ill} others"
        ),
    )


def missed(figures: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Patients with a disease who were called normal: their share, counted apart from other errors."""
    groups = {"hcm_or_dcm": "HCM or DCM", **{name: DISPLAY[name] for name in DISEASES}}
    found = []
    for key, words in groups.items():
        own = figures["patient_missed_disease"][key]
        counts = f"{own['missed']} of {own['n']} patients"
        found.append(_figure(words, {"own": own}, table="own", key="share", counts=counts))
    return tuple(found)


def _figure(name: str, figures: Mapping[str, Any], *, table: str, key: str, counts: str) -> Figure:
    own = figures[table]
    if own[key] is None:
        return Figure(name, NONE, "", own.get(f"{key}_reason", "not known"))
    return Figure(name, share(own[key]), interval(own.get(f"{key}_interval")), counts)


def interval(ends: list[float] | None) -> str:
    """`0.833 to 0.999`; nothing for none."""
    return "" if ends is None or None in ends else f"{share(ends[0])} to {share(ends[1])}"


def _accuracy(figures: Mapping[str, Any]) -> Figure:
    matrix = figures["patient_confusion"]
    right, total = sum(matrix[index][index] for index in range(len(CLASSES["pathology"]))), sum(map(sum, matrix))
    ends = interval(figures.get("patient_interval"))
    return Figure("Accuracy", share(figures["patient_accuracy"]), ends, f"{right} of {total} patients")


def trained_price(layout: Layout, *, arm: str) -> Price:
    """The gap of a trained arm and its twin that was split by input, from `leakage_arms.csv`."""
    what = "the same network, trained once by patient and once by input"
    rows, why = table_rows(layout, name="leakage_arms")
    if not rows.empty:
        rows = rows[(rows["arm"] == arm) & (rows["cines_per_patient"] == "all")]
        why = f"not part of this study: add a twin of arm {arm} split by input"
    return _price(what, rows.to_dict("records"), why=why)


def repeated_price(params: Params, *, layout: Layout) -> Price:
    """The gap of a linear head on fixed features over several partitions, from `leakage.csv`."""
    rows, why = table_rows(layout, name="leakage")
    own = params.leakage.features
    seen = "gray values of a shrunken crop" if own == "pixels" else f"frozen features of {own.name}"
    what = f"a linear head on {seen}, over {params.leakage.partitions} partitions"
    if not rows.empty:
        rows = rows[(rows["variant"] == "all") & (rows["cines_per_patient"] == "all")]
        dual = rows[rows["input"] == "dual"]
        rows = rows if dual.empty else dual
    return _price(what, rows.to_dict("records"), why=why)


def _price(what: str, rows: list[dict[Any, Any]], *, why: str) -> Price:
    if not rows:
        return Price(what, NONE, why)
    row = rows[0]
    number = {key: share(float(row[key])) if is_number(str(row[key])) else NONE for key in GAP}
    detail = (
        f"accuracy by cine {number['accuracy_by_input']} split by input (leaky), {number['accuracy_by_patient']} split "
        f"by patient; {row['n']} cines of {row['n_patients']} patients"
    )
    return Price(what, with_interval(number["gap"], low=number["gap_low"], high=number["gap_high"]), detail)
