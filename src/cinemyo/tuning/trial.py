"""One trial: an arm over the inner folds in turn, ended early where it is doomed."""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.errors import ConfigError, TrainingError
from cinemyo.sweeping.cost import cost_of
from cinemyo.training.data import Samples
from cinemyo.training.fit import fit
from cinemyo.training.task import FitResult, Task
from cinemyo.tuning.development import Basis
from cinemyo.tuning.objectives import figures
from cinemyo.tuning.pruning import Curve, Peer, PrunedError, doomed, kept_value, points
from cinemyo.tuning.space import Objective, Search

log = logging.getLogger(__name__)

State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Job:
    """What a trial needs: an arm, what it may see, the seed, where work in progress lies, and by whom it is judged."""

    arm: Arm
    name: str
    samples: Samples
    basis: Basis
    search: Search
    seed: int
    work: Path
    peers: tuple[Peer, ...]
    least: int
    """Patients of a bin of the calibration error."""


@dataclass(frozen=True)
class Outcome:
    """How a trial ended; figures by objective of a complete one, and the curve as far as it came."""

    state: State
    cost: float
    curve: Curve
    figures: dict[Objective, float]
    fault: str = ""


def run_trial(job: Job) -> Outcome:
    """The outcome of a trial; folds and epochs of an interrupted one are taken from `work`.

    A diverged fit, or values that do not go together, end the trial as failed.

    Raises:
        WeightsError: what is amiss lies with the machine, not with the trial.
    """
    course = _Course(job)
    try:
        course.cost = cost_of(job.arm, side=int(job.samples.images.shape[-1])).gflop
        for task in _tasks(job):
            course.add(fit(task, watch=course.judge))
        return Outcome("complete", course.cost, tuple(course.curve), course.figures())
    except PrunedError:
        return Outcome("pruned", course.cost, tuple(course.curve), {})
    except (ConfigError, TrainingError) as error:
        return Outcome("failed", course.cost, tuple(course.curve), {}, str(error))


def clear(job: Job) -> None:
    """Removes the work in progress of a trial whose outcome is kept."""
    for task in _tasks(job):
        shutil.rmtree(task.folder, ignore_errors=True)


def _tasks(job: Job) -> list[Task]:
    return [Task(job.arm, job.name, job.samples, split, job.seed, job.work) for split in job.basis.splits]


class _Course:
    """How far a trial has come."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.cost = 0.0
        self.done: list[float] = []
        """The figure of each finished fold."""
        self.curve: list[tuple[float, float]] = []
        self.answers: list[dict[str, Any]] = []
        self._settled: tuple[tuple[float, float], ...] = ()

    @property
    def primary(self) -> Objective:
        """The objective that ranks and prunes."""
        return self.job.search.objectives[0]

    def judge(self, history: Sequence[dict[str, Any]]) -> None:
        """Ends the trial where its last epoch dooms it; the very last one, when all is done, does not.

        Raises:
            PrunedError: it is doomed.
        """
        self._draw(history)
        rule, epochs = self.job.search.pruning, self.job.arm.fit.epochs
        over = len(self.done) + 1 == len(self.job.basis.validated) and len(history) == epochs
        if rule is None or over:
            return
        if doomed(self.curve, cost=self.cost, peers=self.job.peers, pruning=rule, objective=self.primary):
            raise PrunedError

    def add(self, result: FitResult) -> None:
        """Counts a finished fold in."""
        self._draw(result.history)
        self._settled = tuple(self.curve)
        self.done.append(kept_value(result.history, fit=self.job.arm.fit, objective=self.primary))
        self.answers += result.predictions
        log.info("%s, %d folds: %s %.4f", self.job.name, len(self.done), self.primary, fmean(self.done))

    def figures(self) -> dict[Objective, float]:
        """Every objective, over all folds."""
        job = self.job
        predictions = tables.from_rows(self.answers, table=tables.predictions(job.arm.target))
        found = figures(predictions, arm=job.arm, patients=job.basis.patients, least=job.least)
        return {**found, "gflops": self.cost}

    def _draw(self, history: Sequence[dict[str, Any]]) -> None:
        new = points(self.done, history=history, fit=self.job.arm.fit, objective=self.primary)
        self.curve = [*self._settled, *new]
