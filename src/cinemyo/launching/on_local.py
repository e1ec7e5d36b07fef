"""Jobs in processes of this machine."""

from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing.connection import wait
from typing import Any

from cinemyo.launching.choice import Local
from cinemyo.launching.process import Errand, Reply, Started


def run(errand: Errand, jobs: Iterable[Any], *, launcher: Local) -> Iterator[tuple[Any, Reply]]:
    """Each job with its reply, as they finish; whoever stops listening ends those that still run."""
    waiting = iter(jobs)
    running: list[tuple[Any, Started]] = []
    try:
        while True:
            for job in islice(waiting, launcher.at_once - len(running)):
                running.append((job, Started(errand, job)))
            if not running:
                return
            ready = set(wait([handle for _, started in running for handle in started.handles]))
            for pair in [pair for pair in running if ready & set(pair[1].handles)]:
                running.remove(pair)
                reply = pair[1].reply()
                pair[1].end()
                yield pair[0], reply
    finally:
        for _, started in running:
            started.end()
