"""Figures of an evaluation as the flat numbers that a run of the tracking store can hold."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from cinemyo.evaluation.metrics import accuracy, balanced_accuracy, confusion, log_loss, macro_f1, per_class

INTERVAL_OF: Final = {"patient_interval": "patient_accuracy"}
"""Intervals whose name is not that of their figure."""


def numbers(values: Mapping[str, Any], *, prefix: str = "") -> dict[str, float]:
    """The numbers of nested figures by dotted key; an interval as `<figure>_low` and `<figure>_high`."""
    found: dict[str, float] = {}
    for key, value in values.items():
        name = prefix + key
        if isinstance(value, Mapping):
            found |= numbers(value, prefix=f"{name}.")
        elif _is_interval(key, value):
            low, high = (float(end) for end in value)
            figure = INTERVAL_OF.get(name, name.removesuffix("_interval"))
            found |= {f"{figure}_low": low, f"{figure}_high": high}
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = float(value)
    return found


def _is_interval(key: str, value: object) -> bool:
    return key.endswith("interval") and isinstance(value, Sequence) and len(value) == 2 and None not in value


def fold_figures(tested: pd.DataFrame, *, classes: Sequence[str]) -> dict[str, float]:
    """Figures of one fold on its labelled test cines; none where it has no such cine."""
    known = tested.dropna(subset="truth")
    if known.empty:
        return {}
    truth = known["truth"].map({name: index for index, name in enumerate(classes)}).to_numpy(int)
    shares = known[[f"p_{name}" for name in classes]].to_numpy(float)
    matrix = confusion(truth, predicted=shares.argmax(axis=1), n_classes=len(classes))
    figures = {"accuracy": accuracy(matrix), "balanced_accuracy": balanced_accuracy(matrix)}
    figures |= {"macro_f1": macro_f1(matrix), "loss": log_loss(truth, probabilities=shares)}
    named = zip(classes, per_class(matrix), strict=True)
    figures |= {f"sensitivity.{name}": own.sensitivity for name, own in named}
    return {key: value for key, value in figures.items() if not math.isnan(value)} | {"n_cines": float(len(known))}
