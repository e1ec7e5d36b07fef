"""What the report says of the arms: their figures, confusion matrices, attention and errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm, Params
from cinemyo.evaluation import published
from cinemyo.labels import CLASSES, DISPLAY
from cinemyo.layout import Layout
from cinemyo.record.report.cohort import Grid


@dataclass(frozen=True)
class Cell:
    """A count of a confusion matrix, with its share of the row in tenths for the shade."""

    count: int
    share: str
    shade: int


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix to print."""

    title: str
    classes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def arm_table(params: Params, *, metrics: Mapping[str, Any]) -> Grid:
    """One line per arm: accuracies with intervals, loss and numbers; leaky arms are marked."""
    header = ("Arm", "Target", "Phases", "Input", "Split", "Accuracy by cine", "By patient", "Loss", "Cines (patients)")
    rows = tuple(_arm_line(name, arm, params=params, figures=metrics[name]) for name, arm in params.arms.items())
    level = f"{params.evaluate.level:.0%}".replace("%", " %")
    caption = (
        f"Mean ± standard deviation over the test folds; in brackets the {level} interval, patients drawn with "
        "replacement."
    )
    return Grid(header, rows, caption)


def _arm_line(name: str, arm: Arm, *, params: Params, figures: Mapping[str, Any]) -> tuple[str, ...]:
    by_cine = f"{spread(figures['accuracy_mean'], figures['accuracy_sd'])}\n{interval(figures['accuracy_interval'])}"
    patient = figures.get("patient_accuracy")
    by_patient = "–" if patient is None else f"{number(patient)}\n{interval(figures.get('patient_interval'))}"
    return (
        name,
        arm.target,
        "\n".join(arm.phases),
        input_words(arm, params=params),
        f"{arm.scheme}\nLEAKY" if figures["leaky"] else arm.scheme,
        by_cine,
        by_patient,
        spread(figures["loss_mean"], figures["loss_sd"]),
        f"{figures['n_cines']} ({figures['n_patients']})",
    )


def input_words(arm: Arm, *, params: Params) -> str:
    """Side and recipe of an arm's input, and its backbone."""
    side = arm.crop_px or params.recipes[arm.recipe].canvas_px
    return f"{side} px, {arm.recipe}\n{arm.backbone.name}"


def number(value: float | None) -> str:
    """A share with three digits; a dash for none."""
    return "–" if value is None else f"{value:.3f}"


def spread(mean: float | None, sd: float | None) -> str:
    """Mean ± standard deviation."""
    return number(mean) if sd is None else f"{number(mean)} ± {number(sd)}"


def interval(ends: Sequence[float] | None) -> str:
    """The two ends of an interval in brackets; nothing for none."""
    return "" if ends is None or None in ends else f"({number(ends[0])} to {number(ends[1])})"


def summary(params: Params, *, metrics: Mapping[str, Any]) -> list[str]:
    """A sentence per arm that anyone can read."""
    return [_sentence(name, arm, figures=metrics[name]) for name, arm in params.arms.items()]


def _sentence(name: str, arm: Arm, *, figures: Mapping[str, Any]) -> str:
    phases = " and ".join(arm.phases)
    by_cine = f"{_right(figures['confusion'])} cines"
    patients = figures.get("patient_confusion")
    by_patient = f" and in {_right(patients)} patients" if patients else ""
    leaky = " This figure is leaky: patients occur in training and test." if figures["leaky"] else ""
    return f"{name}: the {arm.target} was named correctly from {phases} in {by_cine}{by_patient}.{leaky}"


def _right(matrix: Sequence[Sequence[int]]) -> str:
    """Counts of what was named right, and of all."""
    right, total = sum(row[index] for index, row in enumerate(matrix)), sum(map(sum, matrix))
    return f"{right} of {total}" + (f" ({100 * right / total:.1f} %)" if total else "")


def matrices(params: Params, *, metrics: Mapping[str, Any]) -> list[Matrix]:
    """Confusion matrices of the arms, by cine and, for the pathology, by patient."""
    found = []
    for name, arm in params.arms.items():
        for key, unit in (("confusion", "cines"), ("patient_confusion", "patients")):
            if key in metrics[name]:
                found.append(_matrix(metrics[name][key], title=f"{name}, {unit}", names=CLASSES[arm.target]))
    return found


def _matrix(counts: Sequence[Sequence[int]], *, title: str, names: Sequence[str]) -> Matrix:
    classes = tuple(DISPLAY[name] for name in names)
    rows = tuple((label, _cells(line)) for label, line in zip(classes, counts, strict=True))
    return Matrix(title, classes, rows)


