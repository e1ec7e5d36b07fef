"""Arms in which there is nothing to be found, against chance."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Int
from scipy import stats

from cinemyo.config import Params
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import Interval
from cinemyo.evaluation.levels import counts_of, hits_of, levels, share_of
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import CLASSES

PERMUTED_TITLE: Final = "Control: labels permuted between patients"
BACKGROUND_TITLE: Final = "Control: the heart blackened, the background left"
NOTE: Final = (
    "Chance: sum over classes of the share that is of the class times the share that is called so. Its band is the "
    "exact binomial one at the number of patients; an accuracy within it is what guessing gives."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Arms with permuted labels and arms that see the background alone, each against chance."""
    return [
        _table(
            evidence,
            name="control_permuted",
            title=PERMUTED_TITLE,
            needs="add arms with labels: permuted",
            accept=lambda scored: scored.arm.labels == "permuted",
        ),
        _table(
            evidence,
            name="control_background",
            title=BACKGROUND_TITLE,
            needs="add arms with hidden_radius_px",
            accept=lambda scored: scored.arm.labels == "given" and scored.arm.hidden_radius_px is not None,
        ),
    ]


def _table(evidence: Evidence, *, name: str, title: str, needs: str, accept: Callable[[Scored], bool]) -> ResultTable:
    arms = [scored for scored in evidence.arms if accept(scored)]
    if not arms:
        return ResultTable.absent(name, title=title, needs=needs)
    return ResultTable(name, title, rows_of(arms, params=evidence.params), NOTE)


def rows_of(arms: Sequence[Scored], *, params: Params) -> pd.DataFrame:
    """A row per arm and level: accuracy, chance, its band, and whether the accuracy lies within.

    By cine there is no band: the cines of a patient are not independent, and the verdict is that of the interval.
    """
    rows = []
    for scored in arms:
        for name, answers in levels(scored.answers, target=scored.arm.target).items():
            own = against_chance(answers, n_classes=len(CLASSES[scored.arm.target]), level=params.evaluate.level)
            row = {"arm": scored.name, "level": name} | counts_of(answers) | own
            if name == "cine":
                reason = "no band by cine: the verdict is that of the interval of the accuracy"
                said = _verdict_of_interval(own)
                row |= {"chance_low": np.nan, "chance_high": np.nan, "verdict": said, "reason": reason}
            rows.append(row | {"standing": standing(scored.arm, study=params.study)})
    return pd.DataFrame(rows)


def against_chance(rows: pd.DataFrame, *, n_classes: int, level: float) -> dict[str, Any]:
    """Accuracy with its interval, chance with its exact band, the share of the largest class, and the verdict."""
    truth, predicted = rows["truth"].to_numpy(int), rows["predicted"].to_numpy(int)
    chance = chance_of(truth, predicted=predicted, n_classes=n_classes)
    band = chance_band(chance, n=len(rows), level=level)
    own = share_of(hits_of(rows), rows=rows, level=level, name="accuracy")
    largest = float(np.bincount(truth).max() / len(truth))
    spread = {"chance": chance, "chance_low": band.low, "chance_high": band.high, "largest_class": largest}
    return own | spread | {"verdict": verdict(own["accuracy"], band=band), "reason": ""}


def chance_of(truth: Int[np.ndarray, " row"], *, predicted: Int[np.ndarray, " row"], n_classes: int) -> float:
    """Accuracy of calls that know nothing of the truth but keep how often each class is called."""
    shares = [np.bincount(classes, minlength=n_classes) / len(truth) for classes in (truth, predicted)]
    return float(shares[0] @ shares[1])


def chance_band(chance: float, *, n: int, level: float) -> Interval:
    """Accuracies of n independent guesses that are not rarer than the level allows on either side."""
    low, high = stats.binom.ppf([(1 - level) / 2, (1 + level) / 2], n, min(chance, 1.0)) / n
    return Interval(float(low), float(high))


def verdict(accuracy: float, *, band: Interval) -> str:
    """Whether an accuracy lies within the band of chance, its bounds included."""
    if band.low <= accuracy <= band.high:
        return "at chance"
    return "above chance" if accuracy > band.high else "below chance"


def _verdict_of_interval(own: dict[str, Any]) -> str:
    """Whether chance lies within the interval of the accuracy."""
    if own["accuracy_low"] <= own["chance"] <= own["accuracy_high"]:
        return "at chance"
    return "above chance" if own["chance"] < own["accuracy_low"] else "below chance"
