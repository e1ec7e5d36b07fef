"""One temperature per fold of an arm, fitted on its validation cines alone; no answer of a test fold enters it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy import optimize, special

from cinemyo.evaluation.metrics import FLOOR

DOUBT: Final = float(np.log(2))
"""Standard deviation of the logarithm of the temperature before any cine is seen: a factor of two."""
GRID: Final = np.linspace(-4, 4, 81)
"""Logarithms of the temperatures looked through."""


def tempered(
    probabilities: Float[np.ndarray, "row classes"], *, temperature: float | Float[np.ndarray, " row"]
) -> Float[np.ndarray, "row classes"]:
    """Probabilities whose logits are divided by a temperature, one for all rows or one a row.

    Source: Guo 2017, Proc. ICML 34:1321
    """
    logits = np.log(np.clip(probabilities, FLOOR, 1))
    return np.asarray(special.softmax(logits / np.reshape(temperature, (-1, 1)), axis=1))


def fitted(truth: Int[np.ndarray, " row"], *, probabilities: Float[np.ndarray, "row classes"]) -> float:
    """The most likely temperature of these rows; 1 of nothing.

    A log-normal prior round 1 (`DOUBT`) keeps it finite where every row is right; some dozens of rows
    outweigh it.

    Source: Guo 2017, Proc. ICML 34:1321
    Departs from it: the prior, for validation parts of few patients.
    """
    if not len(truth):
        return 1.0
    logits = np.log(np.clip(probabilities, FLOOR, 1))
    logits = logits - logits[np.arange(len(truth)), truth][:, None]

    def unlikely(warm: float) -> float:
        """Negative log posterior of the logarithm of a temperature."""
        return float(special.logsumexp(logits * np.exp(-warm), axis=1).sum() + warm**2 / (2 * DOUBT**2))

    best = int(np.argmin([unlikely(float(warm)) for warm in GRID]))
    around = float(GRID[max(best - 1, 0)]), float(GRID[min(best + 1, len(GRID) - 1)])
    found = optimize.minimize_scalar(unlikely, bounds=around, method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x))


def fold_temperatures(predictions: pd.DataFrame, *, classes: Sequence[str]) -> dict[int, float]:
    """The temperature of each fold that has labelled validation cines; no fold of a scheme that selects nothing."""
    known = predictions[(predictions["set"] == "validation") & predictions["truth"].notna()]
    number = {name: index for index, name in enumerate(classes)}
    columns = [f"p_{name}" for name in classes]
    return {
        fold: fitted(rows["truth"].map(number).to_numpy(int), probabilities=rows[columns].to_numpy(float))
        for fold, rows in ((fold, known[known["fold"] == fold]) for fold in sorted(set(known["fold"])))
    }


def with_temperature(
    answers: pd.DataFrame, *, temperatures: dict[int, float], classes: Sequence[str]
) -> pd.DataFrame | None:
    """The answers of the test folds, each at the temperature of its own fold; None where a fold has none."""
    if not set(answers["fold"]) <= set(temperatures):
        return None
    columns = [f"p_{name}" for name in classes]
    own = answers["fold"].map(temperatures).to_numpy(float)
    after = tempered(answers[columns].to_numpy(float), temperature=own)
    return answers.assign(**dict(zip(columns, after.T, strict=True)))
