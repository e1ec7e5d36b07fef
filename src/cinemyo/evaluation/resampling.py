"""Bootstrap intervals of figures of a confusion matrix: patients drawn within their class, all draws at once."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped

from cinemyo.evaluation.bootstrap import balanced_accuracies, bca_interval, macro_f1s
from cinemyo.evaluation.intervals import Interval

Figure = Callable[[Int[np.ndarray, "draw truth predicted"]], Float[np.ndarray, " draw"]]

FIGURES: Final[Mapping[str, Figure]] = {"balanced_accuracy": balanced_accuracies, "macro_f1": macro_f1s}
"""Figures that no formula for a share covers."""


def confusion_intervals(
    truth: Int[np.ndarray, " row"],
    *,
    predicted: Int[np.ndarray, " row"],
    clusters: Shaped[np.ndarray, " row"],
    n_classes: int,
    draws: int,
    level: float,
    generator: np.random.Generator,
    figures: Mapping[str, Figure] = FIGURES,
) -> dict[str, Interval]:
    """BCa interval of each figure, patients drawn with replacement within the class of their first row.

    Patients with the same answers are drawn together, as the multinomial of their kinds: the same distribution as of
    patient after patient, whose cost does not grow with their number.

    Source: Efron 1987
    Departs from §2.7: the paper resamples nothing.
    """
    kinds, sizes, strata = _kinds(truth, predicted=predicted, clusters=clusters, n_classes=n_classes)
    drawn = np.zeros((draws, n_classes**2), dtype=np.int64)
    for stratum in np.unique(strata):
        own = strata == stratum
        n = int(sizes[own].sum())
        drawn += generator.multinomial(n, sizes[own] / n, size=draws) @ kinds[own]
    shape = (-1, n_classes, n_classes)
    total = sizes @ kinds
    without = (total - kinds).reshape(shape)
    return {
        name: bca_interval(
            float(figure(total.reshape(shape))[0]),
            figure(drawn.reshape(shape)),
            np.repeat(figure(without), sizes),
            level=level,
        )
        for name, figure in figures.items()
    }


def _kinds(
    truth: Int[np.ndarray, " row"],
    *,
    predicted: Int[np.ndarray, " row"],
    clusters: Shaped[np.ndarray, " row"],
    n_classes: int,
) -> tuple[Int[np.ndarray, "kind cell"], Int[np.ndarray, " kind"], Int[np.ndarray, " kind"]]:
    """(cells, patients, class) of each kind of patient: those of one class whose confusion matrices are the same."""
    number = pd.factorize(clusters)[0]
    _, first = np.unique(number, return_index=True)
    n_cells = n_classes**2
    cells = np.bincount(number * n_cells + truth * n_classes + predicted, minlength=len(first) * n_cells)
    patients = np.column_stack([truth[first], cells.reshape(-1, n_cells)])
    kinds, sizes = np.unique(patients, axis=0, return_counts=True)
    return kinds[:, 1:], sizes, kinds[:, 0]
