"""Confidence against accuracy in bins of as many rows, and the calibration error that chance alone would show."""

from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped

from cinemyo.evaluation.estimates import numbered
from cinemyo.evaluation.intervals import clustered_share

MOST_BINS: Final = 15
CELLS: Final = 4_000_000
"""Simulated answers held at once."""


def bins_of(
    confidence: Float[np.ndarray, " row"], *, clusters: Shaped[np.ndarray, " row"], least: int
) -> Int[np.ndarray, " row"]:
    """Bin of each row, from 0 for the least confident: as many as hold `least` patients each, of about as many rows.

    Equal confidences share a bin. With fewer than `least` patients there is one bin.

    Source: Nguyen and O'Connor 2015, EMNLP:1587 (bins of equal mass)
    """
    number, ordered = numbered(clusters), np.sort(confidence)
    patients = int(number.max()) + 1
    for count in range(min(MOST_BINS, patients // least), 1, -1):
        cuts = np.rint(np.arange(1, count) * len(ordered) / count).astype(int)
        raw = np.searchsorted(np.unique(ordered[cuts]), confidence, side="right")
        bins = np.unique(raw, return_inverse=True)[1]
        if _patients(bins, number=number).min() >= least:
            return np.asarray(bins, dtype=np.int64)
    return np.zeros(len(confidence), dtype=np.int64)


def _patients(bins: Int[np.ndarray, " row"], *, number: Int[np.ndarray, " row"]) -> Int[np.ndarray, " bin"]:
    """Patients with a row in each bin."""
    span = int(number.max()) + 1
    return np.bincount(np.unique(bins * span + number) // span)


def reliability(
    probabilities: Float[np.ndarray, "row classes"],
    *,
    truth: Int[np.ndarray, " row"],
    clusters: Shaped[np.ndarray, " row"],
    least: int,
    level: float = 0.95,
) -> pd.DataFrame:
    """A row per bin: mean confidence of the favoured class, accuracy with its interval, rows and patients."""
    confidence, hits = probabilities.max(axis=1), (probabilities.argmax(axis=1) == truth).astype(int)
    bins, number = bins_of(confidence, clusters=clusters, least=least), numbered(clusters)
    rows = []
    for own in (bins == index for index in range(int(bins.max()) + 1)):
        low, high = clustered_share(hits[own], clusters=number[own], level=level)
        counts = {"n": int(own.sum()), "n_patients": len(np.unique(number[own]))}
        figures = {"confidence": float(confidence[own].mean()), "accuracy": float(hits[own].mean())}
        rows.append(figures | {"low": low, "high": high} | counts)
    return pd.DataFrame(rows)


def calibration_error(bins: pd.DataFrame) -> float:
    """Expected calibration error of the favoured class: mean over rows of how far a bin's accuracy is off.

    Source: Naeini 2015, AAAI:2901
    """
    gap = (bins["accuracy"] - bins["confidence"]).abs().to_numpy(float)
    return float(gap @ bins["n"].to_numpy(float) / bins["n"].sum())


def errors_if_calibrated(
    probabilities: Float[np.ndarray, "row classes"],
    *,
    clusters: Shaped[np.ndarray, " row"],
    shared: Shaped[np.ndarray, " row"],
    least: int,
    draws: int,
    generator: np.random.Generator,
) -> Float[np.ndarray, " draw"]:
    """Calibration errors of truths drawn from the probabilities themselves: what a perfect model would show at this n.

    Rows of one value of `shared` share their draw: those of a patient where the class is the patient's, each its own
    where it is the cine's. A row's truth has its own odds all the same.

    Source: Bröcker and Smith 2007, Weather and Forecasting 22:651 (consistency resampling)
    """
    bins = bins_of(probabilities.max(axis=1), clusters=clusters, least=least)
    number, favoured, row = numbered(shared), probabilities.argmax(axis=1), np.arange(len(probabilities))
    upto = np.cumsum(probabilities, axis=1)
    above = np.where(favoured == probabilities.shape[1] - 1, np.inf, upto[row, favoured]).astype(np.float32)
    below = np.where(favoured == 0, -np.inf, upto[row, favoured - 1]).astype(np.float32)
    member = np.eye(int(bins.max()) + 1, dtype=np.float32)[bins]
    expected = probabilities.max(axis=1) @ member
    size, step, errors = len(row), max(1, CELLS // len(row)), []
    for start in range(0, draws, step):
        shape = (min(step, draws - start), int(number.max()) + 1)
        drawn = generator.random(shape, dtype=np.float32)[:, number]
        hits = ((drawn >= below) & (drawn < above)).astype(np.float32) @ member
        errors.append(np.abs(hits - expected).sum(axis=1) / size)
    return np.concatenate(errors).astype(float)