def _cells(counts: Sequence[int]) -> tuple[Cell, ...]:
    total = sum(counts)
    shares = [count / total if total else 0.0 for count in counts]
    return tuple(
        Cell(count, f"{share:.0%}".replace("%", " %"), round(10 * share))
        for count, share in zip(counts, shares, strict=True)
    )


def attention(layout: Layout, *, arms: Sequence[str]) -> Grid:
    """Medians of the measured heat per arm, phase, kind of map and outcome."""
    header = (
        "Arm", "Phase", "Map of", "Cines", "Heat in LV", "LV, × area", "Heat in heart", "Heart, × area",
        "Distance, mm", "No heat", "Cell, mm",
    )  # fmt: skip
    measured = [layout.attention(name) for name in arms if layout.attention(name).is_file()]
    frame = pd.concat([tables.read(path, table=tables.ATTENTION) for path in measured])
    frame = frame.assign(
        kind=[_kind(bool(true), bool(said)) for true, said in zip(frame["is_true"], frame["is_predicted"], strict=True)]
    )
    rows = [
        _attention_line(name, str(phase), str(kind), group)
        for name in arms
        for (phase, kind), group in frame[frame["arm"] == name].groupby(["phase", "kind"], sort=True)
    ]
    return Grid(header, tuple(rows))


def _kind(is_true: bool, is_predicted: bool) -> str:  # noqa: FBT001 - two flags of one row, no branch of behaviour
    if is_true and is_predicted:
        return "correct class"
    return "true class, missed" if is_true else "predicted class, wrong"


def _attention_line(name: str, phase: str, kind: str, rows: pd.DataFrame) -> tuple[str, ...]:
    coarse = " (too coarse)" if (rows["code"] == "too_coarse").any() else ""
    return (
        name,
        DISPLAY[phase].lower(),
        kind,
        str(len(rows)),
        _median(rows["lv_share"], digits=2),
        _median(rows["lv_concentration"], digits=1),
        _median(rows["heart_share"], digits=2),
        _median(rows["heart_concentration"], digits=1),
        _median(rows["centroid_distance_mm"], digits=0),
        str(int((rows["code"] == "no_heat").sum())),
        f"{float(rows['cell_mm'].median()):.0f}{coarse}",
    )


def _median(values: pd.Series, *, digits: int) -> str:
    known = values.dropna()
    return "–" if known.empty else f"{float(known.median()):.{digits}f}"


def errors(layout: Layout, *, name: str, cines: pd.DataFrame) -> Grid:
    """The misclassified cines of an arm as evaluate listed them, the surest error first."""
    path = layout.errors / f"{name}.csv"
    header = ("Cine", "Patient", "View", "Truth", "Answer", "Probability", "Fold", "Preparation")
    if not path.is_file():
        return Grid(header, ())
    patients = dict(zip(cines["cine_id"], cines["patient_id"], strict=True))
    rows = tables.read_text(path).to_dict("records")
    return Grid(header, tuple(_error_line(row, patient=patients[row["cine_id"]]) for row in rows))


def _error_line(row: Mapping[Any, Any], *, patient: str) -> tuple[str, ...]:
    view = "–" if pd.isna(row["view"]) else DISPLAY[row["view"]]
    flags = [name for name in ("region", "phase") if row.get(f"{name}_review") == "True"]
    return (
        row["cine_id"],
        patient,
        view,
        DISPLAY[row["truth"]],
        DISPLAY[row["predicted"]],
        _probability(row),
        row["fold"],
        f"look at {' and '.join(flags)}" if flags else "–",
    )


def _probability(row: Mapping[Any, Any]) -> str:
    said = f"p_{row['predicted']}"
    return f"{float(row[said]):.2f}"


def paper() -> Grid:
    """The paper's accuracies, by phase and target, as printed."""
    lines = []
    for (target, phases), value in published.TABLE_2.items():
        words = " + ".join(phase for phase in ("diastole", "systole") if phase in phases)
        lines.append(("Table 2", target, words, published.INPUT, f"{value.mean:.3f} ± {value.sd:.3f}"))
    lines += [
        ("Table 4", "pathology", "systole", side, f"{value.mean:.3f} ± {value.sd:.3f}")
        for side, value in published.TABLE_4.items()
    ]
    return Grid(("", "Target", "Phases", "Input", "Accuracy by cine"), tuple(lines))
