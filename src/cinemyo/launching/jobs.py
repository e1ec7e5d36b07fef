"""Jobs to outcomes, wherever they run: the one call behind sweeps and stages."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Generic, TypeVar

from cinemyo import cores
from cinemyo.errors import CinemyoError, SetupError
from cinemyo.launching.choice import VARIABLE, Local, Ray, Slurm
from cinemyo.launching.process import Errand, Reply

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True)
class Outcome(Generic[J, R]):
    """A job with what it gave, or with why it gave nothing."""

    job: J
    value: R | None
    error: CinemyoError | None


def each(
    work: Callable[[J], R], jobs: Iterable[J], *, launcher: Local | Ray | Slurm, name: Callable[[J], str] = str
) -> Iterator[Outcome[J, R]]:
    """The outcome of each job, in the order in which they finish; each runs in a process of its own.

    `work` is a function of a module that every node can import. A job may be begun twice, when its node was lost: what
    it writes lies under a content key, whole or not at all. One that fails stops no other.

    Raises:
        ConfigError: nothing answers at the launcher's address, or no node has what a job asks for.
        SetupError: the launcher's package is not installed.
    """
    # by name, so that no stage's result hangs on the code of a door that it does not take
    door = import_module(f"cinemyo.launching.on_{launcher.kind}")
    errand = Errand(work, Path.cwd(), _environment(launcher))
    for job, reply in door.run(errand, jobs, launcher=launcher):
        value = reply.content if reply.kind == "value" else None
        yield Outcome(job, value, _error(reply, where=name(job)))


def _environment(launcher: Local | Ray | Slurm) -> dict[str, str]:
    """Our own variables, with a job's share of the cores; within a job everything is local."""
    own = {key: value for key, value in os.environ.items() if key.startswith("CINEMYO_")}
    share = max(1, cores.cores() // launcher.at_once) if isinstance(launcher, Local) else launcher.cpus
    return own | {VARIABLE: "local", cores.VARIABLE: str(share)}


def _error(reply: Reply, *, where: str) -> CinemyoError | None:
    if reply.kind == "value":
        return None
    if reply.kind == "fault":
        fault: CinemyoError = reply.content
        return fault
    remedy = "run the same command again: what is finished is kept"
    return SetupError(where, expected="a job that comes to its end", got=str(reply.content), remedy=remedy)
