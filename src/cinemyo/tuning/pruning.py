"""When a trial ends early: worse, at the same share of its work, than half of the finished trials that cost no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any, Final

from cinemyo.config import Fit
from cinemyo.tuning.space import Objective, Pruning

Curve = tuple[tuple[float, float], ...]
"""(work done in folds, figure so far), in order: 1.5 is half of the second fold's epochs."""

COLUMNS: Final[dict[str, str]] = {"accuracy": "validation_accuracy", "nll": "validation_loss"}
"""Where the history of a fit tells an objective."""


class PrunedError(Exception):
    """A trial is ended: not a fault, but the way out of a fit."""


@dataclass(frozen=True)
class Peer:
    """A finished trial as others are judged by it."""

    cost: float
    curve: Curve


def kept_value(history: Sequence[dict[str, Any]], *, fit: Fit, objective: Objective) -> float:
    """The figure of the epoch that would be kept if training ended now; nan where no cine was validated."""
    row = history[-1]
    if fit.select == "best_validation":
        row = min(history, key=lambda item: float(item["validation_loss"]))
    value = row[COLUMNS[objective]]
    return float("nan") if value is None else float(value)


def points(done: Sequence[float], *, history: Sequence[dict[str, Any]], fit: Fit, objective: Objective) -> Curve:
    """What the epochs of a fold add to a curve: at each, the mean over the finished folds and this one."""
    return tuple(
        (
            len(done) + length / fit.epochs,
            fmean([*done, kept_value(history[:length], fit=fit, objective=objective)]),
        )
        for length in range(1, len(history) + 1)
    )


def doomed(
    curve: Sequence[tuple[float, float]], *, cost: float, peers: Sequence[Peer], pruning: Pruning, objective: Objective
) -> bool:
    """Whether the last point of a curve is worse than the median of the peers there.

    A trial is judged by those alone that cost no more, so that a cheap one that is a little less accurate stays in the
    running. Peers of other numbers of epochs are read at the same share of theirs.
    """
    work, value = curve[-1]
    fair = [peer for peer in peers if peer.cost <= cost]
    if work <= pruning.warm_up or len(fair) < pruning.peers:
        return False
    there = median(_at(peer.curve, work) for peer in fair)
    return value < there if objective == "accuracy" else value > there


def _at(curve: Curve, work: float) -> float:
    """The last figure that a curve had when so much work was done; its first where it had none yet."""
    earlier = [value for done, value in curve if done <= work + 1e-9]
    return earlier[-1] if earlier else curve[0][1]
