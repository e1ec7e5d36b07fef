"""Stands for a launcher: each job travels as bytes and is done by this very process."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cinemyo.launching.choice import Slurm
from cinemyo.launching.jobs import Outcome

SLURM = Slurm(
    kind="slurm",
    cluster="local",
    at_once=2,
    cpus=1,
    gpus=0,
    memory_gb=2,
    minutes=5,
    partition=None,
    account=None,
    retries=1,
    shares=2,
    setup=(),
)


class Sent:
    """The jobs that were sent, as bytes; done, unless told to do nothing."""

    def __init__(self) -> None:
        self.jobs: list[bytes] = []

    def each(
        self, work: Callable[[Any], Any], jobs: Iterable[Any], *, launcher: Any, name: Callable[[Any], str]
    ) -> Iterator[Outcome[Any, Any]]:
        for job in jobs:
            self.jobs.append(pickle.dumps((work, job)))
            own_work, own = pickle.loads(self.jobs[-1])
            yield Outcome(job, own_work(own), None)
