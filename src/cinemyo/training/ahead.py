"""The folds of an arm fitted elsewhere, before the stage that writes them: it then finds each finished in its folder.

A job is names, for the nodes read the study themselves: no pixel travels through a scheduler.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from cinemyo.config import Arm
from cinemyo.errors import ConfigError
from cinemyo.launching.choice import Local, Ray, Slurm
from cinemyo.launching.jobs import each
from cinemyo.layout import Layout
from cinemyo.training.arm import tasks_of, work_folder
from cinemyo.training.data import read_inputs
from cinemyo.training.fit import fit, prepare
from cinemyo.training.task import Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fold:
    """One fit by name: the arm, its seed, the study's files and the number of the fold."""

    arm: Arm
    name: str
    seed: int
    layout: Layout
    fold: int
    links: str | None = None


def fit_ahead(folds: list[Fold], *, launcher: Local | Ray | Slurm) -> None:
    """Finishes the folds of one arm where the launcher says; on this machine the stage itself does.

    What the folds share is written first, by a job of its own.

    Raises:
        ConfigError: nothing answers at the launcher's address, or what its nodes write does not arrive here.
        TrainingError, WeightsError: as `fit`; folds that have not begun are not begun then.
        SetupError: a process or node was lost too often.
    """
    if isinstance(launcher, Local):
        return
    for shared in each(prepare_fold, folds[:1], launcher=launcher, name=_name):
        if shared.error is not None:
            raise shared.error
    for outcome in each(fit_fold, folds, launcher=launcher, name=_name):
        if outcome.error is not None:
            raise outcome.error
        if outcome.value is None or not outcome.value.is_file():
            raise ConfigError(
                f"launcher {launcher.kind}",
                expected=f"the fold that a node has written, {outcome.value}",
                got="no such file here",
                remedy="put the project on storage that all nodes share; docs/how-to-scale-out.md",
            )
        log.info("%s is fitted", _name(outcome.job))


def prepare_fold(fold: Fold) -> None:
    """Writes what all folds of the arm share."""
    prepare(_task(fold))


def fit_fold(fold: Fold) -> Path:
    """Where the finished fit lies, below the project's folder."""
    task = _task(fold)
    fit(task)
    return task.folder / "finished.safetensors"


def _task(fold: Fold) -> Task:
    inputs = read_inputs(fold.layout, arm=fold.arm, seed=fold.seed, links=fold.links)
    work = work_folder(fold.layout)
    return tasks_of(fold.arm, name=fold.name, seed=fold.seed, inputs=inputs, work=work)[fold.fold]


def _name(fold: Fold) -> str:
    return f"arm {fold.name}, fold {fold.fold}"
